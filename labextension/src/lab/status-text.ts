/** What the status bar says of a kernel's sweeps. Pure; the words are the translator's. */
import type { TranslationBundle } from "@jupyterlab/translation";
import { formatNumber, shortName } from "../format";
import type { SweepItem } from "./link";
import { isAtWork } from "./panel-model";

const NAME_LENGTH = 24;

type Words = Pick<TranslationBundle, "__" | "_n">;

/** "2 sweeps · 3 runs · best 0.031": what is running, and the best of the newest, by name when none is running; empty where there is nothing. */
export function statusText(sweeps: readonly SweepItem[], trans: Words): string {
  const at = sweeps.filter(isAtWork);
  const runs = at.reduce((sum, { running_count }) => sum + running_count, 0);
  const shown = current(at) ?? current(sweeps);
  const parts: string[] = [];
  if (at.length > 0) {
    parts.push(trans._n("%1 sweep", "%1 sweeps", at.length, at.length));
    parts.push(trans._n("%1 run", "%1 runs", runs, runs));
  }
  if (shown && shown.best !== null) {
    if (at.length === 0) parts.push(shortName(shown.name, NAME_LENGTH)); // else nothing says whose best it is
    parts.push(trans.__("best %1", formatNumber(shown.best)));
  }
  return parts.join(" · ");
}

/** The sweep that is meant where none is named: the newest of them. */
export function current(sweeps: readonly SweepItem[]): SweepItem | null {
  return sweeps.reduce<SweepItem | null>(
    (newest, each) => (newest === null || each.created_at > newest.created_at ? each : newest),
    null,
  );
}
