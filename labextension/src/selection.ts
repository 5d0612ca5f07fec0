/**
 * Brushes, and which runs they leave: several ranges on an axis add up, several axes intersect.
 *
 * In: brushes (in values, so that a growing axis does not move them) and runs; out: the runs inside.
 * `null` for the selection means that nothing is brushed, which is not the same as nobody inside.
 */
import { axisValue, hasNumbers, isNumber, levelLabel, type AxisId } from "./axes";
import { filterOf } from "./filter";
import { formatNumber } from "./format";
import { toFloat, type Json, type RunView, type WireNumber } from "./protocol";

export interface Brush {
  /** Closed ranges of a number axis. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Labels of a category axis' levels. */
  readonly levels: readonly string[];
  /** The lane of runs that have no place on the axis. */
  readonly missing: boolean;
}

export type Brushes = ReadonlyMap<AxisId, Brush>;

export const NO_BRUSH: Brush = { ranges: [], levels: [], missing: false };

export function isEmptyBrush(brush: Brush): boolean {
  return brush.ranges.length === 0 && brush.levels.length === 0 && !brush.missing;
}

/** Brushes with one axis changed; an empty brush is no brush. */
export function withBrush(brushes: Brushes, axis: AxisId, brush: Brush): Brushes {
  const changed = new Map(brushes);
  if (isEmptyBrush(brush)) changed.delete(axis);
  else changed.set(axis, brush);
  return changed;
}

/** Ids of the runs inside all brushes and matching the filter; null when neither is set. */
export function selectRuns(
  runs: readonly RunView[],
  brushes: Brushes,
  filter: string,
): ReadonlySet<string> | null {
  const matches = filterOf(filter);
  if (brushes.size === 0 && !matches) return null;
  const inside = new Set<string>();
  const along = [...brushes].map(([axis, brush]) => {
    return { axis, brush, numbers: hasNumbers(runs, axis) };
  });
  for (const run of runs) {
    if (insideAll(run, along) && (!matches || matches(run))) inside.add(run.id);
  }
  return inside;
}

interface Brushed {
  readonly axis: AxisId;
  readonly brush: Brush;
  /** The axis is one of numbers, whatever else was logged. */
  readonly numbers: boolean;
}

function insideAll(run: RunView, along: readonly Brushed[]): boolean {
  return along.every(({ axis, brush, numbers }) =>
    insideBrush(axisValue(run, axis), brush, numbers),
  );
}

/** Whether a brush holds a value; of an axis of numbers (`numbers`) words lie in the lane of what is missing. */
export function insideBrush(value: Json | undefined, brush: Brush, numbers = false): boolean {
  if (value === undefined || value === null) {
    return brush.missing || (value === null && brush.levels.includes(levelLabel(null)));
  }
  if (brush.levels.length > 0 && brush.levels.includes(levelLabel(value))) return true;
  if (!isNumber(value)) return numbers && brush.missing;
  const number = toFloat(value as WireNumber) ?? Number.NaN;
  if (!Number.isFinite(number)) return brush.missing;
  return brush.ranges.some(([low, high]) => number >= low && number <= high);
}

/** A chip's words: "optimizer = adam", "learning_rate 1e-4 … 1e-2". */
export function brushText(name: string, brush: Brush): string {
  const parts = brush.ranges.map(
    ([low, high]) => `${formatNumber(low, 3)} … ${formatNumber(high, 3)}`,
  );
  const levels = brush.levels.join(", ");
  const missing = brush.missing ? ["missing"] : [];
  if (levels !== "" && parts.length === 0) return `${name} = ${[levels, ...missing].join(", ")}`;
  return `${name} ${[...parts, ...(levels === "" ? [] : [levels]), ...missing].join(", ")}`;
}
