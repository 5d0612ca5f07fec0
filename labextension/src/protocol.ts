/**
 * The messages between kernel and page, protocol version 1, mirrored name by name from the kernel.
 *
 * Everything is JSON content plus binary buffers (little-endian Float64 data). Non-finite floats
 * inside JSON arrive as strings, since JSON has no word for them; inside buffers they are themselves.
 */

export const PROTOCOL = 1;

export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export type Goal = "minimize" | "maximize";
export type SweepState = "running" | "paused" | "finished" | "cancelled";
export type RunState =
  "pending" | "running" | "finished" | "failed" | "stopped" | "killed" | "crashed";

export interface SweepView {
  readonly id: string;
  readonly name: string;
  readonly project: string | null;
  readonly method: string;
  readonly metric: { readonly name: string; readonly goal: Goal } | null;
  readonly state: SweepState;
  /** An agent is working on it now. */
  readonly active: boolean;
  /** How many runs are asked for, or the grid's size; null when open-ended. */
  readonly count: number | null;
  readonly counts: Readonly<Partial<Record<RunState, number>>>;
  readonly best: { readonly run: string; readonly name: string; readonly value: WireNumber } | null;
  readonly note: string | null;
  /** Names of the swept (non-constant) parameters, in the config's order. */
  readonly parameters: readonly string[];
  /** The kernel's clock in Unix seconds, when the message was made. */
  readonly now: number;
}

export interface RunView {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly state: RunState;
  readonly config: Readonly<Record<string, Json>>;
  /** Last value of the sweep's metric. */
  readonly value: WireNumber | null;
  readonly best: boolean;
  readonly summary: Readonly<Record<string, Json>>;
  readonly started_at: number | null;
  readonly duration_s: number | null;
  readonly error: string | null;
}

export interface SeriesView {
  readonly run: string;
  readonly key: string;
  /** Index of this message's first point in the whole series. */
  readonly start: number;
  /** Points of the whole series so far: the cursor, which a reduced series' length is not. */
  readonly total: number;
  /** Indices into the message's buffers. */
  readonly steps: number;
  readonly values: number;
  readonly reduced?: boolean;
}

export interface Snapshot {
  readonly type: "snapshot";
  readonly protocol: number;
  readonly to: string | null;
  readonly sweep: SweepView;
  readonly runs: readonly RunView[];
  readonly series: readonly SeriesView[];
}

export interface Delta {
  readonly type: "delta";
  readonly protocol: number;
  readonly to: string | null;
  readonly sweep: SweepView | null;
  readonly runs: readonly RunView[];
  readonly series: readonly SeriesView[];
}

export interface RunDetail {
  readonly type: "run_detail";
  readonly to: string;
  readonly run: string;
  readonly traceback: string | null;
  readonly console: string;
  readonly config: Readonly<Record<string, Json>>;
}

export interface Notice {
  readonly type: "notice";
  readonly to: string | null;
  readonly level: "info" | "error";
  readonly text: string;
}

export type KernelMessage = Snapshot | Delta | RunDetail | Notice;

/** {run: {key: total}}: what a page already holds. */
export type Cursors = Record<string, Record<string, number>>;

export type CommandName = "pause" | "resume" | "stop" | "stop_after_current" | "kill_run";

export interface Hello {
  readonly type: "hello";
  readonly protocol: number;
  readonly session: string;
  readonly cursors: Cursors;
}

export interface Command {
  readonly type: "command";
  readonly session: string;
  readonly command: CommandName;
  readonly run?: string;
}

export interface RunDetailRequest {
  readonly type: "run_detail";
  readonly session: string;
  readonly run: string;
}

export type PageRequest = Hello | Command | RunDetailRequest;

/** A wire number as a float: null stays null, the three words become what they name. */
export function toFloat(value: WireNumber | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : Number(value);
}
