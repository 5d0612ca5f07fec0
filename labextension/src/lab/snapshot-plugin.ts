/**
 * Draws the dashboard from the snapshot that a notebook's output carries, and live where the kernel has the sweep.
 *
 * In: notebooks as they open, links to their kernels. Out: a renderer in each notebook's own registry, so that it knows
 * its session.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { DocumentRegistry } from "@jupyterlab/docregistry";
import type { INotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { DisposableDelegate, type IDisposable } from "@lumino/disposable";
import { MIME } from "../snapshot";
import { KernelWidgets } from "./kernel-widgets";
import { ISweepLinks } from "./link";
import { SnapshotRenderer } from "./snapshot-renderer";

/** Before Jupyter widgets, which have -10: the dashboard's output is both, and what is drawn is decided here. */
const RANK = -20;

export const snapshotPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:snapshot",
  description: "Draws a sweep's dashboard from the notebook, with or without a kernel.",
  autoStart: true,
  optional: [ISweepLinks, ITranslator],
  activate(app: JupyterFrontEnd, links: ISweepLinks | null, translator: ITranslator | null) {
    const trans = (translator ?? nullTranslator).load("nbsweep");
    const extension: DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> = {
      createNew(panel: NotebookPanel): IDisposable {
        const { rendermime } = panel.content;
        const widgets = new KernelWidgets(panel.sessionContext);
        const link = links?.of(panel.sessionContext) ?? null;
        rendermime.addFactory(
          {
            safe: true, // it writes text nodes and paints canvases, and runs nothing that a file holds
            mimeTypes: [MIME],
            createRenderer: () => new SnapshotRenderer({ rendermime, link, widgets, trans }),
          },
          RANK,
        );
        return new DisposableDelegate(() => {
          rendermime.removeMimeType(MIME);
          widgets.dispose();
        });
      },
    };
    app.docRegistry.addWidgetExtension("Notebook", extension);
  },
};
