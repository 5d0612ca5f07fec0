/**
 * Numbers as an axis can hold them: their differences are numbers too, and are more than rounding.
 *
 * In: what users log, which may be any float. Out: the same, kept away from where floats run out.
 */

/** Beyond this the difference of two numbers, or a part more for padding, is no number any more. */
const FARTHEST = 1e300;
/** Below this the parts of a span, as steps between ticks, run out of floats themselves. */
export const LEAST = 1e-300;
/** Two numbers that differ by less than this many units in the last place were meant to be equal. */
const ULPS = 16;

/** The number that stands for a value on an axis: what lies beyond ±1e300 is there; inf and NaN stay. */
export function drawable(value: number): number {
  return Number.isFinite(value) ? Math.min(FARTHEST, Math.max(-FARTHEST, value)) : value;
}

/** Where a value lies between the ends of an axis, 0 to 1 and beyond; NaN where it has no place. */
export function shareOf(value: number, low: number, high: number, log: boolean): number {
  const at = drawable(value);
  if (!log) return (at - low) / (high - low);
  // Logs first: the ratio of two floats may be none.
  return (Math.log(at) - Math.log(low)) / (Math.log(high) - Math.log(low));
}

/** Whether nothing lies between two ends but rounding (0.3 and 0.1 + 0.2): an axis of one value. */
export function isPoint(low: number, high: number): boolean {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return !(high - low > Math.max(LEAST, ULPS * Number.EPSILON * size));
}
