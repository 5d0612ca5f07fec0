/**
 * What the page asks of the kernel because of what it shows: series of the keys that are drawn,
 * importance of the metric, what open rows show, and the selection that Python code reads.
 *
 * In: each Frame. Out: requests, each sent once; `again` after a reconnection, when the kernel may
 * have forgotten them all.
 */
import { axisName, axisOf } from "./axes";
import type { ConnectionToKernel } from "./connection";
import { chooseKey } from "./keys";
import type { Frame, ViewState } from "./parts";
import type { Json, NarrowRequest } from "./protocol";
import { selectRuns } from "./selection";
import type { DashboardState } from "./state";

const SELECTION_REST_MS = 150;
/** An answer that has not come for so long will not come: the kernel could not read the run. */
const DETAIL_PATIENCE_MS = 20000;

export interface Requests {
  update(frame: Frame): void;
  /** Ask for a run's details. */
  detail(run: string): void;
  /** Ask for them again, unless the last answer is still to come: a slow line would be asked faster than it answers. */
  nextDetail(run: string): void;
  /** A run's details have come. */
  answered(run: string): void;
  again(): void;
  dispose(): void;
}

export function createRequests(
  session: string,
  connection: Pick<ConnectionToKernel, "request" | "hello">,
): Requests {
  let metric: string | null = null;
  let selection: ReadonlySet<string> | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const asked_ms = new Map<string, number>(); // runs whose details are to come, and since when
  const detail = (run: string): void => {
    asked_ms.set(run, Date.now());
    connection.request({ type: "run_detail", session, run });
  };

  return {
    update(frame: Frame): void {
      const { wanted } = frame.state;
      const missing = drawnKeys(frame).filter((key) => !wanted.has(key));
      if (missing.length > 0) {
        const first = wanted.size === 0;
        for (const key of missing) wanted.add(key);
        // Unasked, the first snapshot has what is drawn until the user picks something else.
        if (!first || missing.some((key) => !frame.state.series.has(key))) connection.hello();
      }
      if (frame.metric !== null && frame.metric !== metric) {
        metric = frame.metric;
        connection.request({ type: "importance", session, metric });
      }
      if (frame.selection !== selection) {
        selection = frame.selection;
        clearTimeout(resting);
        const runs = selection && [...selection];
        resting = setTimeout(() => {
          connection.request({ type: "selection", session, runs });
        }, SELECTION_REST_MS);
      }
    },
    detail,
    nextDetail(run: string): void {
      if (Date.now() - (asked_ms.get(run) ?? -Infinity) >= DETAIL_PATIENCE_MS) detail(run);
    },
    answered(run: string): void {
      asked_ms.delete(run);
    },
    again(): void {
      asked_ms.clear();
      metric = null;
      selection = null;
    },
    dispose(): void {
      clearTimeout(resting);
    },
  };
}

/** The key of the curves, that of their x-axis, and the metric for the table's sparklines. */
function drawnKeys({ state, view }: Frame): string[] {
  const keys = state.sweep?.keys ?? {};
  const metric = state.sweep?.metric?.name ?? null;
  const drawn = chooseKey(new Map(Object.entries(keys)), metric, view.key);
  const x = view.x.startsWith("key:") ? view.x.slice("key:".length) : null;
  const found = [drawn, x, metric].filter((key): key is string => key !== null && key in keys);
  return [...new Set(found)];
}

/** What "search here next" asks for: the brushed parameters, and the runs inside. */
export function narrowRequest(
  state: DashboardState,
  view: ViewState,
  session: string,
): NarrowRequest {
  const ranges: Record<string, readonly [number, number]> = {};
  const levels: Record<string, Json[]> = {};
  for (const [id, brush] of view.brushes) {
    if (!id.startsWith("param:")) continue;
    const axis = axisOf(state, id);
    if (axis.kind === "category") {
      const chosen = axis.levels.filter(({ label }) => brush.levels.includes(label));
      if (chosen.length > 0) levels[axisName(id)] = chosen.map(({ value }) => value);
    } else if (brush.ranges.length > 0) {
      const low = Math.min(...brush.ranges.map(([from]) => from));
      const high = Math.max(...brush.ranges.map(([, to]) => to));
      ranges[axisName(id)] = [low, high];
    }
  }
  const runs = [...state.runs.values()];
  const inside = selectRuns(runs, view.brushes, view.filter);
  return { type: "narrow", session, ranges, levels, runs: inside ? [...inside] : [] };
}
