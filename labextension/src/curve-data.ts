/**
 * From the state to what the chart draws: which curves, in which order, smoothed, with extents.
 *
 * In: a Frame and a key. Out: Curves, the one on top last. Smoothing and extents are kept a series
 * and version, since most curves of a frame are those of the frame before.
 */
import { drawable } from "./drawable";
import { isResult, metricValue } from "./frames";
import type { CurveX, Frame, Zoom } from "./parts";
import type { RunView } from "./protocol";
import type { Extent } from "./scales";
import type { Series } from "./series";
import type { ZoomedSeries } from "./state";
import { smooth } from "./smooth";

export interface Curve {
  readonly run: RunView;
  /** Ascending: steps, seconds since the run began, values of another key, or the run's number. */
  readonly xs: Float64Array;
  readonly values: Float64Array;
  readonly length: number;
  readonly x: Extent;
  /** What it spans in y on a linear axis, and of positive values alone; null: nothing to show. */
  readonly y: Extent | null;
  readonly yPositive: Extent | null;
  /** What it spans in y on a linear axis once its beginning is over; null of a short one. */
  readonly settled: Extent | null;
  /** Some of its finite values, along the whole curve. */
  readonly sample: readonly number[];
}

/** Of so many values at most. */
const SAMPLE = 64;

/** Of a curve of this many points and more, the first twentieth is its beginning. */
const LONG = 20;

/** The best value so far, a point for each run that ended; a flight of stairs. */
export interface Stairs {
  readonly xs: readonly number[];
  readonly values: readonly number[];
}

interface Prepared {
  readonly version: number;
  readonly of: string;
  readonly curve: Omit<Curve, "run">;
}

const prepared = new WeakMap<Series, Prepared>();
const merged = new WeakMap<
  Series,
  { readonly from: Series; readonly version: number; readonly whole: Series }
>();

/** The curves of one key, the worst first, then the best and what still runs. */
export function curvesOf(frame: Frame, key: string): Curve[] {
  const curves: Curve[] = [];
  const { state, view } = frame;
  const along = view.x.startsWith("key:")
    ? state.series.get(view.x.slice("key:".length))
    : undefined;
  for (const [id, held] of state.series.get(key) ?? []) {
    const run = state.runs.get(id);
    if (!run || held.length === 0) continue;
    const series = finer(held, id, key, frame) ?? held;
    const curve = prepare(series, view.x, view.smoothing, run, along?.get(id));
    if (curve) curves.push({ run, ...curve });
  }
  return inLayers(curves, frame);
}

/** A dot for each run that has a value of the metric, and the best so far: the search's history. */
export function searchHistory(frame: Frame): { readonly curves: Curve[]; readonly best: Stairs } {
  const curves: Curve[] = [];
  const best = { xs: [] as number[], values: [] as number[] };
  const sign = frame.goal === "maximize" ? -1 : 1;
  for (const run of frame.runs) {
    const value = isResult(run) ? metricValue(run, frame.metric) : null;
    if (value === null) continue;
    const at = run.number + 1;
    const [xs, values] = [Float64Array.of(at), Float64Array.of(value)];
    const y = extentOf(values, -Infinity);
    curves.push({
      run,
      xs,
      values,
      length: 1,
      x: { low: at, high: at },
      y,
      yPositive: extentOf(values, 0),
      settled: null,
      sample: [value].filter(Number.isFinite),
    });
    if (run.state === "running" || !Number.isFinite(value)) continue;
    const last = best.values.at(-1);
    best.xs.push(at);
    best.values.push(last === undefined || sign * value < sign * last ? value : last);
  }
  return { curves: inLayers(curves, frame), best };
}

/** Points held of each key, over all runs. */
export function pointsByKey(frame: Pick<Frame, "state">): Map<string, number> {
  const points = new Map<string, number>();
  for (const [key, count] of Object.entries(frame.state.sweep?.keys ?? {})) {
    if (count > 0) points.set(key, count);
  }
  for (const [key, ofKey] of frame.state.series) {
    let total = 0;
    for (const series of ofKey.values()) total += series.total;
    if (total > 0) points.set(key, total);
  }
  return points;
}

/** The stretch of y that is zoomed into; null where it is of another key, or not all above a log axis' zero. */
export function zoomedY(
  zoom: Zoom | null,
  key: string | null,
  log: boolean,
): readonly [number, number] | null {
  if (!zoom?.y || zoom.key !== key || (log && zoom.y[0] <= 0)) return null;
  return zoom.y;
}

/** What a curve spans in y between two places in x. */
export function extentWithin(
  { xs, values, length }: Curve,
  [from, until]: readonly [number, number],
  above: number,
): Extent | null {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (xs[i]! < from || xs[i]! > until || !Number.isFinite(value) || value <= above) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : null;
}

function inLayers(curves: Curve[], frame: Frame): Curve[] {
  const layer = ({ run }: Curve): number => (run.state === "running" ? 2 : run.best ? 1 : 0);
  const shade = ({ run }: Curve): number => frame.shades.get(run.id) ?? -1;
  return curves.sort((a, b) => layer(a) - layer(b) || shade(a) - shade(b));
}

