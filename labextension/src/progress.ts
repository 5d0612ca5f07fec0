/**
 * The progress bar and its sentence.
 *
 * In: a sweep's counts a state and how many runs were asked for. Out: segments in shares of the
 * whole, and "3 of 5 runs · 2 finished · 1 running". An open-ended sweep has no whole but itself.
 */
import { plural } from "./format";
import type { RunState, SweepView } from "./protocol";

/** The colour a state has: failed and crashed are one thing to the eye. */
export type Tone = "finished" | "stopped" | "failed" | "killed" | "running";

export interface Segment {
  readonly tone: Tone;
  readonly share: number;
}

export interface Progress {
  readonly segments: readonly Segment[];
  /** Runs that have ended, and the whole; null when open-ended. */
  readonly done: number;
  readonly whole: number | null;
  readonly text: string;
}

const WORDS: readonly (readonly [RunState, string])[] = [
  ["finished", "finished"],
  ["stopped", "stopped early"],
  ["failed", "failed"],
  ["crashed", "crashed"],
  ["killed", "killed"],
  ["running", "running"],
];

export function progress(sweep: SweepView): Progress {
  const count = (state: RunState): number => sweep.counts[state] ?? 0;
  const done =
    count("finished") + count("stopped") + count("failed") + count("crashed") + count("killed");
  const started = done + count("running");
  const whole = Math.max(sweep.count ?? 0, started + count("pending"), 1);
  const segments: Segment[] = [
    { tone: "finished" as const, share: count("finished") / whole },
    { tone: "stopped" as const, share: count("stopped") / whole },
    { tone: "failed" as const, share: (count("failed") + count("crashed")) / whole },
    { tone: "killed" as const, share: count("killed") / whole },
    { tone: "running" as const, share: count("running") / whole },
  ].filter((segment) => segment.share > 0);
  const head =
    sweep.count === null ? plural(started, "run") : `${started} of ${plural(sweep.count, "run")}`;
  const parts = WORDS.filter(([state]) => count(state) > 0).map(
    ([state, word]) => `${count(state)} ${word}`,
  );
  return { segments, done, whole: sweep.count, text: [head, ...parts].join(" · ") };
}

export function tone(state: RunState): Tone | "pending" {
  return state === "crashed" ? "failed" : state;
}
