/**
 * The table's columns: which there are, which are shown, what each cell says.
 *
 * In: the state and the user's choice. Out: Columns as headings with their cells' text. No DOM.
 */
import { axisName, axisValue, everyAxis, isNumber, leadingParameters, type AxisId } from "./axes";
import { columnFormatter, formatConfigValue, formatDuration, formatLiteral } from "./format";
import type { Frame } from "./parts";
import { toFloat, type Json, type RunView, type WireNumber } from "./protocol";
import type { Column } from "./rows";
import { runDuration_s } from "./state";

export interface Heading {
  readonly column: Column;
  readonly label: string;
  readonly numeric: boolean;
}

export interface CellText {
  readonly text: string;
  readonly title: string;
}

/** With more parameters than these the rest waits in the menu: 60 columns are read by nobody. */
const PARAMETERS_UNASKED = 8;

/** Of a sweep that has no metric of its own so many of those that its runs log are shown. */
const METRICS_UNASKED = 4;

export function defaultColumns({ state }: Pick<Frame, "state">): Column[] {
  const parameters = leadingParameters(state, PARAMETERS_UNASKED);
  const metrics: Column[] = state.sweep?.metric
    ? ["metric"]
    : everyAxis(state).filter(isMetric).sort().slice(0, METRICS_UNASKED);
  return [...metrics, "trend", ...parameters.map((name): Column => `param:${name}`), "duration"];
}

function isMetric(axis: AxisId): boolean {
  return axis.startsWith("metric:");
}

/** Every column but the first two, which are always there. */
export function everyColumn({ state }: Pick<Frame, "state">): Column[] {
  const metric = state.sweep?.metric?.name;
  const own: Column[] = metric === undefined ? [] : ["metric"];
  const axes = everyAxis(state).filter((id) => metric === undefined || id !== `metric:${metric}`);
  const code = [...state.runs.values()].some((run) => run.code);
  return [...own, "trend", ...axes, ...(code ? ["code" as const] : [])];
}

export function columnLabel(column: Column, { state }: Pick<Frame, "state">): string {
  if (column === "metric") return state.sweep?.metric?.name ?? "metric";
  if (column === "name") return "run";
  if (column === "duration") return "time";
  return column === "state" || column === "trend" || column === "code" ? column : axisName(column);
}

export function headingsOf(frame: Frame): Heading[] {
  const known = new Set(everyColumn(frame));
  const chosen = (frame.view.columns ?? defaultColumns(frame)).filter((column) =>
    known.has(column),
  );
  return ["name" as const, "state" as const, ...chosen].map((column) => ({
    column,
    label: column === "trend" ? "" : columnLabel(column, frame),
    numeric: column === "metric" || column === "duration" || isNumeric(column, frame.runs),
  }));
}

function isNumeric(column: Column, runs: readonly RunView[]): boolean {
  if (column === "name" || column === "state" || column === "trend") return false;
  if (column === "metric" || column === "code") return false;
  const values = runs.map((run) => axisValue(run, column)).filter((value) => value !== undefined);
  return values.length > 0 && values.every(isNumber);
}

/** What the cells of a column say: numbers of the metrics with the same decimals in each row. */
export function cellTexts({ column }: Heading, frame: Frame): ((run: RunView) => CellText) | null {
  if (column === "name" || column === "state" || column === "trend") return null;
  if (column === "duration") {
    return (run) => ({
      text: formatDuration(runDuration_s(run, frame.state, frame.now_ms)),
      title: "",
    });
  }
  if (column === "code") {
    return ({ code }) => ({ text: code?.slice(0, 7) ?? "–", title: code ?? "" });
  }
  if (column === "metric" || column.startsWith("metric:")) {
    const of = (run: RunView): number | null => numberOf(column, run);
    const format = columnFormatter(frame.runs.map(of));
    return (run) => {
      const value = of(run);
      return { text: format(value), title: value === null ? "" : String(value) };
    };
  }
  return (run) => {
    const value: Json | undefined = axisValue(run, column);
    return {
      text: formatConfigValue(value),
      title: value === undefined ? "" : formatLiteral(value),
    };
  };
}

function numberOf(column: Column, run: RunView): number | null {
  if (column === "metric") return toFloat(run.value);
  const value = axisValue(run, column as AxisId);
  return isNumber(value) ? toFloat(value as WireNumber) : null;
}
