/**
 * What runs can be laid out along: swept parameters, summary metrics, constants, duration.
 *
 * In: the state. Out: Axes with their scale and levels, and a run's place (0..1) on an axis. Shared
 * by the parallel coordinates, the slices, the table and the brushes. Nothing here draws.
 */
import { quantile } from "./color";
import { drawable, isPoint, LEAST, shareOf } from "./drawable";
import { goalOf } from "./goals";
import { levelLabel, levelsOf, type Level } from "./levels";
import {
  toFloat,
  type Goal,
  type Json,
  type ParameterView,
  type RunView,
  type WireNumber,
} from "./protocol";
import type { DashboardState } from "./state";

export { levelLabel } from "./levels";

export type AxisId = `param:${string}` | `metric:${string}` | `config:${string}` | "duration";

export interface NumberAxis {
  readonly kind: "number";
  readonly id: AxisId;
  readonly label: string;
  readonly log: boolean;
  readonly integer: boolean;
  /** What the axis spans: at least the runs' values; low < high. */
  readonly low: number;
  readonly high: number;
  /**
   * The runs' extremes; beyond low and high where a few values lie far from all others. Infinity and -Infinity where
   * there is neither a bound nor a value: then low and high say nothing.
   */
  readonly lowest: number;
  readonly highest: number;
}

export interface CategoryAxis {
  readonly kind: "category";
  readonly id: AxisId;
  readonly label: string;
  /** In the order of the axis, from its foot: numbers ascending, all else as the config has them. */
  readonly levels: readonly Level[];
}

export type Axis = NumberAxis | CategoryAxis;

/** More parameters than these are not all shown unasked. */
export const PARAMETERS_AT_ONCE = 10;

/**
 * The parameters that are shown unasked, in the config's order: all, and of very many those that
 * matter most to the metric as far as that is known.
 */
export function leadingParameters(state: DashboardState, most = PARAMETERS_AT_ONCE): string[] {
  const names = (state.sweep?.parameters ?? []).map(({ name }) => name);
  if (names.length <= most) return names;
  const told = state.importance.get(state.sweep?.metric?.name ?? "")?.rows ?? [];
  const known = new Set(names);
  const first = [...told.map(({ name }) => name).filter((name) => known.has(name)), ...names];
  const leading = new Set([...new Set(first)].slice(0, most));
  return names.filter((name) => leading.has(name));
}

/** Parameters in the config's order, then the metric: what is shown unasked, with what is brushed. */
export function defaultAxes(state: DashboardState, brushed: Iterable<AxisId> = []): AxisId[] {
  const shown = new Set<AxisId>(brushed);
  for (const name of leadingParameters(state)) shown.add(`param:${name}`);
  const metric: AxisId = `metric:${state.sweep?.metric?.name ?? ""}`;
  const parameters = allParameters(state).filter((id) => shown.has(id));
  return state.sweep?.metric ? [...parameters, metric] : parameters;
}

function allParameters(state: DashboardState): AxisId[] {
  return (state.sweep?.parameters ?? []).map(({ name }): AxisId => `param:${name}`);
}

/** Every axis there is to choose from: the default ones, other summary metrics, constants, time. */
export function everyAxis(state: DashboardState): AxisId[] {
  const ids = new Set<AxisId>(allParameters(state));
  if (state.sweep?.metric) ids.add(`metric:${state.sweep.metric.name}`);
  const swept = new Set((state.sweep?.parameters ?? []).map(({ name }) => name));
  const constants = new Set<string>();
  for (const run of state.runs.values()) {
    for (const [key, value] of Object.entries(run.summary)) {
      if (isNumber(value)) ids.add(`metric:${key}`);
    }
    for (const name of Object.keys(run.config)) if (!swept.has(name)) constants.add(name);
  }
  ids.add("duration");
  for (const name of constants) ids.add(`config:${name}`);
  return [...ids];
}

/** The name of what an axis shows. */
export function axisName(id: AxisId): string {
  return id === "duration" ? "duration" : id.slice(id.indexOf(":") + 1);
}

