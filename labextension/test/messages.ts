/** Small kernel messages for tests: each test says only what matters to it. */
import type { Delta, RunView, SeriesView, Snapshot, SweepView } from "../src/protocol";

export const SESSION = "this-page";

export function aSweep(changes: Partial<SweepView> = {}): SweepView {
  return {
    id: "s",
    name: "sweep",
    project: null,
    method: "random",
    metric: { name: "loss", goal: "minimize" },
    state: "running",
    active: true,
    count: 5,
    counts: { running: 1 },
    best: null,
    note: null,
    parameters: [],
    keys: {},
    saved_s: null,
    trained_s: 0,
    left_s: null,
    notice: null,
    outlook: null,
    now: 1000,
    ...changes,
  };
}

export function aRun(changes: Partial<RunView> = {}): RunView {
  return {
    id: "r",
    number: 1,
    name: "run",
    state: "running",
    config: {},
    value: null,
    best: false,
    summary: {},
    started_at: null,
    duration_s: null,
    error: null,
    ...changes,
  };
}

export function aSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    ...{ type: "snapshot", protocol: 3, to: null, sweep: aSweep(), runs: [aRun()], series: [] },
    ...changes,
  };
}

export function aDelta(changes: Partial<Delta> = {}): Delta {
  return {
    ...{ type: "delta", protocol: 3, to: null, sweep: null, runs: [], series: [] },
    ...changes,
  };
}

/** A series view on buffers 0 to 2. */
export function aSeries(
  start: number,
  total: number,
  changes: Partial<SeriesView> = {},
): SeriesView {
  return { run: "r", key: "loss", start, total, steps: 0, times: 1, values: 2, ...changes };
}

/** Steps, times and values: buffers that begin in the middle of a word, as transports send them. */
export function buffersOf(steps: number[], values: number[]): DataView[] {
  return [steps, steps, values].map((numbers) => {
    const floats = new Uint8Array(Float64Array.from(numbers).buffer);
    const bytes = new Uint8Array(floats.length + 3);
    bytes.set(floats, 3);
    return new DataView(bytes.buffer, 3);
  });
}

/** The numbers of a buffer. */
export function toFloats(view: DataView | undefined): number[] {
  const count = (view?.byteLength ?? 0) / 8;
  return Array.from({ length: count }, (_, place) => view?.getFloat64(8 * place, true) ?? NaN);
}
