import { describe, expect, it } from "vitest";
import type { SweepItem } from "../src/lab/link";
import { sweepEvents } from "../src/lab/sweep-events";
import { statusText } from "../src/lab/status-text";

function sweep(changes: Partial<SweepItem> = {}): SweepItem {
  return {
    ...{ id: "a", name: "digits", method: "random", state: "running", metric: "loss" },
    ...{ goal: "minimize", best: null, runs: 3, finished: 2, failed: 0, total: 10 },
    ...{
      active: true,
      created_at: 100,
      running: [],
      running_count: 0,
      note: null,
      note_kind: null,
    },
    ...changes,
  };
}

const kinds = (before: SweepItem[] | null, after: SweepItem[]): string[] =>
  sweepEvents(before, after).map(({ kind, sweep: { id } }) => `${id} ${kind}`);

describe("what is told of sweeps", () => {
  it("tells that one has finished, once", () => {
    const done = sweep({ state: "finished" });
    expect(kinds([sweep()], [done])).toEqual(["a finished"]);
    expect(kinds([done], [done])).toEqual([]);
  });

  it("tells nothing of what was over when the page was opened", () => {
    expect(kinds(null, [sweep({ state: "finished" })])).toEqual([]);
  });

  it("tells what failures paused, not what a person did", () => {
    const failed = sweep({ state: "paused", note: "Three runs failed", note_kind: "failures" });
    expect(kinds([sweep()], [failed])).toEqual(["a failures"]);
    expect(kinds([sweep()], [sweep({ state: "paused", note_kind: "person" })])).toEqual([]);
    expect(kinds([sweep()], [sweep({ state: "cancelled" })])).toEqual([]);
  });

  it("tells what a person stopped apart from an end, unless all was done", () => {
    const stopped = sweep({ state: "finished", note_kind: "person", finished: 3, failed: 3 });
    expect(kinds([sweep()], [stopped])).toEqual(["a stopped"]);
    expect(kinds([sweep()], [{ ...stopped, finished: 10, failed: 0 }])).toEqual(["a finished"]);
  });

  it("tells a target apart from an end", () => {
    const reached = sweep({ state: "finished", note_kind: "target" });
    expect(kinds([sweep()], [reached])).toEqual(["a target"]);
    expect(kinds([sweep()], [sweep({ state: "finished" })])).toEqual(["a finished"]);
  });

  it("tells of a sweep that came and went between two lists, not of those of another store", () => {
    const before = [sweep()];
    const quick = sweep({ id: "b", state: "finished", created_at: 101 });
    expect(kinds(before, [sweep(), quick])).toEqual(["b finished"]);
    expect(kinds([], [quick])).toEqual(["b finished"]);
    const old = sweep({ id: "c", state: "finished", created_at: 5 });
    expect(kinds(before, [old])).toEqual([]);
  });

  it("has a key that tells a second end from the first", () => {
    const first = sweepEvents([sweep()], [sweep({ state: "finished" })])[0]!;
    const again = sweepEvents([sweep()], [sweep({ state: "finished", runs: 5 })])[0]!;
    expect(first.key).not.toBe(again.key);
  });
});

describe("the status bar", () => {
  const trans = {
    __: (text: string, ...values: unknown[]) => text.replace("%1", String(values[0])),
    _n: (one: string, many: string, count: number) =>
      (count === 1 ? one : many).replace("%1", String(count)),
  };

  it("counts what runs and shows the newest sweep's best", () => {
    const sweeps = [
      sweep({ id: "b", created_at: 200, best: 0.0312345, running_count: 2 }),
      sweep({ best: 0.5, running_count: 1 }),
      sweep({ id: "c", state: "finished", active: false, created_at: 300, best: 7 }),
      sweep({ id: "d", active: false, created_at: 400, best: 8 }), // nobody trains it
    ];
    expect(statusText(sweeps, trans)).toBe("2 sweeps · 3 runs · best 0.03123");
  });

  it("says little when little is there, and nothing where there is nothing", () => {
    expect(statusText([sweep({ running_count: 1 })], trans)).toBe("1 sweep · 1 run");
    expect(statusText([sweep({ state: "finished", active: false, best: 0.25 })], trans)).toBe(
      "digits · best 0.25",
    );
    expect(statusText([], trans)).toBe("");
  });
});
