/**
 * What the Sweeps panel says, as plain data: which sweeps a filter leaves, how far one is, what stands there when there
 * is nothing to list. Nothing here knows a DOM.
 */
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatNumber } from "../format";
import { isStopped } from "../sweep-state";
import type { LinkState } from "./link";
import type { SweepItem } from "./wire";

/** Of a sweep's running runs so many have a line of their own. */
export const MOST_LINES = 4;

/** An id is drawn by lot: a letter or two would find strangers. */
const SHORTEST_ID = 3;

/** Each word of the filter is in the name, method, metric or state, or is how the id begins. */
export function matches(item: SweepItem, filter: string): boolean {
  const words = [item.name, item.method, item.metric ?? "", standingOf(item)];
  const text = words.join("\n").toLowerCase();
  const id = item.id.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word) || (word.length >= SHORTEST_ID && id.startsWith(word)));
}

/** Parts of a bar, 0..1 of what was asked for; null when nobody has said how many runs there will be. */
export interface SweepProgress {
  readonly finished: number;
  readonly failed: number;
  readonly running: number;
}

export function progressOf(item: SweepItem): SweepProgress | null {
  const { finished, failed, running_count: running, total } = item;
  if (total === null || total <= 0) return null;
  // More than was asked for: runs that were added, or trained by others.
  const all = Math.max(total, finished + failed + running);
  return { finished: finished / all, failed: failed / all, running: running / all };
}

/** “3 of 10 runs, 1 failed”: those begun, as the dashboard counts them. */
export function runsText(item: SweepItem, trans: TranslationBundle): string {
  const done = item.state === "finished" && item.runs === item.total;
  const runs =
    item.total === null || done
      ? trans._n("%1 run", "%1 runs", item.runs)
      : trans.__("%1 of %2 runs", item.runs, item.total);
  return item.failed > 0 ? trans.__("%1, %2 failed", runs, item.failed) : runs;
}

export function bestText(item: SweepItem): string {
  return item.best === null ? "" : formatNumber(item.best);
}

/** A sweep's state; of one that a person stopped, that; of one that goes on when somebody trains it, that it waits. */
export function standingOf(item: SweepItem): SweepItem["state"] | "stopped" | "waiting" {
  if (isStopped(item, item.finished, item.total)) return "stopped";
  return item.state === "running" && !isAtWork(item) ? "waiting" : item.state;
}

/** An agent is there, or a run of some other process runs. */
export function isAtWork({ active, running_count }: SweepItem): boolean {
  return active || running_count > 0;
}

export function stateText(item: SweepItem, trans: TranslationBundle): string {
  const words = {
    running: trans.__("running"),
    paused: trans.__("paused"),
    finished: trans.__("finished"),
    cancelled: trans.__("cancelled"),
    stopped: trans.__("stopped"),
    waiting: trans.__("waiting for an agent"),
  };
  return words[standingOf(item)];
}

/** What a screen reader is told of a row. */
export function rowLabel(item: SweepItem, trans: TranslationBundle): string {
  const best =
    item.best === null ? "" : trans.__("best %1 %2", item.metric ?? "", formatNumber(item.best));
  const parts = [item.name, item.method, stateText(item, trans), runsText(item, trans), best];
  return parts.filter((part) => part !== "").join(", ");
}

/** What a user can do from an empty panel, or from a tab whose kernel is not there. */
export type Way = "load" | "example" | "kernel" | "open";

export interface Empty {
  readonly text: string;
  readonly more?: string;
  readonly ways: readonly Way[];
  /** Show the example's cells. */
  readonly example?: boolean;
}

/**
 * What stands instead of the list, or above it while the link is lost; null where the list needs no words.
 * `state` is null when no notebook is open, `notebook` is its name; `trouble` is what is wrong with the store, of which
 * nobody knows then what is in it.
 */
export function emptyState(
  state: LinkState | null,
  count: number,
  notebook: string,
  trans: TranslationBundle,
  trouble: string | null = null,
): Empty | null {
  switch (state) {
    case null:
      return {
        text: trans.__("No notebook is open."),
        more: trans.__("The sweeps of the notebook that you work in are listed here."),
        ways: [],
      };
    case "no-kernel":
      return { text: trans.__("%1 has no kernel.", notebook), ways: ["kernel"] };
    case "connecting":
      return { text: trans.__("Asking the kernel of %1…", notebook), ways: [] };
    case "other-language":
      return {
        text: trans.__("The kernel of %1 is not Python.", notebook),
        more: trans.__("nbsweep trains in Python kernels."),
        ways: ["kernel"],
      };
    case "not-loaded":
      return {
        text: trans.__("nbsweep is not loaded in %1.", notebook),
        more: trans.__("Run a cell with %load_ext nbsweep, or let it be added and run."),
        ways: ["load", "example"],
      };
    case "lost":
      return {
        text: trans.__("The kernel of %1 is not connected.", notebook),
        more:
          count > 0
            ? trans.__("This is how the sweeps were.")
            : trans.__("The sweeps appear when it answers; what was logged is in the store."),
        ways: [],
      };
    case "other-protocol":
      return {
        text: trans.__("The kernel of %1 has another version of nbsweep.", notebook),
        more: trans.__("Restart the kernel and reload the page."),
        ways: [],
      };
    case "live":
      if (count > 0) return null;
      if (trouble !== null)
        return { text: trans.__("The sweeps appear when the store can be read."), ways: [] };
      return {
        text: trans.__("No sweeps yet."),
        more: trans.__("A sweep is two cells: what to try, and how to train."),
        ways: ["example"],
        example: true,
      };
  }
}
