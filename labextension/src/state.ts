/**
 * The one state object of a dashboard, and how each kernel message changes it.
 *
 * In: messages with buffers, in any order that a lossy, reordered or restarted channel may bring.
 * Out: the changed state, and whether the page must ask the kernel again (a gap in a series).
 * Nothing here draws, sends or reads a clock other than the one handed in.
 */
import {
  PROTOCOL,
  type CellMessage,
  type Command,
  type CommandName,
  type Cursors,
  type ImportanceMessage,
  type KernelMessage,
  type Notice,
  type RunDetail,
  type RunView,
  type SeriesView,
  type SweepView,
  type ZoomMessage,
} from "./protocol";
import { appendChunk, copySeries, emptySeries, toFloats, type Series } from "./series";

export type Connection = "connecting" | "live" | "lost";

/** A pressed button that the kernel has not yet answered by a changed state. */
export interface PendingCommand {
  readonly command: CommandName;
  readonly run: string | null;
  readonly since_ms: number;
}

export interface DashboardState {
  connection: Connection;
  /** The kernel's protocol, where it is not this page's: then nothing it sends can be read. */
  otherProtocol: number | null;
  sweep: SweepView | null;
  runs: Map<string, RunView>;
  /** Keys this page asked for; empty: it takes what comes. */
  wanted: Set<string>;
  /** By key, then by run: a chart asks for one key. */
  series: Map<string, Map<string, Series>>;
  details: Map<string, RunDetail>;
  /** By metric. */
  importance: Map<string, ImportanceMessage>;
  /** The last answer to a zoom. */
  zoomed: ZoomedSeries | null;
  /** Code that waits to be copied. */
  cell: Pick<CellMessage, "title" | "code"> | null;
  notice: Notice | null;
  pending: readonly PendingCommand[];
  /** The kernel's clock minus the page's, in seconds: they are often two machines. */
  clockOffset_s: number;
}

/** One key's series between two steps, finer than the whole ones; never grows. */
export interface ZoomedSeries {
  readonly key: string;
  readonly from: number;
  readonly until: number;
  readonly runs: ReadonlyMap<string, Series>;
}

export function initialState(): DashboardState {
  return {
    connection: "connecting",
    otherProtocol: null,
    sweep: null,
    runs: new Map(),
    wanted: new Set(),
    series: new Map(),
    details: new Map(),
    importance: new Map(),
    zoomed: null,
    cell: null,
    notice: null,
    pending: [],
    clockOffset_s: 0,
  };
}

/** A state of its own with all that this one knows, before it has heard anything itself. */
export function copyState(state: DashboardState): DashboardState {
  const series = [...state.series].map(([key, ofKey]) => {
    const copies = [...ofKey].map(([run, held]) => [run, copySeries(held)] as const);
    return [key, new Map(copies)] as const;
  });
  return {
    ...state,
    connection: "connecting",
    runs: new Map(state.runs),
    wanted: new Set(state.wanted),
    series: new Map(series),
    details: new Map(state.details),
    importance: new Map(state.importance),
  };
}

/** "resync": a series has a gap, ask by hello with cursors. "foreign": not meant for this page. */
export type Outcome = "applied" | "resync" | "foreign";

export function applyMessage(
  state: DashboardState,
  message: KernelMessage,
  buffers: readonly DataView[],
  session: string,
  now_ms: number,
): Outcome {
  if (message.to && message.to !== session) return "foreign";
  let outcome: Outcome = "applied";
  if (message.type === "snapshot" || message.type === "delta") {
    state.otherProtocol = message.protocol === PROTOCOL ? null : message.protocol;
    if (state.otherProtocol !== null) return "applied";
  }
  switch (message.type) {
    case "snapshot":
      state.runs = new Map();
      state.series = new Map();
      outcome = applyChanges(state, message.sweep, message.runs, message.series, buffers, now_ms);
      break;
    case "delta":
      // Before its snapshot a page has nothing to change; its hello is on the way already.
      if (!state.sweep) return "foreign";
      outcome = applyChanges(state, message.sweep, message.runs, message.series, buffers, now_ms);
      break;
    case "run_detail":
      state.details.set(message.run, message);
      break;
    case "importance":
      state.importance.set(message.metric, message);
      break;
    case "zoom":
      state.zoomed = zoomedSeries(message, buffers);
      break;
    case "cell":
      state.cell = message;
      break;
    case "notice":
      state.notice = message;
      state.pending = [];
      break;
    default:
      return "foreign";
  }
  state.connection = "live";
  state.pending = state.pending.filter((pending) => !isSettled(pending, state));
  return outcome;
}

