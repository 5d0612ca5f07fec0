/** Commands about the sweeps of the active notebook's kernel: its newest, or the one that the argument `sweep` names. */
import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Notification } from "@jupyterlab/apputils";
import type { INotebookTracker } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import {
  addBelowIcon,
  pauseIcon,
  runIcon,
  stopIcon,
  type LabIcon,
} from "@jupyterlab/ui-components";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";
import { INSERT_BEST, PAUSE, RESUME, STOP } from "./command-ids";
import { insertCells } from "./inserting";
import type { ISweepLinks, KernelLink, SweepItem } from "./link";
import { current } from "./status-text";
import { possible, type ActionName } from "./sweep-actions";

interface Steering {
  readonly id: string;
  readonly request: ActionName;
  readonly label: string;
  readonly caption: string;
  readonly icon: LabIcon;
}

export function addSweepCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  links: ISweepLinks,
  trans: TranslationBundle,
): void {
  const { commands } = app;
  const describedBy = {
    args: {
      type: "object" as const,
      properties: {
        sweep: {
          type: "string",
          description: trans.__("Id of the sweep; the newest it fits by default"),
        },
      },
    },
  };

  const steerings: readonly Steering[] = [
    {
      ...{ id: PAUSE, request: "pause", icon: pauseIcon },
      label: trans.__("Pause the Sweep"),
      caption: trans.__("Begin no more runs; those that are running go on"),
    },
    {
      ...{ id: RESUME, request: "resume", icon: runIcon },
      label: trans.__("Resume the Sweep"),
      caption: trans.__("Go on with a sweep that is paused or was stopped"),
    },
    {
      ...{ id: STOP, request: "stop", icon: stopIcon },
      label: trans.__("Stop the Sweep"),
      caption: trans.__("End the runs that are running and begin no more"),
    },
  ];
  for (const { id, request, ...looks } of steerings) {
    const meant = (args: ReadonlyPartialJSONObject): SweepItem | null =>
      pick(links.active, args, (sweep) => possible(request, sweep));
    commands.addCommand(id, {
      ...looks,
      describedBy,
      isEnabled: (args) => meant(args) !== null,
      execute: async (args) => {
        const sweep = meant(args);
        if (sweep && links.active) await ask(links.active, request, sweep);
      },
    });
  }

  const best = (args: ReadonlyPartialJSONObject): SweepItem | null =>
    pick(links.active, args, (sweep) => sweep.best !== null);
  commands.addCommand(INSERT_BEST, {
    label: trans.__("Insert the Best Config"),
    caption: trans.__(
      "Insert a cell with the config of the sweep's best run below the active cell",
    ),
    icon: addBelowIcon,
    describedBy,
    isEnabled: (args) => best(args) !== null && tracker.currentWidget !== null,
    execute: async (args) => {
      const sweep = best(args);
      const link = links.active;
      const panel = tracker.currentWidget;
      if (!sweep || !link || !panel) return;
      const run = await ask<{ readonly source: string } | null>(link, "best", sweep);
      if (run && !panel.isDisposed) insertCells(panel.content, [run.source]);
    },
  });

  // Menus and toolbars ask anew whether a command can be used only when they are told.
  const changed = (): void => {
    for (const id of [PAUSE, RESUME, STOP, INSERT_BEST]) commands.notifyCommandChanged(id);
  };
  let followed: KernelLink | null = null;
  const follow = (): void => {
    followed?.sweepsChanged.disconnect(changed);
    followed?.stateChanged.disconnect(changed);
    followed = links.active;
    followed?.sweepsChanged.connect(changed);
    followed?.stateChanged.connect(changed);
    changed();
  };
  links.activeChanged.connect(follow);
  follow();
}

/** The sweep that is named, or the newest that fits. */
export function pick(
  link: KernelLink | null,
  args: ReadonlyPartialJSONObject,
  fits: (sweep: SweepItem) => boolean,
): SweepItem | null {
  if (link?.state !== "live") return null;
  const named = args.sweep;
  return current(
    link.sweeps.filter((sweep) => fits(sweep) && (named === undefined || sweep.id === named)),
  );
}

/** Ask the kernel; what it refuses is shown in its own words. */
async function ask<T>(link: KernelLink, request: string, sweep: SweepItem): Promise<T | null> {
  try {
    return await link.request<T>(request, { sweep: sweep.id });
  } catch (error) {
    Notification.error(error instanceof Error ? error.message : String(error), {
      autoClose: 10_000,
    });
    return null;
  }
}
