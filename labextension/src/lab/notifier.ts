/**
 * Tells events of sweeps: as JupyterLab's notification, and as the browser's where the user wants it and looks elsewhere.
 *
 * The same event reaches several: two notebooks on one store, two tabs on one kernel. In one page it is told once by its
 * key; among pages the first to take a lock of that name tells it, and those that are seen are quicker than the hidden.
 */
import { Notification as LabNotification } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatNumber } from "../format";
import type { SweepItem } from "./link";
import type { ISweepSettings } from "./settings";
import type { SweepEvent } from "./sweep-events";

/** How long a page that nobody sees leaves an event to one that is seen. */
const HIDDEN_WAITS_MS = 500;
/** How long the page that told an event keeps others from telling it; lists arrive within half a second. */
const TOLD_MS = 5000;

export class Notifier {
  private readonly told = new Set<string>();

  constructor(
    private readonly settings: ISweepSettings,
    private readonly trans: TranslationBundle,
    private readonly open: (sweep: SweepItem) => void,
  ) {}

  tell(event: SweepEvent): void {
    if (!this.settings.values.notifications || this.told.has(event.key)) return;
    this.told.add(event.key);
    void first(event.key).then((mine) => {
      if (mine) this.show(event);
    });
  }

  private show({ kind, sweep }: SweepEvent): void {
    const { title, text } = this.words(kind, sweep);
    const options = {
      autoClose: kind === "failures" ? (false as const) : 15_000,
      actions: [
        {
          label: this.trans.__("Open Dashboard"),
          caption: this.trans.__("Open the dashboard of sweep %1", sweep.name),
          callback: (): void => {
            this.open(sweep);
          },
        },
      ],
    };
    const message = text === "" ? title : `${title}\n${text}`;
    if (kind === "failures") LabNotification.warning(message, options);
    else if (kind === "stopped") LabNotification.info(message, options);
    else LabNotification.success(message, options);
    if (this.settings.values.browserNotifications && !document.hasFocus())
      this.showInBrowser(title, text, sweep);
  }

  private showInBrowser(title: string, text: string, sweep: SweepItem): void {
    if (!browserCan() || Notification.permission !== "granted") return;
    try {
      const shown = new Notification(title, { body: text, tag: `nbsweep ${sweep.id}` });
      shown.onclick = (): void => {
        window.focus();
        this.open(sweep);
        shown.close();
      };
    } catch {
      // Chrome on Android knows the class and refuses the constructor; JupyterLab's own has told it.
    }
  }

  private words(kind: SweepEvent["kind"], sweep: SweepItem): { title: string; text: string } {
    const { name, best, metric, note } = sweep;
    const result =
      best === null ? "" : this.trans.__("Best %1: %2", metric ?? "", formatNumber(best));
    const runs = this.trans._n("%1 run", "%1 runs", sweep.runs, sweep.runs);
    switch (kind) {
      case "finished":
        return {
          title: this.trans.__("Sweep %1 has finished", name),
          text: [result, runs].filter(Boolean).join(" · "),
        };
      case "stopped":
        return {
          title: this.trans.__("Sweep %1 was stopped", name),
          text: [result, doneText(sweep, this.trans)].filter(Boolean).join(" · "),
        };
      case "target":
        return {
          title: this.trans.__("Sweep %1 has reached its target", name),
          text: [note, result].filter(Boolean).join(" "),
        };
      case "failures":
        return {
          title: this.trans.__("Sweep %1 is paused: too many runs failed", name),
          text: firstLine(note ?? ""),
        };
    }
  }
}

/** What was done of what was asked for; of an open-ended sweep what was done. */
function doneText({ finished, total }: SweepItem, trans: TranslationBundle): string {
  return total === null
    ? trans._n("%1 run done", "%1 runs done", finished)
    : trans.__("%1 of %2 runs done", finished, total);
}

/** Whether this browser has notifications at all (an insecure page has none). */
export function browserCan(): boolean {
  return "Notification" in window;
}

/** Without what its end announces: the traceback that follows is in the dashboard. */
function firstLine(text: string): string {
  return (text.split("\n", 1)[0] ?? "").replace(/\s*[^.;]*:\s*$/, "");
}

/** Whether this page is the one to tell it. Without locks (an insecure page) each page does. */
async function first(key: string): Promise<boolean> {
  if (document.hidden) await new Promise((done) => setTimeout(done, HIDDEN_WAITS_MS));
  const locks = (navigator as { locks?: LockManager }).locks;
  if (!locks) return true;
  return new Promise((decide) => {
    void locks.request(`nbsweep ${key}`, { ifAvailable: true }, async (lock) => {
      decide(lock !== null);
      if (lock) await new Promise((done) => setTimeout(done, TOLD_MS));
    });
  });
}
