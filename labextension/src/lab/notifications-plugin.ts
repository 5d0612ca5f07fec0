/** Notifications of what happens to the sweeps of all open notebooks. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { OPEN_DASHBOARD } from "./command-ids";
import { ISweepLinks, type KernelLink, type SweepItem } from "./link";
import { Notifier } from "./notifier";
import { eachLink } from "./open-links";
import { ISweepSettings } from "./settings";
import { sweepEvents } from "./sweep-events";

export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:notifications",
  description:
    "Tells when sweeps have finished, are paused by failures, or have reached their target.",
  autoStart: true,
  requires: [ISweepLinks, ISweepSettings, INotebookTracker],
  optional: [ITranslator],
  activate(
    app: JupyterFrontEnd,
    links: ISweepLinks,
    settings: ISweepSettings,
    tracker: INotebookTracker,
    translator: ITranslator | null,
  ) {
    const trans = (translator ?? nullTranslator).load("nbsweep");
    eachLink(tracker, links, (link, { context }) => {
      const notifier = new Notifier(settings, trans, (sweep) => {
        void app.commands.execute(OPEN_DASHBOARD, {
          sweep: sweep.id,
          name: sweep.name,
          path: context.path,
        });
      });
      watch(link, notifier);
    });
  },
};

function watch(link: KernelLink, notifier: Notifier): void {
  let before: readonly SweepItem[] | null = null;
  let storage: string | null = null;
  link.sweepsChanged.connect((_link, sweeps) => {
    if (link.storage !== storage) before = null; // another store's sweeps are no news
    storage = link.storage;
    for (const event of sweepEvents(before, sweeps)) notifier.tell(event);
    before = sweeps;
  });
}
