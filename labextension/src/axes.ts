/**
 * What runs can be laid out along: swept parameters, summary metrics, constants, duration.
 *
 * In: the state. Out: Axes with their scale and levels, and a run's place (0..1) on an axis. Shared
 * by the parallel coordinates, the slices, the table and the brushes. Nothing here draws.
 */
import { formatConfigValue } from "./format";
import { toFloat, type Json, type ParameterView, type RunView, type WireNumber } from "./protocol";
import type { DashboardState } from "./state";

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
}

export interface CategoryAxis {
  readonly kind: "category";
  readonly id: AxisId;
  readonly label: string;
  /** In the order of the axis, from its foot: numbers ascending, all else as the config has them. */
  readonly levels: readonly Level[];
}

export interface Level {
  /** What is shown, and what brushes name it by: unique on its axis. */
  readonly label: string;
  readonly value: Json;
}

export type Axis = NumberAxis | CategoryAxis;

/** The swept parameters in the config's order, then the metric: what is shown unasked. */
export function defaultAxes(state: DashboardState): AxisId[] {
  const sweep = state.sweep;
  const ids: AxisId[] = (sweep?.parameters ?? []).map(({ name }): AxisId => `param:${name}`);
  if (sweep?.metric) ids.push(`metric:${sweep.metric.name}`);
  return ids;
}

/** Every axis there is to choose from: the default ones, other summary metrics, constants, time. */
export function everyAxis(state: DashboardState): AxisId[] {
  const ids = new Set<AxisId>(defaultAxes(state));
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
  return id.startsWith("metric:") ? run.summary[name] : run.config[name];
}

/** An axis over the given runs. */
export function axisOf(state: DashboardState, id: AxisId): Axis {
  const runs = [...state.runs.values()];
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
  if (parameter || values.every((value) => value === null || isNumber(value))) {
    return { kind: "number", id, label, ...spanOf(values.map(asNumber), parameter) };
  }
  return { kind: "category", id, label, levels: levelsOf(values) };
}

/** A run's place on an axis, 0 at its foot; null for the lane of what has no place (missing, NaN). */
export function place(axis: Axis, run: RunView): number | null {
  const value = axisValue(run, axis.id);
  if (value === undefined || value === null)
    return axis.kind === "category" ? levelPlace(axis, value) : null;
  if (axis.kind === "category") return levelPlace(axis, value);
  return numberPlace(axis, asNumber(value));
}

/** A number's place on an axis; null where it has none. */
export function numberPlace({ log, low, high }: NumberAxis, value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (!log) return (value - low) / (high - low);
  return value > 0 ? Math.log(value / low) / Math.log(high / low) : null;
}

/** The number at a place on an axis. */
export function numberAt({ log, low, high }: NumberAxis, at: number): number {
  return log ? low * (high / low) ** at : low + at * (high - low);
}

function levelPlace(axis: CategoryAxis, value: Json | undefined): number | null {
  if (value === undefined) return null;
  const label = levelLabel(value);
  const index = axis.levels.findIndex((level) => level.label === label);
  return index < 0 ? null : (index + 0.5) / axis.levels.length;
}

export function levelLabel(value: Json): string {
  return formatConfigValue(value);
}

function levelsOf(values: readonly Json[]): Level[] {
  const levels = new Map<string, Level>();
  for (const value of values) {
    const label = levelLabel(value);
    if (!levels.has(label)) levels.set(label, { label, value });
  }
  const found = [...levels.values()];
  return found.every(({ value }) => typeof value === "number")
    ? found.sort((a, b) => Number(a.value) - Number(b.value))
    : found;
}

function spanOf(
  values: readonly number[],
  parameter: ParameterView | undefined,
): Pick<NumberAxis, "log" | "integer" | "low" | "high"> {
  const log = parameter?.log ?? false;
  let low = parameter?.low ?? Infinity;
  let high = parameter?.high ?? -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const integer = parameter?.integer ?? false;
  if (!(low <= high)) return { log: false, integer, low: 0, high: 1 };
  // A log distribution whose bound is zero or less has no log axis to stand on.
  const onLog = log && low > 0;
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) / 2;
    return { log: onLog, integer, low: low - room, high: high + room };
  }
  return { log: onLog, integer, low, high };
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
