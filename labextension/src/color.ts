/**
 * Colour means the metric: one perceptual scale (viridis) for curves and table; the best run is
 * the brightest.
 *
 * In: runs' values, the goal, the theme. Out: a shade in 0..1 a run (1 is best, null is unknown)
 * and a CSS colour a shade. viridis keeps its order for colour-blind eyes and in grey. Of the scale
 * only the stretch is used that can be read: no yellow on white, no violet on black.
 */
import { drawable, isPoint } from "./drawable";
import type { Goal } from "./protocol";

// matplotlib's viridis at eleven equal steps (Smith & van der Walt, 2015).
const VIRIDIS: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [72, 36, 117],
  [65, 68, 135],
  [53, 95, 141],
  [42, 120, 142],
  [33, 145, 140],
  [34, 168, 132],
  [68, 191, 112],
  [122, 209, 81],
  [189, 223, 38],
  [253, 231, 37],
];

const STRETCH = { light: [0.18, 0.82], dark: [0.34, 1] } as const;

export type ThemeName = "light" | "dark";

/** A shade's colour; null (a run without a value) is a grey that leaves the scale alone. */
export function shadeColor(shade: number | null, theme: ThemeName): string {
  if (shade === null) return theme === "dark" ? "#7d828a" : "#8b9098";
  const [low, high] = STRETCH[theme];
  const at = (low + Math.min(1, Math.max(0, shade)) * (high - low)) * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const from = VIRIDIS[index]!;
  const to = VIRIDIS[index + 1]!;
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (at - index) * (to[channel] - from[channel]));
  return `rgb(${mix(0)}, ${mix(1)}, ${mix(2)})`;
}

/**
 * Shades of values under a goal. Beyond Tukey's fence (1.5 interquartile ranges past the worse
 * quartile) everything is as bad as the scale can say, so that one diverged run does not paint all
 * others alike. NaN and infinite values are the worst there is: they diverged.
 */
export function shades(values: readonly (number | null)[], goal: Goal): (number | null)[] {
  const sign = goal === "maximize" ? -1 : 1;
  const costs = values
    .filter((value): value is number => value !== null && Number.isFinite(value))
    .map((value) => sign * drawable(value))
    .sort((a, b) => a - b);
  if (costs.length === 0) return values.map((value) => (value === null ? null : 0));
  const best = costs[0]!;
  const upper = quantile(costs, 0.75);
  const fence = upper + 1.5 * (upper - quantile(costs, 0.25));
  // Half of the runs equal gives a fence of no width: then the scale is the values' own.
  const worst = fence > best ? Math.min(costs[costs.length - 1]!, fence) : costs[costs.length - 1]!;
  return values.map((value) => {
    if (value === null) return null;
    if (!Number.isFinite(value)) return sign * value === -Infinity ? 1 : 0;
    if (isPoint(best, worst)) return 1;
    return Math.min(1, Math.max(0, 1 - (sign * drawable(value) - best) / (worst - best)));
  });
}

/** The linearly interpolated quantile of ascending numbers. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const index = Math.floor(at);
  const low = sorted[index] ?? Number.NaN;
  const high = sorted[index + 1] ?? low;
  return low + (at - index) * (high - low);
}
