/**
 * Numbers as an axis can hold them: their differences are numbers too, and are more than rounding.
 *
 * In: what users log, which may be any float. Out: the same, kept away from where floats run out.
 */

/** Two numbers that differ by less than this many units in the last place were meant to be equal. */
const ULPS = 16;
/** Below this the parts of a span, as steps between ticks, run out of floats themselves. */
const LEAST = 1e-300;

/** Whether nothing lies between two ends but rounding (0.3 and 0.1 + 0.2): an axis of one value. */
export function isPoint(low: number, high: number): boolean {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return !(high - low > Math.max(LEAST, ULPS * Number.EPSILON * size));
}
