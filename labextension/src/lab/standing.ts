/**
 * Who draws a sweep in a notebook's output, and what is said of how fresh it is.
 *
 * In: what is known of the widget, the kernel and the file. Out: a decision, and a line for people. The widget, where
 * this page's kernel put it up; else the kernel, where its store has the sweep; else what the file holds.
 */
import type { TranslationBundle } from "@jupyterlab/translation";
import type { LinkState } from "./link";

/** "here": made by this session's kernel; "gone": by one that has been restarted or has ended since. */
export type WidgetState = "here" | "gone" | "never here";

export interface Situation {
  readonly widget: WidgetState;
  readonly link: LinkState;
  /** The kernel's store has the sweep. */
  readonly listed: boolean;
}

export type Drawer = "widget" | "kernel" | "file";

export function drawer({ widget, link, listed }: Situation): Drawer {
  if (widget === "here") return "widget";
  if (link === "live" && listed) return "kernel";
  // What a widget drew stays when its kernel has gone, and is newer than what the file holds.
  return widget === "gone" ? "widget" : "file";
}

/** Why what is seen does not move on; empty while it does. */
export function stillness({ link, listed }: Situation, trans: TranslationBundle): string {
  switch (link) {
    case "live":
      return listed ? "" : trans.__("the kernel’s store has no such sweep");
    case "no-kernel":
      return trans.__("no kernel");
    case "other-language":
      return trans.__("the kernel is not Python");
    case "connecting":
      return trans.__("asking the kernel…");
    case "not-loaded":
      return trans.__("nbsweep is not loaded in the kernel (%load_ext nbsweep)");
    case "lost":
      return trans.__("the kernel does not answer");
    case "other-protocol":
      return trans.__("the kernel has another version of nbsweep");
  }
}

/** "2026-11-24 21:40", as the clock on the wall has it. */
export function minute(unix_s: number): string {
  const date = new Date(unix_s * 1000);
  if (Number.isNaN(date.getTime())) return "?";
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
