/**
 * What the panel does to a sweep: each asks the kernel and tells in words what was refused.
 */
import { Clipboard, Dialog, Notification, showDialog } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { copyString } from "../cell-panel";
import type { KernelLink } from "./link";
import { isAtWork, standingOf } from "./panel-model";
import type { SweepItem } from "./wire";

export type ActionName = "pause" | "resume" | "stop" | "copy" | "export" | "delete";

/** Whether it makes sense for a sweep in this state. */
export function possible(action: ActionName, item: SweepItem): boolean {
  switch (action) {
    case "pause":
      return item.state === "running" && isAtWork(item);
    case "resume":
      return item.state === "paused" || isLeftUndone(item);
    case "stop":
      return item.state === "paused" || isAtWork(item);
    case "delete":
      return item.running_count === 0;
    default:
      return true;
  }
}

/** Stopped by a person, with runs left that nobody has begun. */
function isLeftUndone(item: SweepItem): boolean {
  const some = item.total === null || item.runs < item.total;
  return standingOf(item) === "stopped" && item.running_count === 0 && some;
}

export class SweepActions {
  constructor(private readonly trans: TranslationBundle) {}

  async run(action: ActionName, link: KernelLink, item: SweepItem): Promise<void> {
    try {
      await this[action](link, item);
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error));
    }
  }

  private async pause(link: KernelLink, { id }: SweepItem): Promise<void> {
    await link.request("pause", { sweep: id });
  }

  private async resume(link: KernelLink, { id, name }: SweepItem): Promise<void> {
    const said = await link.request<string>("resume", { sweep: id });
    Notification.info(`${name}: ${said}`, { autoClose: 5000 });
  }

  /** Ends runs that train, so it asks how. */
  private async stop(link: KernelLink, { id, name, running_count }: SweepItem): Promise<void> {
    const { trans } = this;
    let afterCurrent = false;
    if (running_count > 0) {
      const later = trans.__("Let Them Finish");
      const { button } = await showDialog({
        title: trans.__("Stop sweep %1?", name),
        body: trans._n("%1 run is training.", "%1 runs are training.", running_count),
        buttons: [
          Dialog.cancelButton(),
          Dialog.okButton({ label: later }),
          Dialog.warnButton({ label: trans.__("End Them Now") }),
        ],
        defaultButton: 1,
      });
      if (!button.accept) return;
      afterCurrent = button.label === later;
    }
    await link.request("stop", { sweep: id, after_current: afterCurrent });
  }

  private async copy(_link: KernelLink, { id }: SweepItem): Promise<void> {
    if (!(await copyString(id))) Clipboard.copyToSystem(id);
  }

  /** A download, as people expect of the word: the browser may run on another machine than the kernel. */
  private async export(link: KernelLink, { id }: SweepItem): Promise<void> {
    const { name, text } = await link.request<{ name: string; text: string }>("export", {
      sweep: id,
    });
    const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = fileName(name);
    anchor.click();
    URL.revokeObjectURL(url);
  }

  private async delete(link: KernelLink, { id, name, runs }: SweepItem): Promise<void> {
    const { trans } = this;
    const { button } = await showDialog({
      title: trans.__("Delete sweep %1?", name),
      body: trans._n(
        "It is deleted with its %1 run and all that the run logged, for good.",
        "It is deleted with its %1 runs and all that they logged, for good.",
        runs,
      ),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__("Delete") })],
      defaultButton: 0,
    });
    if (button.accept) await link.request("delete", { sweep: id });
  }
}

/** A sweep's name as a file's: what no file system takes becomes a dash. */
export function fileName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = name.replace(/[\u0000-\u001f<>:"/\\|?*]+/g, "-").replace(/^[.\s-]+|[.\s-]+$/g, "");
  return `${plain.slice(0, 100) || "sweep"}.csv`;
}
