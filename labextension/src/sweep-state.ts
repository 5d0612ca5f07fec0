/**
 * What a sweep's state is called, and whether it can be gone on with.
 *
 * In: a SweepView. Out: words. A sweep that a person stopped has the state of one that has ended; who stopped it is kept
 * beside it, as `note_kind`.
 */
import type { SweepState, SweepView } from "./protocol";
import { isBusy } from "./state";

/** Ended by a person before what was asked for was done. `asked` is null where the sweep had no end. */
export function isStopped(
  { state, note_kind }: { readonly state: SweepState; readonly note_kind?: string | null },
  done: number,
  asked: number | null,
): boolean {
  return state === "finished" && note_kind === "person" && (asked === null || done < asked);
}

/** How many runs there are is said by the progress below. `stopping`: the button for it was pressed, and the kernel has not answered. */
export function stateText(sweep: SweepView, stopping: boolean): string {
  if (stopping) return "running, stops after these runs";
  if (stopped(sweep)) return running(sweep) > 0 ? "stopping" : "stopped";
  // An agent that waits is no run that ends.
  if (sweep.state === "paused" && running(sweep) > 0) return "paused, runs are ending";
  if (sweep.state === "running" && !isBusy(sweep)) return "waiting for an agent";
  return sweep.state;
}

/** What colours the state: "idle" and "stopped" are quiet. */
export function stateTone(sweep: SweepView): SweepState | "idle" | "stopped" {
  if (stopped(sweep)) return "stopped";
  return sweep.state === "running" && !isBusy(sweep) ? "idle" : sweep.state;
}

/** Paused, or stopped with runs left that nobody has begun. */
export function canResume(sweep: SweepView): boolean {
  if (sweep.state === "paused") return true;
  const begun = Object.values(sweep.counts).reduce((sum, count) => sum + count, 0);
  return stopped(sweep) && !isBusy(sweep) && (sweep.count === null || begun < sweep.count);
}

function stopped(sweep: SweepView): boolean {
  return isStopped(sweep, done(sweep), sweep.count);
}

function done({ counts }: SweepView): number {
  return (counts.finished ?? 0) + (counts.stopped ?? 0);
}

function running({ counts }: SweepView): number {
  return counts.running ?? 0;
}