/** What a run has on an axis; undefined where it has nothing (a conditional parameter, no result). */
export function axisValue(run: RunView, id: AxisId): Json | undefined {
  if (id === "duration") return run.duration_s ?? undefined;
  const name = axisName(id);
  const values = id.startsWith("metric:") ? run.summary : run.config;
  // A parameter may be called "constructor".
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** An axis over all runs, or some of them. */
export function axisOf(
  state: DashboardState,
  id: AxisId,
  runs: readonly RunView[] = [...state.runs.values()],
): Axis {
  const values = runs.map((run) => axisValue(run, id)).filter((value) => value !== undefined);
  const parameter = id.startsWith("param:")
    ? state.sweep?.parameters.find(({ name }) => name === axisName(id))
    : undefined;
  const label = axisName(id);
  if (parameter?.kind === "category") {
    return {
      kind: "category",
      id,
      label,
      levels: levelsOf([...(parameter.levels ?? []), ...values]),
    };
  }
  const plain = values.every((value) => value === null || isNumber(value));
  if (parameter || plain || hasNumbers(runs, id)) {
    const goal = id.startsWith("metric:") ? goalOf(label, state.sweep) : null;
    return { kind: "number", id, label, ...spanOf(values.map(asNumber), parameter, goal) };
  }
  return { kind: "category", id, label, levels: levelsOf(values) };
}

/** Whether any run has a number of this metric: then a word that another logged as it is a missing value. */
export function hasNumbers(runs: readonly RunView[], id: AxisId): boolean {
  return id.startsWith("metric:") && runs.some((run) => isNumber(axisValue(run, id)));
}

/** Whether neither a bound nor a value says what an axis spans. */
export function isBlank(axis: NumberAxis): boolean {
  return axis.lowest > axis.highest;
}

/** Runs' places on an axis, 0 at its foot; null for the lane of what has no place (missing, NaN). */
export function placer(axis: Axis): (run: RunView) => number | null {
  if (axis.kind === "number") {
    return (run) => {
      const value = axisValue(run, axis.id);
      return value === undefined || value === null ? null : numberPlace(axis, asNumber(value));
    };
  }
  const at = new Map(
    axis.levels.map(({ label }, index) => [label, (index + 0.5) / axis.levels.length]),
  );
  return (run) => {
    const value = axisValue(run, axis.id);
    return value === undefined ? null : (at.get(levelLabel(value)) ?? null);
  };
}

/** A number's place on an axis, at its end if it lies beyond it; null where it has none. */
export function numberPlace({ log, low, high }: NumberAxis, value: number): number | null {
  if (!Number.isFinite(value) || (log && value <= 0)) return null;
  return Math.min(1, Math.max(0, shareOf(value, low, high, log)));
}

/** The number at a place on an axis. */
export function numberAt({ log, low, high }: NumberAxis, at: number): number {
  if (!log) return low + at * (high - low);
  if (at <= 0 || at >= 1) return at <= 0 ? low : high;
  return Math.exp(Math.log(low) + at * (Math.log(high) - Math.log(low)));
}

function spanOf(
  values: readonly number[],
  parameter: ParameterView | undefined,
  goal: Goal | null,
): Omit<NumberAxis, "kind" | "id" | "label"> {
  const log = parameter?.log ?? false;
  let low = parameter?.low ?? Infinity;
  let high = parameter?.high ?? -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const integer = parameter?.integer ?? false;
  if (!(low <= high)) return { log: false, integer, low: 0, high: 1, lowest: low, highest: high };
  const [lowest, highest] = [low, high];
  [low, high] = [drawable(low), drawable(high)];
  // One diverged run must not press all others onto a point.
  if (!parameter) [low, high] = fenced(values.map(drawable), low, high, goal);
  // A log distribution whose bound is zero or less has no log axis to stand on.
  const onLog = log && low > 0;
  if (onLog) [low, high] = [Math.max(LEAST, low), Math.max(LEAST, high)];
  if (isPoint(low, high) || (onLog && isPoint(Math.log(low), Math.log(high)))) {
    const room = isPoint(0, Math.abs(low)) ? 1 : Math.abs(low) / 2;
    const [foot, top] = onLog ? [low / 2, high * 2] : [low - room, high + room];
    return { log: onLog, integer, low: foot, high: top, lowest, highest };
  }
  return { log: onLog, integer, low, high, lowest, highest };
}

/**
 * The extremes, cut three interquartile ranges beyond the quartiles (Tukey's outer fence); not on the
 * better side of a goal, where what lies far from all others is what one looks for.
 */
function fenced(
  values: readonly number[],
  low: number,
  high: number,
  goal: Goal | null,
): [number, number] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const [lower, upper] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
  if (sorted.length < 5 || isPoint(lower, upper)) return [low, high];
  const reach = 3 * (upper - lower);
  const inside = sorted.filter((value) => value >= lower - reach && value <= upper + reach);
  return [
    goal === "minimize" ? low : (inside[0] ?? low),
    goal === "maximize" ? high : (inside.at(-1) ?? high),
  ];
}

function asNumber(value: Json): number {
  return isNumber(value) ? (toFloat(value as WireNumber) ?? Number.NaN) : Number.NaN;
}

/** A number of the wire: the words for what JSON lacks are numbers too. */
export function isNumber(value: Json | undefined): boolean {
  return (
    typeof value === "number" || value === "NaN" || value === "Infinity" || value === "-Infinity"
  );
}