function applyChanges(
  state: DashboardState,
  sweep: SweepView | null,
  runs: readonly RunView[],
  series: readonly SeriesView[],
  buffers: readonly DataView[],
  now_ms: number,
): Outcome {
  if (sweep) {
    state.sweep = sweep;
    state.clockOffset_s = sweep.now - now_ms / 1000;
  }
  for (const run of runs) state.runs.set(run.id, run);
  let outcome: Outcome = "applied";
  for (const view of series) {
    if (!applySeries(state, view, buffers)) outcome = "resync";
  }
  return outcome;
}

function applySeries(
  state: DashboardState,
  view: SeriesView,
  buffers: readonly DataView[],
): boolean {
  let ofKey = state.series.get(view.key);
  // Another page draws this key, and this one has never asked for it.
  if (state.wanted.size > 0 && !state.wanted.has(view.key)) return true;
  if (!ofKey) state.series.set(view.key, (ofKey = new Map<string, Series>()));
  let series = ofKey.get(view.run);
  if (!series) ofKey.set(view.run, (series = emptySeries()));
  const appended = appendChunk(series, {
    start: view.start,
    total: view.total,
    reduced: view.reduced ?? false,
    steps: toFloats(buffers[view.steps]),
    times: toFloats(buffers[view.times]),
    values: toFloats(buffers[view.values]),
  });
  return appended !== "gap";
}

function zoomedSeries(message: ZoomMessage, buffers: readonly DataView[]): ZoomedSeries {
  const runs = new Map<string, Series>();
  for (const view of message.series) {
    const steps = toFloats(buffers[view.steps]);
    runs.set(view.run, {
      steps,
      times: toFloats(buffers[view.times]),
      values: toFloats(buffers[view.values]),
      length: steps.length,
      total: steps.length,
      version: 0,
    });
  }
  return { key: message.key, from: message.from, until: message.until, runs };
}

/** What the page holds, for a hello: empty before the first snapshot, which asks for everything. */
export function cursors(state: DashboardState): Cursors {
  const held: Cursors = {};
  // A key may be called "__proto__", which an ordinary object would take for its own.
  for (const id of state.runs.keys()) held[id] = Object.create(null) as Record<string, number>;
  for (const [key, ofKey] of state.series) {
    for (const [run, series] of ofKey) (held[run] ??= {})[key] = series.total;
  }
  return held;
}

export function press(state: DashboardState, command: Command, now_ms: number): void {
  const pending = { command: command.command, run: command.run ?? null, since_ms: now_ms };
  state.pending = [...state.pending, pending];
  state.notice = null;
}

export function isPending(state: DashboardState, command: CommandName, run?: string): boolean {
  return state.pending.some((p) => p.command === command && p.run === (run ?? null));
}

function isSettled(pending: PendingCommand, state: DashboardState): boolean {
  const sweep = state.sweep;
  if (!sweep) return true;
  switch (pending.command) {
    case "pause":
      return sweep.state !== "running";
    case "resume":
      return sweep.state === "running";
    case "stop":
    case "stop_after_current":
      return !isBusy(sweep);
    case "rerun":
    case "add_runs":
      // Their answer is a notice, or a run more; nobody waits for more than the next message.
      return true;
    case "kill_run":
      return state.runs.get(pending.run ?? "")?.state !== "running";
  }
}

/** Something is still going on: an agent is there, or a run of some other process is running. */
export function isBusy(sweep: SweepView): boolean {
  return sweep.active || (sweep.counts.running ?? 0) > 0;
}

/** How long a run has taken: for a running one by the kernel's clock, so that it ticks. */
export function runDuration_s(run: RunView, state: DashboardState, now_ms: number): number | null {
  if (run.state === "running" && run.started_at !== null) {
    return Math.max(0, now_ms / 1000 + state.clockOffset_s - run.started_at);
  }
  return run.duration_s;
}
