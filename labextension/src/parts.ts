/**
 * What the dashboard hands its parts (header, curves, table) and what they may ask of it.
 *
 * Data go down as one Frame a redraw; wishes go up as Actions. A part holds no state of the sweep:
 * only its own elements. ViewState is what the user chose; it outlives a re-rendered view.
 */
import type { ThemeName } from "./color";
import type { CommandName, Goal } from "./protocol";
import type { Sort } from "./rows";
import type { DashboardState } from "./state";

export interface ViewState {
  /** The picked key; null as long as the user has not picked one. */
  key: string | null;
  logY: boolean;
  smoothing: number;
  sort: Sort | null;
  expanded: ReadonlySet<string>;
}

export function initialView(): ViewState {
  return { key: null, logY: false, smoothing: 0, sort: null, expanded: new Set() };
}

export interface Frame {
  /** Grows with everything but hovering and the clock: what is dear is drawn again only then. */
  readonly revision: number;
  readonly state: DashboardState;
  readonly view: ViewState;
  readonly theme: ThemeName;
  readonly goal: Goal;
  /** A run's place on the metric's scale: 1 is best, null unknown. */
  readonly shades: ReadonlyMap<string, number | null>;
  readonly hovered: string | null;
  readonly now_ms: number;
}

export interface Actions {
  command(command: CommandName, run?: string): void;
  change(view: Partial<ViewState>): void;
  hover(run: string | null): void;
  dismissNotice(): void;
}

export interface Part {
  readonly node: HTMLElement;
  update(frame: Frame): void;
}
