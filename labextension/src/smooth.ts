/**
 * Exponential smoothing that does not lie at the start and survives NaN.
 *
 * In: values and a weight in 0..1; out: a new array of the same length. The mean is debiased (as
 * Adam's moments are), so the first point is itself; what is not finite stays as it is and leaves
 * no mark on what follows.
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  const out = new Float64Array(values.length);
  let mean = 0;
  let remaining = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      out[i] = value;
      continue;
    }
    mean = weight * mean + (1 - weight) * value;
    remaining *= weight;
    out[i] = mean / (1 - remaining);
  }
  return out;
}
