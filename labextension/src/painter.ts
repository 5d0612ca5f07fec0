/**
 * Traces a curve as line segments, at most four a pixel column, with gaps where values are missing.
 *
 * In: points and a projection to pixels; out: calls on a pen (a canvas context, or a recorder in
 * tests). Many curves have wider columns: what nobody can tell apart need not be drawn. NaN, infinities
 * and what a log axis cannot show lift the pen.
 */
import { shareOf } from "./drawable";

export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

export interface Projection {
  readonly x0: number;
  readonly x1: number;
  readonly left: number;
  readonly width: number;
  readonly y0: number;
  readonly y1: number;
  readonly top: number;
  readonly height: number;
  readonly log: boolean;
}

export function projectX(projection: Projection, x: number): number {
  const { x0, x1, left, width } = projection;
  return left + shareOf(x, x0, x1, false) * width;
}

/** NaN for what the axis cannot show. */
export function projectY(projection: Projection, y: number): number {
  const { y0, y1, top, height, log } = projection;
  const pixel = top + (1 - shareOf(y, y0, y1, log)) * height;
  if (!Number.isFinite(pixel)) return Number.NaN;
  // Canvas coordinates are 32-bit: a diverged 1e300 would wrap. Just outside looks the same.
  return Math.min(top + 20 * height, Math.max(top - 20 * height, pixel));
}

export function tracePath(
  pen: Pen,
  steps: Float64Array,
  values: Float64Array,
  length: number,
  projection: Projection,
  column_px = 1,
): void {
  let down = false;
  let column = Number.NaN;
  let low = 0;
  let high = 0;
  let last = 0;
  // Inside a pixel column only its extremes and its last point can be seen.
  const closeColumn = (): void => {
    if (low === high) return;
    pen.lineTo(column, high);
    pen.lineTo(column, low);
    if (last !== low) pen.lineTo(column, last);
  };
  for (let i = 0; i < length; i++) {
    const y = projectY(projection, values[i]!);
    if (Number.isNaN(y)) {
      if (down) closeColumn();
      down = false;
      continue;
    }
    const exact = projectX(projection, steps[i]!);
    const x = column_px * Math.round(exact / column_px);
    if (down && x === column) {
      low = Math.min(low, y);
      high = Math.max(high, y);
      last = y;
      continue;
    }
    if (down) {
      closeColumn();
      pen.lineTo(exact, y);
    } else {
      pen.moveTo(exact, y);
    }
    down = true;
    column = x;
    low = high = last = y;
  }
  if (down) closeColumn();
}

/** The index of the step nearest to x among ascending steps. */
export function nearestIndex(steps: Float64Array, length: number, x: number): number {
  let low = 0;
  let high = length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= x) low = middle;
    else high = middle;
  }
  return x - steps[low]! <= steps[high]! - x ? low : high;
}
