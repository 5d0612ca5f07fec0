/** The links of all open notebooks, not only of the active one. */
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { ISweepLinks, KernelLink } from "./link";

/** Call `opened` with the link of each notebook that is open and of each that will be; once a link. */
export function eachLink(
  tracker: INotebookTracker,
  links: ISweepLinks,
  opened: (link: KernelLink, panel: NotebookPanel) => void,
): void {
  const seen = new WeakSet<KernelLink>();
  const look = (panel: NotebookPanel): void => {
    const link = links.of(panel.sessionContext);
    if (seen.has(link)) return;
    seen.add(link);
    opened(link, panel);
  };
  tracker.forEach(look);
  tracker.widgetAdded.connect((_tracker, panel) => {
    look(panel);
  });
}
