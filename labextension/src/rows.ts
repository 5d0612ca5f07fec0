/**
 * The order of the runs table.
 *
 * In: runs, a column to sort by, the metric's goal; out: the same runs, ordered. Missing values
 * are last whichever way a column is sorted; ties keep the order of the runs' numbers.
 */
import { axisValue, isNumber, type AxisId } from "./axes";
import { toFloat, type Goal, type Json, type RunView, type WireNumber } from "./protocol";

/** "metric" is the sweep's own; "trend" a sparkline, by which nothing is sorted. */
export type Column = "name" | "state" | "metric" | "trend" | "code" | AxisId;

export interface Sort {
  readonly column: Column;
  readonly descending: boolean;
}

const STATE_ORDER = ["running", "pending", "finished", "stopped", "killed", "failed", "crashed"];

/**
 * With no sort chosen: what runs on top, then the best first; what failed or was killed is last. What runs keeps the
 * order of its numbers: with each value logged rows would change places under the pointer.
 */
export function sortRuns(
  runs: Iterable<RunView>,
  sort: Sort | null,
  goal: Goal,
  duration_s: (run: RunView) => number | null,
): RunView[] {
  const all = [...runs].sort((a, b) => a.number - b.number);
  if (!sort) {
    const best = byValue(goal === "maximize");
    return all.sort((a, b) => group(a) - group(b) || (a.state === "running" ? 0 : best(a, b)));
  }
  return all.sort(comparator(sort, duration_s));
}

function group(run: RunView): number {
  if (run.state === "running") return 0;
  if (run.state === "pending") return 1;
  // The last value of a run that failed or was killed, however good, is not a result.
  return ["failed", "crashed", "killed"].includes(run.state) ? 3 : 2;
}

/** As rows stood, with those that came since at the end: so they stay while somebody is about to press one. */
export function heldOrder<Row>(before: readonly Row[], wanted: readonly Row[]): Row[] {
  const [there, known] = [new Set(wanted), new Set(before)];
  return [...before.filter((row) => there.has(row)), ...wanted.filter((row) => !known.has(row))];
}

/** Clicking a header: first that column, then the other way round, then the default again. */
export function nextSort(sort: Sort | null, column: Column, goal: Goal): Sort | null {
  const first = column === "metric" && goal === "maximize";
  if (sort?.column !== column) return { column, descending: first };
  return sort.descending === first ? { column, descending: !first } : null;
}

type Compare = (a: RunView, b: RunView) => number;

function comparator(sort: Sort, duration_s: (run: RunView) => number | null): Compare {
  const sign = sort.descending ? -1 : 1;
  switch (sort.column) {
    case "name":
      return (a, b) => sign * a.name.localeCompare(b.name, undefined, { numeric: true });
    case "state":
      return (a, b) => sign * (STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state));
    case "metric":
      return byValue(sort.descending);
    case "duration":
      return (a, b) => compareMissingLast(duration_s(a), duration_s(b), sign);
    case "trend":
      return () => 0;
    case "code":
      return (a, b) => compareMissingLast(a.code ?? null, b.code ?? null, sign);
    default: {
      const axis = sort.column;
      return (a, b) => compareMissingLast(placeable(a, axis), placeable(b, axis), sign);
    }
  }
}

function byValue(descending: boolean): Compare {
  return (a, b) =>
    compareMissingLast(finite(toFloat(a.value)), finite(toFloat(b.value)), descending ? -1 : 1);
}

/** What a run is ordered by; of a metric NaN and the infinities, which the wire has as words, are no value. */
function placeable(run: RunView, axis: AxisId): Json | undefined {
  const value = axisValue(run, axis);
  return axis.startsWith("metric:") && isNumber(value)
    ? finite(toFloat(value as WireNumber))
    : value;
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function compareMissingLast(a: Json | undefined, b: Json | undefined, sign: number): number {
  const missing = (value: Json | undefined): boolean => value === null || value === undefined;
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * text(a).localeCompare(text(b), undefined, { numeric: true });
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
