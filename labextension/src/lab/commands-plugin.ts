/**
 * Commands, in the palette, in the launcher, and (by schema/settings.json) in the Run menu, in the cells' context menu
 * and on keys; and cells that dashboards offer, inserted into their notebook.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { addBrowserCommand } from "./browser-command";
import * as ids from "./command-ids";
import { sweepIconUrl } from "./icons";
import { takeOffers } from "./inserting";
import { ISweepLinks } from "./link";
import { addNotebookCommands } from "./notebook-commands";
import { ISweepSettings } from "./settings";
import { addSweepCommands } from "./sweep-commands";

const CATEGORY = "nbsweep";
/** The panel's plugin adds its own. */
const OWN = [
  ids.NEW_SWEEP,
  ids.INSERT_EXAMPLE,
  ids.NEW_EXAMPLE,
  ids.PAUSE,
  ids.RESUME,
  ids.STOP,
  ids.INSERT_BEST,
  ids.TOGGLE_BROWSER,
];

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:commands",
  description:
    "nbsweep's commands: new sweeps from training code, pausing and stopping, best configs.",
  autoStart: true,
  requires: [INotebookTracker, ISweepLinks, ISweepSettings],
  optional: [ICommandPalette, ILauncher, ITranslator],
  activate(
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    links: ISweepLinks,
    settings: ISweepSettings,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null,
  ) {
    const trans = (translator ?? nullTranslator).load("nbsweep");
    const lab = (translator ?? nullTranslator).load("jupyterlab");
    addNotebookCommands(app, tracker, links, settings, trans);
    addSweepCommands(app, tracker, links, trans);
    addBrowserCommand(app, settings, trans);
    takeOffers(tracker, (panel) => {
      app.shell.activateById(panel.id);
    });

    for (const command of OWN)
      palette?.addItem({ command, category: CATEGORY, args: { isPalette: true } });
    launcher?.add({
      command: ids.NEW_EXAMPLE,
      category: lab.__("Notebook"), // JupyterLab's own, in its words
      rank: 10,
      kernelIconUrl: sweepIconUrl,
    });
  },
};
