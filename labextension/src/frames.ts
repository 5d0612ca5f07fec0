/**
 * From the state and the user's choices to the Frame that all parts draw, as little anew as can be.
 *
 * In: state, view, revisions. Out: a Frame. Lighting up a run makes a new Frame around what the last
 * one had: runs, shades and selection are worked out only when their revision grows.
 */
import { axisValue, isNumber } from "./axes";
import { shades, type ThemeName } from "./color";
import { goalOf } from "./goals";
import type { Colors, Frame, ViewState } from "./parts";
import { toFloat, type Goal, type RunView, type WireNumber } from "./protocol";
import { selectRuns } from "./selection";
import type { DashboardState } from "./state";

export interface Moment {
  readonly revision: number;
  readonly selectionRevision: number;
  readonly state: DashboardState;
  readonly view: ViewState;
  readonly theme: ThemeName;
  readonly colors: Colors;
  readonly hovered: string | null;
  readonly now_ms: number;
}

export function createFrames(): (moment: Moment) => Frame {
  let last: Frame | null = null;
  return (moment) => {
    const { state, view, hovered, ...rest } = moment;
    const same = last?.revision === moment.revision;
    const metric = view.metric ?? state.sweep?.metric?.name ?? null;
    const goal = goalOf(metric, state.sweep);
    const runs = same ? last!.runs : [...state.runs.values()].sort((a, b) => a.number - b.number);
    const brushed = same && last!.selectionRevision === moment.selectionRevision;
    last = {
      ...{ ...rest, state, view, runs, metric, goal },
      shades: same ? last!.shades : shadesOf(runs, metric, goal),
      selection: brushed ? last!.selection : selectionOf(runs, view, last?.selection ?? null),
      lit: hovered ?? view.picked,
    };
    return last;
  };
}

/** The last one where nobody came or went: whoever waits for another selection must find it the same. */
function selectionOf(
  runs: readonly RunView[],
  view: ViewState,
  last: ReadonlySet<string> | null,
): ReadonlySet<string> | null {
  const found = selectRuns(runs, view.brushes, view.filter);
  const same = found && last?.size === found.size && [...found].every((id) => last.has(id));
  return same ? last : found;
}

function shadesOf(
  runs: readonly RunView[],
  metric: string | null,
  goal: Goal,
): ReadonlyMap<string, number | null> {
  const found = shades(
    runs.map((run) => (isResult(run) ? metricValue(run, metric) : null)),
    goal,
  );
  return new Map(runs.map((run, index) => [run.id, found[index] ?? null]));
}

/** A run's summary value of a metric; null where it has none. */
export function metricValue(run: RunView, metric: string | null): number | null {
  const value = metric === null ? undefined : axisValue(run, `metric:${metric}`);
  return isNumber(value) ? toFloat(value as WireNumber) : null;
}

/** The last value of a run that failed or was killed is no result: however good, it must not outshine the best. */
export function isResult({ state }: RunView): boolean {
  return state !== "failed" && state !== "crashed" && state !== "killed";
}
