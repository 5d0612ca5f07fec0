/** Cells into notebooks: below a cell, with nbsweep loaded before the first sweep; and what dashboards offer. */
import {
  NotebookActions,
  type INotebookTracker,
  type Notebook,
  type NotebookPanel,
} from "@jupyterlab/notebook";
import { INSERT_CELL } from "../insert-cell";
import { loadCell, loadsNbsweep } from "./cells";

/** A dashboard in a tab says by this attribute, on any node around it, which notebook it belongs to. */
export const NOTEBOOK_PATH = "data-nbs-notebook";

/**
 * Insert code cells below the active one. The first of them is active in the end, so that it is what is seen and edited.
 */
export function insertCells(notebook: Notebook, sources: readonly string[]): void {
  let firstIndex: number | null = null;
  for (const source of sources) {
    NotebookActions.insertBelow(notebook);
    NotebookActions.changeCellType(notebook, "code");
    notebook.activeCell?.model.sharedModel.setSource(source);
    firstIndex ??= notebook.activeCellIndex;
  }
  if (firstIndex === null) return;
  notebook.deselectAll();
  notebook.activeCellIndex = firstIndex;
  void notebook.scrollToItem(firstIndex);
}

/** The cell that loads nbsweep, for a notebook in which no cell does and whose kernel has not; else none. */
export function setUp(notebook: Notebook, loaded: boolean, storage: string): string[] {
  const sources = notebook.widgets.map(({ model }) => model.sharedModel.getSource());
  return loaded || loadsNbsweep(sources) ? [] : [loadCell(storage)];
}

/** Insert the cells that dashboards offer; returns what ends it. */
export function takeOffers(
  tracker: INotebookTracker,
  show: (panel: NotebookPanel) => void,
): () => void {
  const listener = (event: Event): void => {
    if (taken(event, tracker, show)) event.preventDefault();
  };
  document.addEventListener(INSERT_CELL, listener);
  return () => {
    document.removeEventListener(INSERT_CELL, listener);
  };
}

/**
 * A dashboard's code goes below the cell that the dashboard stands in; of a dashboard in a tab below the active cell of
 * the notebook that the tab belongs to. False where there is none: the dashboard then shows the code to copy.
 */
function taken(
  event: Event,
  tracker: INotebookTracker,
  show: (panel: NotebookPanel) => void,
): boolean {
  const from = event.target;
  if (!(event instanceof CustomEvent) || !(from instanceof Element)) return false;
  const { code } = event.detail as { code?: unknown };
  if (typeof code !== "string") return false;
  const around = tracker.find(({ node }) => node.contains(from));
  if (around) {
    const above = around.content.widgets.findIndex(({ node }) => node.contains(from));
    if (above < 0) return false;
    around.content.activeCellIndex = above;
    insertCells(around.content, [code]);
    return true;
  }
  const path = from.closest(`[${NOTEBOOK_PATH}]`)?.getAttribute(NOTEBOOK_PATH);
  const panel = path ? tracker.find(({ context }) => context.path === path) : undefined;
  if (!panel) return false;
  insertCells(panel.content, [code]);
  show(panel);
  return true;
}
