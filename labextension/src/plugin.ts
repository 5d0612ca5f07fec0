/**
 * The JupyterLab plugin: tokens in, commands out.
 *
 * Everything a user needs works without it (Colab and VS Code load no labextensions). It adds what
 * only JupyterLab can: a command that inserts an example sweep below the active cell, and cells that
 * a dashboard offers, inserted below it.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { INotebookTracker, NotebookActions, type Notebook } from "@jupyterlab/notebook";
import { INSERT_CELL } from "./insert-cell";
import { EXAMPLE } from "./lab/example";
import { linkPlugin } from "./lab/link-plugin";
import { panelPlugin } from "./lab/panel-plugin";
import { snapshotPlugin } from "./lab/snapshot-plugin";

export const INSERT_EXAMPLE = "nbsweep:insert-example";

const plugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep:plugin",
  description: "nbsweep: hyperparameter sweeps that live in the notebook.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate(app: JupyterFrontEnd, tracker: INotebookTracker, palette: ICommandPalette | null) {
    app.commands.addCommand(INSERT_EXAMPLE, {
      label: "nbsweep: insert an example sweep",
      caption: "Insert a %%sweep define cell and a %%sweep_train cell below the active cell",
      isEnabled: () => tracker.currentWidget !== null,
      describedBy: { args: { type: "object", properties: {} } },
      execute: () => {
        const notebook = tracker.currentWidget?.content;
        if (!notebook) return;
        for (const source of EXAMPLE) insertBelow(notebook, source);
      },
    });
    document.addEventListener(INSERT_CELL, (event) => {
      if (offered(event, tracker)) event.preventDefault();
    });
    palette?.addItem({ command: INSERT_EXAMPLE, category: "nbsweep" });
  },
};

/** A dashboard's code goes below the cell the dashboard stands in; whether there was such a cell. */
function offered(event: Event, tracker: INotebookTracker): boolean {
  const from = event.target;
  if (!(event instanceof CustomEvent) || !(from instanceof Node)) return false;
  const panel = tracker.find(({ node }) => node.contains(from));
  const notebook = panel?.content;
  const above = notebook?.widgets.findIndex(({ node }) => node.contains(from)) ?? -1;
  const { code } = event.detail as { code?: unknown };
  if (!notebook || above < 0 || typeof code !== "string") return false;
  notebook.activeCellIndex = above;
  insertBelow(notebook, code);
  void notebook.scrollToItem(notebook.activeCellIndex);
  return true;
}

function insertBelow(notebook: Notebook, source: string): void {
  NotebookActions.insertBelow(notebook);
  notebook.activeCell?.model.sharedModel.setSource(source);
}

export default [plugin, linkPlugin, panelPlugin, snapshotPlugin];
