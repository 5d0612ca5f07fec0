/**
 * From the state to what the chart draws: which curves, in which order, smoothed, with extents.
 *
 * In: a Frame and a key. Out: Curves, the one on top last. Smoothing and extents are kept a series
 * and version, since most curves of a frame are those of the frame before.
 */
import type { Frame } from "./parts";
import type { RunView } from "./protocol";
import type { Extent } from "./scales";
import type { Series } from "./series";
import { smooth } from "./smooth";

export interface Curve {
  readonly run: RunView;
  readonly steps: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
  readonly x: Extent;
  /** What it spans in y on a linear axis, and of positive values alone; null: nothing to show. */
  readonly y: Extent | null;
  readonly yPositive: Extent | null;
}

interface Prepared {
  readonly version: number;
  readonly smoothing: number;
  readonly curve: Omit<Curve, "run">;
}

const prepared = new WeakMap<Series, Prepared>();

/** The curves of one key, the worst first, then the best and what still runs. */
export function curvesOf(frame: Frame, key: string): Curve[] {
  const curves: Curve[] = [];
  for (const [id, series] of frame.state.series.get(key) ?? []) {
    const run = frame.state.runs.get(id);
    if (!run || series.length === 0) continue;
    curves.push({ run, ...prepare(series, frame.view.smoothing) });
  }
  const layer = ({ run }: Curve): number => (run.state === "running" ? 2 : run.best ? 1 : 0);
  const shade = ({ run }: Curve): number => frame.shades.get(run.id) ?? -1;
  return curves.sort((a, b) => layer(a) - layer(b) || shade(a) - shade(b));
}

/** Points held of each key, over all runs. */
export function pointsByKey(frame: Pick<Frame, "state">): Map<string, number> {
  const points = new Map<string, number>();
  for (const [key, ofKey] of frame.state.series) {
    let total = 0;
    for (const series of ofKey.values()) total += series.total;
    if (total > 0) points.set(key, total);
  }
  return points;
}

function prepare(series: Series, smoothing: number): Omit<Curve, "run"> {
  const known = prepared.get(series);
  if (known?.version === series.version && known.smoothing === smoothing) return known.curve;
  const [steps, raw] = ascending(
    series.steps.subarray(0, series.length),
    series.values.subarray(0, series.length),
  );
  const values = smooth(raw, smoothing);
  const curve = {
    steps,
    values,
    length: series.length,
    x: { low: steps[0]!, high: steps[steps.length - 1]! },
    y: extentOf(values, -Infinity),
    yPositive: extentOf(values, 0),
  };
  prepared.set(series, { version: series.version, smoothing, curve });
  return curve;
}

/** Users may log `step=` in any order; a line is drawn from left to right. */
function ascending(steps: Float64Array, values: Float64Array): [Float64Array, Float64Array] {
  let sorted = true;
  for (let i = 1; sorted && i < steps.length; i++) sorted = steps[i]! >= steps[i - 1]!;
  if (sorted) return [steps, values];
  const order = Array.from(steps.keys()).sort((a, b) => steps[a]! - steps[b]!);
  return [Float64Array.from(order, (i) => steps[i]!), Float64Array.from(order, (i) => values[i]!)];
}

function extentOf(values: Float64Array, above: number): Extent | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || value <= above) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : null;
}
