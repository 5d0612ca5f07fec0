/**
 * Min/max reduction: fewer points that draw the same picture.
 *
 * Buckets are equal in x, not in index, so a series that is reduced again and again as it grows
 * keeps an even resolution: the extremes of extremes are the extremes. Pure; typed arrays in and out.
 */

export interface Points {
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/**
 * At most two points (the lowest and the highest, in their order) a bucket, plus the last point,
 * which is where a reader looks. A bucket without a finite value keeps one point, so that a gap
 * stays a gap.
 */
export function reduceMinMax(points: Points, length: number, buckets: number): Points {
  const { steps, values } = points;
  if (length <= 2 * buckets)
    return chosen(
      points,
      Int32Array.from({ length }, (_, i) => i),
    );
  const first = steps[0]!;
  const span = steps[length - 1]! - first;
  const keep = new Int32Array(2 * buckets + 3);
  let kept = 0;
  let bucket = -1;
  let low = -1;
  let high = -1;
  const flush = (): void => {
    if (low < 0) return;
    keep[kept++] = Math.min(low, high);
    if (low !== high) keep[kept++] = Math.max(low, high);
  };
  for (let i = 0; i < length; i++) {
    // Steps that all agree (or run backwards) cannot be cut by x; the index serves instead.
    const share = span > 0 ? (steps[i]! - first) / span : i / (length - 1);
    const own = Math.max(bucket, Math.min(buckets - 1, Math.floor(share * buckets)));
    if (own !== bucket) {
      flush();
      bucket = own;
      low = high = i;
      continue;
    }
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (!Number.isFinite(values[low]!) || value < values[low]!) low = i;
    if (!Number.isFinite(values[high]!) || value > values[high]!) high = i;
  }
  flush();
  if (keep[kept - 1] !== length - 1) keep[kept++] = length - 1;
  return chosen(points, keep.subarray(0, kept));
}

function chosen(points: Points, indices: Int32Array): Points {
  const of = (array: Float64Array): Float64Array => {
    const out = new Float64Array(indices.length);
    for (let k = 0; k < indices.length; k++) out[k] = array[indices[k]!]!;
    return out;
  };
  return { steps: of(points.steps), times: of(points.times), values: of(points.values) };
}
