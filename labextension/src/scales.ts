/**
 * Ranges of the curves' axes.
 *
 * In: what each curve spans; out: what the axis spans. A few diverged curves, and a start that is
 * far worse than all that follows, run out of the picture rather than press the rest onto the x axis.
 */
import { quantile } from "./color";
import { drawable, isPoint, LEAST } from "./drawable";
import type { Goal } from "./protocol";

export interface Extent {
  readonly low: number;
  readonly high: number;
  /** Of the best run: it never leaves the axis. */
  readonly best?: boolean;
  /** What the curve spans after its beginning; missing of a short one. */
  readonly settled?: Extent | null;
}

/** Interquartile ranges beyond the quartiles (Tukey's outer fence), as nbsweep/plots/common.py has it. */
const FENCE = 3;
/** With fewer curves than this nobody can say which is the odd one. */
const FEWEST = 5;
/** No more curves than this share leave the axis: what so many do is no exception. */
const MOST_CLIPPED = 0.1;
/** The beginnings leave the axis where all that follows had less than this share of it. */
const LEAST_SETTLED = 0.1;

export interface YRange {
  readonly range: readonly [number, number];
  /** How many curves leave the axis, all on the worse side of the goal. */
  readonly clipped: number;
  /** Whether the other curves' beginnings leave it, on that side too. */
  readonly settled: boolean;
}

/** The y axis' range: what all curves span, but for what is far worse than the rest. */
export function yRange(spans: readonly Extent[], log: boolean, goal: Goal): YRange {
  const extents = spans.map(onAxis);
  if (extents.length === 0) return { range: log ? [0.1, 1] : [0, 1], clipped: 0, settled: false };
  const near = log ? extents : goal === "minimize" ? fenced(extents) : fenced(extents, -1);
  const [nearest, all] = [near, extents].map((some) => ({
    low: Math.min(...some.map(({ low }) => low)),
    high: Math.max(...some.map(({ high }) => high)),
  })) as [Extent, Extent];
  const [low, high] = goal === "minimize" ? [all.low, nearest.high] : [nearest.low, all.high];
  const clipped = extents.length - near.length;
  const later = near.map((extent) => extent.settled ?? extent);
  const [foot, top] =
    goal === "minimize"
      ? [low, Math.max(...later.map((extent) => extent.high))]
      : [Math.min(...later.map((extent) => extent.low)), high];
  const settled = !log && !isPoint(foot, top) && top - foot < LEAST_SETTLED * (high - low);
  return { range: settled ? padded(foot, top, log) : padded(low, high, log), clipped, settled };
}

/** The curves whose worse end (the high one, or with a sign of -1 the low one) is not far from all others'. */
function fenced(extents: readonly Extent[], sign: 1 | -1 = 1): readonly Extent[] {
  if (extents.length < FEWEST) return extents;
  // Both ends of all curves: of flat curves the spread between runs, of falling ones their fall.
  const ends = extents.flatMap(({ low, high }) => [sign * low, sign * high]).sort((a, b) => a - b);
  const [lower, upper] = [quantile(ends, 0.25), quantile(ends, 0.75)];
  if (isPoint(lower, upper)) return extents;
  const most = Math.max(1, Math.floor(MOST_CLIPPED * extents.length));
  const within = (reach: number): readonly Extent[] =>
    extents.filter(
      ({ low, high, best }) => best === true || (sign > 0 ? high : -low) <= upper + reach,
    );
  let reach = FENCE * (upper - lower);
  while (extents.length - within(reach).length > most) reach *= 2;
  return within(reach);
}

function padded(low: number, high: number, log: boolean): [number, number] {
  if (log) {
    const foot = Math.max(LEAST, low);
    const decades = Math.log10(high) - Math.log10(foot);
    const pad = decades < 0.08 ? 1.5 : 10 ** Math.min(1, 0.04 * decades);
    return [foot / pad, Math.max(LEAST, high) * pad];
  }
  if (isPoint(low, high)) {
    const pad = isPoint(0, Math.abs(low)) ? 1 : Math.abs(low) * 0.1;
    return [low - pad, high + pad];
  }
  const pad = (high - low) * 0.05;
  // Values that are never negative get an axis that is not either.
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}

function onAxis({ low, high, best = false, settled = null }: Extent): Required<Extent> {
  return { low: drawable(low), high: drawable(high), best, settled: settled && onAxis(settled) };
}

/** The x axis' range: exactly what the curves span, which may be one point. */
export function xRange(spans: readonly Extent[]): [number, number] {
  const extents = spans.map(onAxis);
  if (extents.length === 0) return [0, 1];
  const low = Math.min(...extents.map((extent) => extent.low));
  const high = Math.max(...extents.map((extent) => extent.high));
  if (!isPoint(low, high)) return [low, high];
  const pad = Math.max(0.5, Math.abs(low) * 1e-3);
  return [low - pad, high + pad];
}
