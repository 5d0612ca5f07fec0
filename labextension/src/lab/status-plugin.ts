/** The status bar's line of the active notebook's sweeps. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IStatusBar } from "@jupyterlab/statusbar";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { SHOW_PANEL } from "./command-ids";
import { ISweepLinks } from "./link";
import { StatusItem } from "./status-item";

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:status",
  description: "The active notebook's sweeps in the status bar.",
  autoStart: true,
  requires: [ISweepLinks],
  optional: [IStatusBar, ITranslator],
  activate(
    app: JupyterFrontEnd,
    links: ISweepLinks,
    statusBar: IStatusBar | null,
    translator: ITranslator | null,
  ) {
    if (!statusBar) return;
    const item = new StatusItem(links, (translator ?? nullTranslator).load("nbsweep"), () => {
      void app.commands.execute(SHOW_PANEL);
    });
    statusBar.registerStatusItem("nbsweep-labextension:status", {
      item,
      align: "left",
      rank: 10,
      isActive: () => item.text !== "",
      activeStateChanged: item.changed,
    });
  },
};
