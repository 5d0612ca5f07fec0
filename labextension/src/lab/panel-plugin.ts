/** The plugin `nbsweep-labextension:panel`: the Sweeps panel in the left sidebar, and sweeps' dashboards as tabs. */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import {
  ICommandPalette,
  IThemeManager,
  MainAreaWidget,
  WidgetTracker,
} from "@jupyterlab/apputils";
import { INotebookTracker, NotebookActions, type NotebookPanel } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";
import { INSERT_EXAMPLE, OPEN_DASHBOARD, SHOW_PANEL } from "./command-ids";
import { DashboardTab } from "./dashboard-tab";
import { EXAMPLE } from "./example";
import { sweepIcon } from "./icons";
import { ISweepLinks } from "./link";
import { SweepsPanel } from "./panel";
import type { Way } from "./panel-model";

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:panel",
  description: "The Sweeps panel, and dashboards as tabs.",
  autoStart: true,
  requires: [INotebookTracker, ISweepLinks],
  optional: [ITranslator, ILayoutRestorer, ILabShell, ICommandPalette, IThemeManager],
  activate,
};

type Tab = MainAreaWidget<DashboardTab>;

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  links: ISweepLinks,
  translator: ITranslator | null,
  restorer: ILayoutRestorer | null,
  labShell: ILabShell | null,
  palette: ICommandPalette | null,
  themes: IThemeManager | null,
): void {
  const { commands, shell } = app;
  const trans = (translator ?? nullTranslator).load("nbsweep");
  const tabs = new WidgetTracker<Tab>({ namespace: "nbsweep-dashboards" });

  const find = (path: string): NotebookPanel | null =>
    notebooks.find(({ context }) => context.path === path) ?? null;
  const go = (way: Way, panel: NotebookPanel | null): void => {
    if (!panel) return;
    if (way === "kernel") void commands.execute("notebook:change-kernel");
    if (way === "example") void commands.execute(INSERT_EXAMPLE);
    if (way === "load") load(panel);
  };

  const panel = new SweepsPanel(
    links,
    {
      open: ({ id, name }) => {
        const path = notebooks.currentWidget?.context.path ?? "";
        void commands.execute(OPEN_DASHBOARD, { sweep: id, name, path });
      },
      go: (way) => {
        go(way, notebooks.currentWidget);
      },
      notebook: () => nameOf(notebooks.currentWidget?.context.path ?? ""),
      example: EXAMPLE,
    },
    trans,
  );
  panel.title.icon = sweepIcon;
  panel.title.caption = trans.__("Sweeps");
  shell.add(panel, "left", { rank: 550, type: "Sweeps" });
  restorer?.add(panel, panel.id);
  themes?.themeChanged.connect(() => {
    panel.update();
  });

  const open = (sweep: string, path: string, name: string): Tab => {
    const known = tabs.find(({ content }) => content.sweepId === sweep);
    if (known) {
      if (known.content.path !== path && find(path)) known.content.rebind(path);
      return known;
    }
    const content = new DashboardTab(
      ...([sweep, path, name, links] as const),
      {
        find,
        go: (way, of) => {
          if (way === "open") void commands.execute("docmanager:open", { path: of });
          else go(way, find(of));
        },
      },
      trans,
    );
    const tab: Tab = new MainAreaWidget({ content });
    tab.id = `nbsweep-dashboard-${sweep}`;
    tab.title.icon = sweepIcon;
    tab.toolbar.hide();
    void tabs.add(tab);
    // What a layout keeps of it: a name and a path may change.
    content.title.changed.connect(() => void tabs.save(tab));
    shell.add(tab, labShell ? "main" : "right", { type: "Sweep Dashboard" });
    return tab;
  };
  notebooks.widgetAdded.connect((_notebooks, added) => {
    void added.revealed.then(look, look);
    look();
  });
  function look(): void {
    tabs.forEach(({ content }) => {
      content.follow();
    });
  }

  commands.addCommand(SHOW_PANEL, {
    label: trans.__("Show the Sweeps Panel"),
    caption: trans.__("All sweeps of the active notebook's store"),
    icon: sweepIcon,
    describedBy: { args: { type: "object", properties: {} } },
    execute: () => {
      shell.activateById(panel.id);
    },
  });
  commands.addCommand(OPEN_DASHBOARD, {
    label: trans.__("Open the Sweep's Dashboard"),
    caption: trans.__("In a tab, of the newest sweep or of the one that is named"),
    icon: sweepIcon,
    describedBy: {
      args: {
        type: "object",
        properties: {
          sweep: { type: "string", description: trans.__("Id; the newest by default") },
          path: { type: "string", description: trans.__("Of the notebook; the active by default") },
          name: { type: "string", description: trans.__("What the tab is called at first") },
        },
      },
    },
    isEnabled: (args) => typeof args.sweep === "string" || (links.active?.sweeps.length ?? 0) > 0,
    execute: (args: ReadonlyPartialJSONObject) => {
      const newest = links.active?.sweeps[0];
      const sweep = text(args.sweep) ?? newest?.id;
      if (sweep === undefined) return;
      const named = links.active?.sweeps.find(({ id }) => id === sweep)?.name;
      const path = text(args.path) ?? notebooks.currentWidget?.context.path ?? "";
      const tab = open(sweep, path, text(args.name) ?? named ?? sweep);
      shell.activateById(tab.id);
      return tab;
    },
  });
  for (const command of [SHOW_PANEL, OPEN_DASHBOARD])
    palette?.addItem({ command, category: "nbsweep" });
  void restorer?.restore(tabs, {
    command: OPEN_DASHBOARD,
    args: ({ content }) => ({
      ...{ sweep: content.sweepId, path: content.path, name: content.title.label },
    }),
    name: ({ content }) => content.sweepId,
  });
}

/** Below the active cell, and run: so that the notebook has what it needs when it is run again. */
function load({ content, sessionContext }: NotebookPanel): void {
  NotebookActions.insertBelow(content);
  NotebookActions.changeCellType(content, "code");
  content.activeCell?.model.sharedModel.setSource("%load_ext nbsweep");
  void NotebookActions.run(content, sessionContext);
}

function nameOf(path: string): string {
  return path.split("/").pop() ?? path;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