/** Between two steps that the kernel was asked for, its finer points, and after them what came since. */
function finer(held: Series, run: string, key: string, { state, view }: Frame): Series | null {
  const { zoomed } = state;
  if (!view.zoom || view.x !== "step" || !zoomed || !holds(zoomed, key, view.zoom.x)) return null;
  const fine = zoomed.runs.get(run);
  if (!fine || fine.length === 0) return null;
  const known = merged.get(fine);
  if (known?.from === held && known.version === held.version) return known.whole;
  const [first, last] = [fine.steps[0]!, fine.steps[fine.length - 1]!];
  const keep = Array.from({ length: held.length }, (_, i) => i);
  const before = keep.filter((i) => held.steps[i]! < first);
  const after = keep.filter((i) => held.steps[i]! > last);
  const join = (name: "steps" | "times" | "values"): Float64Array =>
    Float64Array.from([
      ...before.map((i) => held[name][i]!),
      ...fine[name].subarray(0, fine.length),
      ...after.map((i) => held[name][i]!),
    ]);
  const steps = join("steps");
  const rest = { length: steps.length, total: steps.length, version: 0 };
  const whole = { steps, times: join("times"), values: join("values"), ...rest };
  merged.set(fine, { from: held, version: held.version, whole });
  return whole;
}

function holds(
  zoomed: ZoomedSeries,
  key: string,
  [from, until]: readonly [number, number],
): boolean {
  return zoomed.key === key && zoomed.from <= from && zoomed.until >= until;
}

function prepare(
  series: Series,
  x: CurveX,
  smoothing: number,
  run: RunView,
  along: Series | undefined,
): Omit<Curve, "run"> | null {
  if (x.startsWith("key:") && (!along || along.length === 0)) return null;
  const of = `${x} ${smoothing} ${along?.version ?? ""} ${x === "time" ? (run.started_at ?? "") : ""}`;
  const known = prepared.get(series);
  if (known?.version === series.version && known.of === of) return known.curve;
  const [xs, raw] = ascending(
    ...placeable(abscissae(series, x, run, along), series.values.subarray(0, series.length)),
  );
  if (xs.length === 0) return null;
  const values = smooth(raw, smoothing);
  const curve = {
    xs,
    values,
    length: xs.length,
    x: { low: xs[0]!, high: xs[xs.length - 1]! },
    y: extentOf(values, -Infinity),
    yPositive: extentOf(values, 0),
    settled:
      values.length < LONG
        ? null
        : extentOf(values.subarray(Math.ceil(values.length / LONG)), -Infinity),
    sample: sampled(values),
  };
  prepared.set(series, { version: series.version, of, curve });
  return curve;
}

function abscissae(
  series: Series,
  x: CurveX,
  run: RunView,
  along: Series | undefined,
): Float64Array {
  const { steps, times, length } = series;
  if (x === "time") {
    const began = run.started_at ?? times[0] ?? 0;
    return times.subarray(0, length).map((time) => time - began);
  }
  if (!along) return steps.subarray(0, length);
  return interpolated(along, steps.subarray(0, length));
}

/**
 * Another key's values at these steps. It may be logged less often (an epoch a hundred batches), so
 * between two of its points it is taken to go straight, and beyond the ends to go on as it went.
 */
function interpolated({ steps, values, length }: Series, at: Float64Array): Float64Array {
  if (length === 1) return at.map(() => values[0]!);
  let i = 0;
  return at.map((step) => {
    while (i + 2 < length && steps[i + 1]! < step) i++;
    const span = steps[i + 1]! - steps[i]!;
    const share = span > 0 ? (step - steps[i]!) / span : 0;
    const [before, after] = [drawable(values[i]!), drawable(values[i + 1]!)];
    // Of a neighbour that is no number a point that was logged itself takes nothing.
    if (share === 0 || share === 1) return share === 0 ? before : after;
    return before + share * (after - before);
  });
}

/** Without the points that have no place in x, as where another key is NaN: one would leave no curve a place. */
function placeable(xs: Float64Array, values: Float64Array): [Float64Array, Float64Array] {
  if (xs.every(Number.isFinite)) return [xs, values];
  return [xs.filter(Number.isFinite), values.filter((_, i) => Number.isFinite(xs[i]))];
}

/** Users may log `step=` in any order; a line is drawn from left to right. */
function ascending(xs: Float64Array, values: Float64Array): [Float64Array, Float64Array] {
  let sorted = true;
  for (let i = 1; sorted && i < xs.length; i++) sorted = xs[i]! >= xs[i - 1]!;
  if (sorted) return [xs, values];
  const order = Array.from(xs.keys()).sort((a, b) => xs[a]! - xs[b]!);
  return [Float64Array.from(order, (i) => xs[i]!), Float64Array.from(order, (i) => values[i]!)];
}

function sampled(values: Float64Array): number[] {
  const count = Math.min(SAMPLE, values.length);
  const some = Array.from(
    { length: count },
    (_, i) => values[Math.floor((i * values.length) / count)]!,
  );
  return some.filter(Number.isFinite);
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
