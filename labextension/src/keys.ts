/**
 * Which key the curves show until the user picks one, and which there are to pick.
 *
 * In: points a key; out: a key. Tutorials log `loss` once an epoch and `batch loss` once a batch:
 * the second is what one wants to watch, though the first is the sweep's metric.
 */

/** A key that names the metric is preferred to the metric if it has this many times its points. */
const FINER = 5;

export function chooseKey(
  points: ReadonlyMap<string, number>,
  metric: string | null,
  picked: string | null,
): string | null {
  if (picked !== null && points.has(picked)) return picked;
  if (points.size === 0) return metric;
  const fullest = (keys: string[]): string | null =>
    keys.reduce<string | null>(
      (best, key) =>
        best === null || (points.get(key) ?? 0) > (points.get(best) ?? 0) ? key : best,
      null,
    );
  if (metric === null) return fullest([...points.keys()]);
  const own = points.get(metric) ?? 0;
  const finer = fullest([...points.keys()].filter((key) => key !== metric && key.includes(metric)));
  if (finer !== null && (points.get(finer) ?? 0) >= Math.max(1, FINER * own)) return finer;
  return own > 0 ? metric : fullest([...points.keys()]);
}

/** The keys to choose from: the metric first, those that name it next, then by name. */
export function orderKeys(keys: Iterable<string>, metric: string | null): string[] {
  const rank = (key: string): number =>
    key === metric ? 0 : metric !== null && key.includes(metric) ? 1 : 2;
  return [...keys].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
