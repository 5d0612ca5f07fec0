/** The plugin `nbsweep-labextension:link`: one link a notebook, which all other parts share. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISweepLinks } from "./link";
import { SweepLinks } from "./session-link";

export const linkPlugin: JupyterFrontEndPlugin<ISweepLinks> = {
  id: "nbsweep-labextension:link",
  description: "Links notebooks to nbsweep in their kernels.",
  autoStart: true,
  provides: ISweepLinks,
  requires: [INotebookTracker],
  activate(_app: JupyterFrontEnd, tracker: INotebookTracker): ISweepLinks {
    const links = new SweepLinks();
    const follow = (): void => {
      links.activate(tracker.currentWidget?.sessionContext ?? null);
    };
    tracker.currentChanged.connect(follow);
    follow();
    return links;
  },
};
