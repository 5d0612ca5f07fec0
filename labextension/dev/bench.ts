/**
 * The dashboard fed with prepared messages, so that a script can time what it does with them.
 *
 * `bench.mount()` shows it; `bench.deliver(...)` hands over a whole sweep at once, made before the
 * clock starts, and answers with the milliseconds until a frame with it has been shown.
 */
import { mountDashboard, newMemory } from "../src/dashboard";
import { ways } from "./ways";
import type { FeedListener } from "../src/feed";
import type { ParameterView, RunView, SeriesView, Snapshot } from "../src/protocol";

const listeners = new Set<FeedListener>();
const memory = newMemory();

interface Prepared {
  readonly snapshot: Snapshot;
  readonly buffers: DataView[];
}

function prepare(runs: number, points: number, parameters: number): Prepared {
  const names = Array.from({ length: parameters }, (_, index) => `p${index}`);
  const buffers: DataView[] = [];
  const series: SeriesView[] = [];
  const views: RunView[] = [];
  let seed = 1;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let index = 0; index < runs; index++) {
    const config = Object.fromEntries(names.map((name) => [name, random()]));
    const floor = 0.1 + Math.abs((config.p0 ?? 0.5) - 0.3);
    const [id, at] = [`run-${index}`, buffers.length];
    if (points > 0) {
      const steps = Float64Array.from({ length: points }, (_, step) => step * 10);
      const values = steps.map((step) => (floor + Math.exp(-step / 900)) * (0.9 + 0.2 * random()));
      buffers.push(...[steps, steps, values].map((array) => new DataView(array.buffer)));
      const rest = { start: 0, total: 10 * points, reduced: true };
      series.push({ run: id, key: "loss", ...rest, steps: at, times: at + 1, values: at + 2 });
    }
    views.push({
      ...{ id, number: index, name: `calm-fox-${index + 1}`, state: "finished", config },
      ...{ value: floor, best: index === 0, summary: { loss: floor }, error: null },
      ...{ started_at: 0, duration_s: 60 },
    });
  }
  const axes = names.map((name): ParameterView => ({
    ...{ name, kind: "number", integer: false, log: false, low: 0, high: 1, levels: null },
  }));
  const snapshot: Snapshot = {
    ...{ type: "snapshot", protocol: 3, to: null, runs: views, series },
    sweep: {
      ...{ id: "s", name: "bench", project: null, method: "random", state: "finished" },
      ...{ metric: { name: "loss", goal: "minimize" }, active: false, count: runs },
      ...{ counts: { finished: runs }, best: null, note: null, parameters: axes },
      ...{ keys: { loss: runs * points * 10 }, saved_s: null, trained_s: 1, left_s: null },
      ...{ notice: null, outlook: null, now: Date.now() / 1000 },
    },
  };
  return { snapshot, buffers };
}

const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));

/** Until the curves, or without points the lines, of so many runs are drawn, and the frame after. */
async function shown(runs: number, points: number): Promise<void> {
  const says = (panel: string, name: string): boolean =>
    document.querySelector(`[data-testid=nbs-${panel}]`)?.getAttribute(name) === String(runs);
  while (points > 0 ? !says("curves", "data-series") : !says("parallel", "data-inside")) {
    await frame();
  }
  await frame();
}

const bench = {
  ways,
  mount(): void {
    const host = document.getElementById("dashboard");
    if (!host) return;
    const feed = {
      subscribe(listener: FeedListener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      send: () => undefined,
    };
    mountDashboard(host, feed, memory);
  },
  async deliver(runs: number, points: number, parameters: number): Promise<number> {
    const { snapshot, buffers } = prepare(runs, points, parameters);
    await frame();
    const began_ms = performance.now();
    for (const listener of listeners) listener(snapshot, buffers);
    await shown(runs, points);
    return performance.now() - began_ms;
  },
};

(window as unknown as { bench: typeof bench }).bench = bench;
