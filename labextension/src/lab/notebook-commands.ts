/** Commands that write cells: the example, a notebook of it, and a sweep of the selected cells' training code. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import { addBelowIcon } from "@jupyterlab/ui-components";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import { UUID } from "@lumino/coreutils";
import { loadCell, notebookOf, type KernelSpec } from "./cells";
import { INSERT_EXAMPLE, NEW_EXAMPLE, NEW_SWEEP } from "./command-ids";
import { EXAMPLE } from "./example";
import { sweepIcon } from "./icons";
import { insertCells, setUp } from "./inserting";
import type { ISweepLinks } from "./link";
import { newSweep, type NoSweep } from "./new-sweep";
import type { ISweepSettings } from "./settings";

const NO_ARGUMENTS = { args: { type: "object" as const, properties: {} } };

export function addNotebookCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  links: ISweepLinks,
  settings: ISweepSettings,
  trans: TranslationBundle,
): void {
  const { commands } = app;
  const here = (): NotebookPanel | null => tracker.currentWidget;
  const before = ({ content, sessionContext }: NotebookPanel): string[] =>
    setUp(content, links.of(sessionContext).state === "live", settings.values.storage);

  commands.addCommand(INSERT_EXAMPLE, {
    label: trans.__("Insert an Example Sweep"),
    caption: trans.__("Insert cells that define and train a sweep below the active cell"),
    icon: addBelowIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => here() !== null,
    execute: () => {
      const panel = here();
      if (panel) insertCells(panel.content, [...before(panel), ...EXAMPLE]);
    },
  });

  commands.addCommand(NEW_SWEEP, {
    label: trans.__("New Sweep from This Cell"),
    caption: trans.__(
      "Find the hyperparameters of the selected cells and insert cells that sweep them",
    ),
    icon: sweepIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => here()?.content.activeCell?.model.type === "code",
    execute: () => {
      const panel = here();
      if (!panel) return;
      const { content } = panel;
      const selected = content.widgets.filter(
        (cell) => content.isSelectedOrActive(cell) && cell.model.type === "code",
      );
      const sweep = newSweep(selected.map(({ model }) => model.sharedModel.getSource()));
      if (typeof sweep === "string") {
        Notification.warning(whyNot(sweep, trans), { autoClose: 10_000 });
        return;
      }
      const last = selected[selected.length - 1];
      if (last) content.activeCellIndex = content.widgets.indexOf(last);
      const load = before(panel);
      insertCells(content, [...load, sweep.define, sweep.train]);
      content.activeCellIndex += load.length; // the define cell is what is edited first
      if (!sweep.logs)
        Notification.warning(
          trans.__(
            'The code logs no metric: add log({"%1": …}) to the training cell.',
            sweep.metric.name,
          ),
          { autoClose: 15_000 },
        );
    },
  });

  commands.addCommand(NEW_EXAMPLE, {
    label: (args) =>
      args.isPalette === true ? trans.__("New Sweep Example") : trans.__("Sweep Example"),
    caption: trans.__("A new notebook that defines and trains a small sweep"),
    icon: (args) => (args.isPalette === true ? undefined : sweepIcon),
    describedBy: {
      args: {
        type: "object",
        properties: { cwd: { type: "string", description: trans.__("The folder for it") } },
      },
    },
    execute: async (args) => {
      const { contents } = app.serviceManager;
      const kernel = await pythonKernel(app);
      if (!kernel) {
        Notification.error(trans.__("The server has no Python kernel for a notebook with sweeps."));
        return undefined;
      }
      const cwd = typeof args.cwd === "string" ? args.cwd : "";
      const { path } = await contents.newUntitled({ path: cwd, type: "notebook" });
      const cells = [loadCell(settings.values.storage), ...EXAMPLE];
      await contents.save(path, {
        type: "notebook",
        format: "json",
        content: notebookOf(cells, kernel, () => UUID.uuid4()),
      });
      return commands.execute("docmanager:open", { path, factory: "Notebook" }) as Promise<unknown>;
    },
  });
}

/** The server's default kernel if it is Python, else its first that is. */
async function pythonKernel(app: JupyterFrontEnd): Promise<KernelSpec | null> {
  const { kernelspecs } = app.serviceManager;
  await kernelspecs.ready;
  const specs = kernelspecs.specs;
  const all = Object.values(specs?.kernelspecs ?? {}).filter((spec) => spec?.language === "python");
  const spec = all.find((each) => each?.name === specs?.default) ?? all[0];
  return spec
    ? { name: spec.name, display_name: spec.display_name, language: spec.language }
    : null;
}

function whyNot(reason: NoSweep, trans: TranslationBundle): string {
  switch (reason) {
    case "empty":
      return trans.__("The cell has no training code: select the cell, or cells, that train.");
    case "sweep already":
      return trans.__("The cell defines a sweep already.");
    case "no constants":
      return trans.__(
        "No constants that look like hyperparameters were found (as lr = 1e-3, batch_size = 64, Dropout(0.2)). Select the cells that set them together with the one that trains.",
      );
  }
}
