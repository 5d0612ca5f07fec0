/**
 * The messages between kernel and page, protocol version 2, mirrored name by name from the kernel.
 *
 * Everything is JSON content plus binary buffers (little-endian Float64 data). Non-finite floats
 * inside JSON arrive as strings, since JSON has no word for them; inside buffers they are themselves.
 */

export const PROTOCOL = 3;

export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export type Goal = "minimize" | "maximize";
export type SweepState = "running" | "paused" | "finished" | "cancelled";
export type RunState =
  "pending" | "running" | "finished" | "failed" | "stopped" | "killed" | "crashed";

/** A swept parameter: what its distribution says of its axis. */
export interface ParameterView {
  /** Dotted where it is nested, as in a run's config. */
  readonly name: string;
  readonly kind: "number" | "category";
  readonly integer: boolean;
  /** Its distribution is even on a log scale. */
  readonly log: boolean;
  /** Bounds of a number; null where there are none (a normal distribution) and for a category. */
  readonly low: number | null;
  readonly high: number | null;
  /** The values of a category, in the config's order; null for a number. */
  readonly levels: readonly Json[] | null;
}

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
  /** Who paused it or ended it early: "person", "failures", "target". A kernel before December 2026 sends none. */
  readonly note_kind?: string | null;
  /** The swept (non-constant) parameters, in the config's order. */
  readonly parameters: readonly ParameterView[];
  /** Every key that was logged as numbers, and its points over all runs. */
  readonly keys: Readonly<Record<string, number>>;
  /** Seconds of training that early termination saved, and seconds trained; null where it saved none. */
  readonly saved_s: number | null;
  readonly trained_s: number;
  /** Seconds until what was asked for is done, estimated; null when nobody can say. */
  readonly left_s: number | null;
  /** What is wrong now (the store is away, the disk is full), in one line; null when all is well. */
  readonly notice?: string | null;
  /** Of the config: it grows when the space is changed under the same name. */
  readonly version?: number;
  /** What more runs would gain, in one line, where the search can tell. */
  readonly outlook: string | null;
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
  /** What the suggestion of its config rested on; null where nothing is known. */
  readonly basis?: string | null;
  /** Hash of the training code; null where it is not known. */
  readonly code?: string | null;
  /** It is not the code that the run before was trained with. */
  readonly code_changed?: boolean;
}

export interface SeriesView {
  readonly run: string;
  readonly key: string;
  /** Index of this message's first point in the whole series. */
  readonly start: number;
  /** Points of the whole series so far: the cursor, which a reduced series' length is not. */
  readonly total: number;
  /** Indices into the message's buffers; times are Unix seconds. */
  readonly steps: number;
  readonly times: number;
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
  /** A cell that makes the config again, exactly. A kernel before December 2026 sends none. */
  readonly source?: string;
  /** The training code of the run; null where it was not kept. */
  readonly code?: string | null;
  /** The last histogram, image or table of each key; `png` is base64. A kernel before November 2026 sends none. */
  readonly media?: readonly MediaView[];
}

export interface MediaView {
  readonly name: string;
  readonly text: string;
  readonly png?: string;
}

export interface Notice {
  readonly type: "notice";
  readonly to: string | null;
  readonly level: "info" | "error";
  readonly text: string;
}

export interface LevelEffect {
  readonly level: Json;
  readonly runs: number;
  readonly mean: WireNumber;
  readonly correlation: number | null;
}

export interface ParameterImportance {
  readonly name: string;
  readonly kind: "number" | "category";
  /** Share of the metric's variance that a forest explains by it, 0..1, and its interval. */
  readonly importance: number;
  readonly low: number;
  readonly high: number;
  /** What noise alone reaches: below it nothing can be told. */
  readonly null_high: number;
  /** -1..1; null for a category (its levels have their own). */
  readonly correlation: number | null;
  readonly important: boolean;
  /** About how many more runs would tell; null when unknown or not needed. */
  readonly more_runs: number | null;
  readonly levels: readonly LevelEffect[];
}

/** The answer to an importance request, sent again as runs end. */
export interface ImportanceMessage {
  readonly type: "importance";
  readonly to: string | null;
  readonly metric: string;
  /** Best first; empty when there is nothing to compute from yet: `reason` says why. */
  readonly rows: readonly ParameterImportance[];
  readonly runs_used: number;
  /** Why runs were left out, and how many: {"still running": 3, "failed": 1}. */
  readonly left_out: Readonly<Record<string, number>>;
  readonly reason: string | null;
}

/** One key of all runs between two steps, as finely as the page can draw. */
export interface ZoomMessage {
  readonly type: "zoom";
  readonly to: string;
  readonly key: string;
  readonly from: number;
  readonly until: number;
  readonly series: readonly {
    readonly run: string;
    readonly steps: number;
    readonly times: number;
    readonly values: number;
  }[];
}

/** Code for the user: inserted below the cell by the labextension, elsewhere shown to copy. */
export interface CellMessage {
  readonly type: "cell";
  readonly to: string;
  readonly title: string;
  readonly code: string;
}

export type KernelMessage =
  Snapshot | Delta | RunDetail | Notice | ImportanceMessage | ZoomMessage | CellMessage;

/** {run: {key: total}}: what a page already holds. */
export type Cursors = Record<string, Record<string, number>>;

export type CommandName =
  "pause" | "resume" | "stop" | "stop_after_current" | "kill_run" | "rerun" | "add_runs";

export interface Hello {
  readonly type: "hello";
  readonly protocol: number;
  readonly session: string;
  readonly cursors: Cursors;
  /** Keys whose series are wanted; empty: what the kernel thinks best to begin with. */
  readonly keys: readonly string[];
}

export interface Command {
  readonly type: "command";
  readonly session: string;
  readonly command: CommandName;
  readonly run?: string;
  /** Of add_runs: how many. */
  readonly count?: number;
}

export interface RunDetailRequest {
  readonly type: "run_detail";
  readonly session: string;
  readonly run: string;
}

/** Compute importance for a metric, and again as runs end. */
export interface ImportanceRequest {
  readonly type: "importance";
  readonly session: string;
  readonly metric: string;
}

export interface ZoomRequest {
  readonly type: "zoom";
  readonly session: string;
  readonly key: string;
  readonly from: number;
  readonly until: number;
}

/** The runs inside the brushes, for `dashboard.selected`; null when nothing is brushed. */
export interface SelectionRequest {
  readonly type: "selection";
  readonly session: string;
  readonly runs: readonly string[] | null;
}

/** A define cell of the brushed region. Where no parameter is brushed, `runs` say what it is. */
export interface NarrowRequest {
  readonly type: "narrow";
  readonly session: string;
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  readonly levels: Readonly<Record<string, readonly Json[]>>;
  readonly runs: readonly string[];
}

/** Said every ten seconds: a kernel that hears nothing sends less, and then nothing. */
export interface Here {
  readonly type: "here";
  readonly session: string;
}

export type PageRequest =
  | Hello
  | Here
  | Command
  | RunDetailRequest
  | ImportanceRequest
  | ZoomRequest
  | SelectionRequest
  | NarrowRequest;

/** A wire number as a float: null stays null, the three words become what they name. */
export function toFloat(value: WireNumber | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : Number(value);
}
