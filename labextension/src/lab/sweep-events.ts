/**
 * What happened to sweeps between two lists of a kernel: what a person who looks elsewhere wants to be told.
 *
 * Pure. The first list of a link tells nothing: what is over when a page is opened is no news.
 */
import type { SweepItem } from "./link";
import { standingOf } from "./panel-model";

export type Happening = "finished" | "stopped" | "failures" | "target";

export interface SweepEvent {
  readonly kind: Happening;
  readonly sweep: SweepItem;
  /** The same for everyone who sees this event, so that it is told once. */
  readonly key: string;
}

/** Events from one list to the next; `before` is null where there was none. */
export function sweepEvents(
  before: readonly SweepItem[] | null,
  after: readonly SweepItem[],
): SweepEvent[] {
  if (before === null) return [];
  const known = new Map(before.map((sweep) => [sweep.id, sweep]));
  const newest = Math.max(-Infinity, ...before.map(({ created_at }) => created_at));
  const events: SweepEvent[] = [];
  for (const sweep of after) {
    const old = known.get(sweep.id);
    // One that was not there may have come and gone between two lists; an old one comes back with another store.
    const since = old ? old.state !== sweep.state : sweep.created_at >= newest;
    const kind = since ? happened(sweep) : null;
    if (kind === null) continue;
    const key = `${sweep.id} ${kind} ${sweep.runs} ${sweep.finished} ${sweep.failed}`;
    events.push({ kind, sweep, key });
  }
  return events;
}

function happened(item: SweepItem): Happening | null {
  const { state, note_kind } = item;
  if (state === "paused") return note_kind === "failures" ? "failures" : null;
  if (state !== "finished") return null;
  if (standingOf(item) === "stopped") return "stopped";
  return note_kind === "target" ? "target" : "finished";
}
