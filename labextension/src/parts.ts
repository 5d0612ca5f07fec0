/**
 * What the dashboard hands its parts (header, curves, table, …) and what they may ask of it.
 *
 * Data go down as one Frame a redraw; wishes go up as Actions. A part holds no state of the sweep:
 * only its own elements. ViewState is what the user chose; it outlives a re-rendered view, and each
 * panel keeps its own choices in its own member of it.
 */
import type { AxisId } from "./axes";
import type { ThemeName } from "./color";
import type { CommandName, Goal, RunView } from "./protocol";
import type { Column, Sort } from "./rows";
import type { Brushes } from "./selection";
import type { DashboardState } from "./state";

/**
 * What curves are drawn against: the step, seconds since the run began, any logged key (as epoch);
 * "runs" is the history of the search: each run's value and the best so far.
 */
export type CurveX = "step" | "time" | "runs" | `key:${string}`;

export interface Zoom {
  readonly x: readonly [number, number];
  /** null: as the values need it. */
  readonly y: readonly [number, number] | null;
  /** What was drawn: to the values of another key its y says nothing. */
  readonly key: string | null;
}

export interface ParallelView {
  /** The axes from left to right; null as long as the user has not moved, added or hidden one. */
  readonly axes: readonly AxisId[] | null;
  readonly inverted: ReadonlySet<AxisId>;
}

export interface ImportanceView {
  readonly sort: "name" | "importance" | "correlation";
  readonly descending: boolean;
  /** Categorical parameters whose levels are shown. */
  readonly expanded: ReadonlySet<string>;
}

export interface SlicesView {
  /** All parameters are shown, not the first ones alone. */
  readonly all: boolean;
}

export interface ViewState {
  /** The picked key; null as long as the user has not picked one. */
  key: string | null;
  x: CurveX;
  zoom: Zoom | null;
  logY: boolean;
  smoothing: number;
  sort: Sort | null;
  /** The table's columns; null as long as the user has not chosen. */
  columns: readonly Column[] | null;
  expanded: ReadonlySet<string>;
  filter: string;
  brushes: Brushes;
  /** The run that stays lit when the pointer is nowhere. */
  picked: string | null;
  /** The summary metric that colours runs and that importance and slices are about; null: the sweep's. */
  metric: string | null;
  parallel: ParallelView;
  importance: ImportanceView;
  slices: SlicesView;
  /** How many rows the table has at most. */
  rows: number;
  /** How many runs are offered to be added. */
  adding: number;
}

/** More rows than these are shown when asked for: a page of 10,000 rows is nobody's. */
export const ROWS_AT_ONCE = 100;

/** What a new dashboard begins with; the JupyterLab extension sets it from the user's settings. */
export const defaults: { x: CurveX } = { x: "step" };

export function initialView(): ViewState {
  return {
    ...{ key: null, x: defaults.x, zoom: null, logY: false, smoothing: 0 },
    ...{ sort: null, columns: null, expanded: new Set(), filter: "" },
    ...{ brushes: new Map(), picked: null, metric: null },
    parallel: { axes: null, inverted: new Set() },
    importance: { sort: "importance", descending: true, expanded: new Set() },
    slices: { all: false },
    rows: ROWS_AT_ONCE,
    adding: 5,
  };
}

export interface Colors {
  readonly surface: string;
  readonly dim: string;
}

export interface Frame {
  /** Grows with everything but lighting up, brushing and the clock: what is dear is drawn again only then. */
  readonly revision: number;
  /** Grows when the selection (brushes, filter) changes. */
  readonly selectionRevision: number;
  readonly state: DashboardState;
  /** All runs by number. */
  readonly runs: readonly RunView[];
  readonly view: ViewState;
  readonly theme: ThemeName;
  /** What canvases paint beside runs: read from the style sheet once a theme, for reading it is dear. */
  readonly colors: Colors;
  /** The summary metric that colours, and which way it is better. */
  readonly metric: string | null;
  readonly goal: Goal;
  /** A run's place on the metric's scale: 1 is best, null unknown. */
  readonly shades: ReadonlyMap<string, number | null>;
  /** The runs inside all brushes and the filter; all others fade. null: nothing is brushed. */
  readonly selection: ReadonlySet<string> | null;
  /** The run under the pointer anywhere, else the picked one: it lights up everywhere. */
  readonly lit: string | null;
  readonly now_ms: number;
}

export interface Actions {
  command(command: CommandName, options?: { readonly run?: string; readonly count?: number }): void;
  change(view: Partial<ViewState>): void;
  /** Change the brushes; as cheap as it can be, for a drag calls it every frame. */
  brush(brushes: Brushes): void;
  hover(run: string | null): void;
  /** A clicked run stays lit; clicked again it does not. */
  pick(run: string): void;
  /** Ask the kernel for a define cell of the brushed region. */
  narrow(): void;
  /** Ask the kernel for finer points of a key between two steps. */
  askZoom(key: string, from: number, until: number): void;
  /** Code for the user: below the cell where a labextension listens, else shown to copy. */
  offerCell(title: string, code: string): void;
  /** Code for the user, shown to copy. */
  showCode(title: string, code: string): void;
  /** Ask the kernel for what a run printed, its traceback and its config. */
  askDetail(run: string): void;
  dismissCell(): void;
  dismissNotice(): void;
}

export interface Part {
  readonly node: HTMLElement;
  update(frame: Frame): void;
  dispose?(): void;
}

/** Draws parts. One that throws must not keep the others from the user: it is told of, once. */
export function createDrawing(): (parts: readonly Part[], frame: Frame) => void {
  const told = new WeakSet<Part>();
  return (parts, frame) => {
    for (const part of parts) {
      try {
        part.update(frame);
      } catch (error) {
        if (!told.has(part)) console.error("nbsweep: part of the dashboard cannot be drawn", error);
        told.add(part);
      }
    }
  };
}
