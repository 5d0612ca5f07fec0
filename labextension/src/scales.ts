/**
 * Ranges of the curves' axes.
 *
 * In: what each curve spans; out: what the axis spans. A few diverged curves, moments at which others
 * were far worse than all usually are, and a start that is far worse than all that follows run out of
 * the picture rather than press the rest onto the x axis.
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
  /** Some of its values, along the whole curve; without any it counts as if all were its worst. */
  readonly sample?: readonly number[];
}

/** Interquartile ranges beyond the quartiles (Tukey's outer fence), as nbsweep/plots/common.py has it. */
const FENCE = 3;
/** With fewer curves than this nobody can say which is the odd one. */
const FEWEST = 5;
/** No more curves than this share are mostly off the axis: what so many do is no exception. */
const MOST_CLIPPED = 0.1;
/** Nor, in the mean over all others, more than this share of a curve. */
const MOST_HIDDEN = 0.05;
/** The beginnings leave the axis where all that follows had less than this share of it. */
const LEAST_SETTLED = 0.1;

export interface YRange {
  readonly range: readonly [number, number];
  /** How many curves leave the axis, be it for a moment, all on the worse side of the goal. */
  readonly clipped: number;
  /** Whether the other curves' beginnings leave it, on that side too. */
  readonly settled: boolean;
}

/** The y axis' range: what all curves span, but for what is far worse than the rest. */
export function yRange(spans: readonly Extent[], log: boolean, goal: Goal): YRange {
  if (spans.length === 0) return { range: log ? [0.1, 1] : [0, 1], clipped: 0, settled: false };
  const onIt = spans.map(onAxis);
  // Less is better from here on.
  const extents = goal === "minimize" ? onIt : onIt.map(mirrored);
  const limit = log ? Infinity : fence(extents);
  const leaves = ({ high, best }: Axial): boolean => high > limit && !best;
  const foot = Math.min(...extents.map(({ low }) => low));
  const whole = extents.map((extent) => (leaves(extent) ? shown(extent, limit) : extent.high));
  const later = extents.map((extent, index) =>
    leaves(extent) ? whole[index]! : (extent.settled ?? extent).high,
  );
  const [top, laterTop] = [Math.max(...whole), Math.max(...later)];
  const settled =
    !log && !isPoint(foot, laterTop) && laterTop - foot < LEAST_SETTLED * (top - foot);
  const end = settled ? laterTop : top;
  const range = goal === "minimize" ? padded(foot, end, log) : padded(-end, -foot, log);
  return { range, clipped: extents.filter(leaves).length, settled };
}

/** What is above this is far worse than the curves usually are, and there is little of it. */
function fence(extents: readonly Axial[]): number {
  if (extents.length < FEWEST) return Infinity;
  // Both ends of all curves: of flat curves the spread between runs, of falling ones their fall.
  const ends = extents.flatMap(({ low, high }) => [low, high]).sort((a, b) => a - b);
  const [lower, upper] = [quantile(ends, 0.25), quantile(ends, 0.75)];
  if (isPoint(lower, upper)) return Infinity;
  const most = Math.max(1, Math.floor(MOST_CLIPPED * extents.length));
  let reach = FENCE * (upper - lower);
  while (hidesMuch(extents, upper + reach, most)) reach *= 2;
  return upper + reach;
}

function hidesMuch(extents: readonly Axial[], limit: number, most: number): boolean {
  const shares = extents.map((extent) => (extent.best ? 0 : shareAbove(extent, limit)));
  const others = shares.filter((share) => share <= 0.5);
  const hidden = others.reduce((sum, share) => sum + share, 0);
  return shares.length - others.length > most || hidden > MOST_HIDDEN * others.length;
}

function shareAbove({ high, sample }: Axial, limit: number): number {
  if (high <= limit) return 0;
  if (!sample || sample.length === 0) return 1;
  return sample.filter((value) => value > limit).length / sample.length;
}

/** The highest of a curve that is still shown below a limit. */
function shown({ sample }: Axial, limit: number): number {
  return Math.max(...(sample ?? []).filter((value) => value <= limit));
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

type Axial = Extent & { readonly best: boolean };

function onAxis({ low, high, best = false, settled = null, sample = [] }: Extent): Axial {
  return {
    low: drawable(low),
    high: drawable(high),
    best,
    settled: settled && onAxis(settled),
    sample: sample.map(drawable),
  };
}

function mirrored({ low, high, best, settled, sample = [] }: Axial): Axial {
  return {
    low: -high,
    high: -low,
    best,
    settled: settled ? { low: -settled.high, high: -settled.low } : null,
    sample: sample.map((value) => -value),
  };
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
