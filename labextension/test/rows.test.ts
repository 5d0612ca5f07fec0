import { describe, expect, test } from "vitest";
import { chooseKey, orderKeys } from "../src/keys";
import { progress } from "../src/progress";
import type { RunView } from "../src/protocol";
import { heldOrder, nextSort, sortRuns, type Sort } from "../src/rows";
import { aRun, aSweep } from "./messages";

const runs: RunView[] = [
  aRun({ id: "worst", number: 1, state: "finished", value: 3, config: { lr: 0.1 } }),
  aRun({ id: "best", number: 2, state: "finished", value: 1, config: { lr: 0.01 } }),
  aRun({ id: "nan", number: 3, state: "stopped", value: "NaN", config: {} }),
  aRun({ id: "failed", number: 4, state: "failed", value: 0.5, config: { lr: 0.5 } }),
  aRun({ id: "killed", number: 6, state: "killed", value: 0.1, config: {} }),
  aRun({ id: "live", number: 5, state: "running", value: 9, config: { lr: 0.3 } }),
];
const order = (sort: Sort | null, goal: "minimize" | "maximize" = "minimize"): string[] =>
  sortRuns(runs, sort, goal, (run) => run.number).map((run) => run.id);

describe("the table", () => {
  test("shows what runs on top, then the best first; a failed or killed run is never the best", () => {
    expect(order(null)).toEqual(["live", "best", "worst", "nan", "killed", "failed"]);
    expect(order(null, "maximize")).toEqual(["live", "worst", "best", "nan", "failed", "killed"]);
  });

  test("moves a running run's row when the run ends, not with each value", () => {
    const live = (values: readonly number[], ended = -1): string[] =>
      sortRuns(
        values.map((value, number) =>
          aRun({
            id: `${number}`,
            number,
            value,
            state: number === ended ? "finished" : "running",
          }),
        ),
        ...([null, "minimize", () => null] as const),
      ).map(({ id }) => id);
    expect(live([3, 2, 1])).toEqual(["0", "1", "2"]);
    expect(live([1, 3, 2])).toEqual(["0", "1", "2"]);
    expect(live([0, 3, 2], 0)).toEqual(["1", "2", "0"]);
  });

  test("keeps rows where they are while they are held, and puts new ones below", () => {
    expect(heldOrder(["a", "b", "c"], ["new", "c", "a"])).toEqual(["a", "c", "new"]);
    expect(heldOrder([], ["b", "a"])).toEqual(["b", "a"]);
  });

  test("puts missing values last, whichever way it is sorted", () => {
    const up = order({ column: "param:lr", descending: false });
    const down = order({ column: "param:lr", descending: true });
    expect(up).toEqual(["best", "worst", "live", "failed", "nan", "killed"]);
    expect(down).toEqual(["failed", "live", "worst", "best", "nan", "killed"]);
  });

  test("takes what is not finite in another metric for no value, whichever way", () => {
    const logged = ["NaN", 0.2, "Infinity", 0.7, null, "-Infinity"] as const;
    const all = logged.map((acc, number) => aRun({ id: `${acc}`, number, summary: { acc } }));
    for (const descending of [false, true]) {
      const sorted = sortRuns(all, { column: "metric:acc", descending }, "minimize", () => null);
      const ids = sorted.map(({ id }) => id);
      expect(ids.slice(0, 2)).toEqual(descending ? ["0.7", "0.2"] : ["0.2", "0.7"]);
      expect(ids.slice(2)).toEqual(["NaN", "Infinity", "null", "-Infinity"]);
    }
  });

  test("a header sorts one way, then the other, then not", () => {
    const first = nextSort(null, "metric", "maximize");
    const second = nextSort(first, "metric", "maximize");
    expect([first?.descending, second?.descending]).toEqual([true, false]);
    expect(nextSort(second, "metric", "maximize")).toBeNull();
  });
});

describe("the key shown", () => {
  const points = (entries: Record<string, number>): Map<string, number> =>
    new Map(Object.entries(entries));

  test("is the metric, unless a finer key names it", () => {
    expect(chooseKey(points({ loss: 10, acc: 1000 }), "loss", null)).toBe("loss");
    expect(chooseKey(points({ loss: 10, "batch loss": 50 }), "loss", null)).toBe("batch loss");
    expect(chooseKey(points({ loss: 10, "batch loss": 49 }), "loss", null)).toBe("loss");
  });

  test("is what the user picked, as long as it is there", () => {
    expect(chooseKey(points({ loss: 10, "batch loss": 50 }), "loss", "loss")).toBe("loss");
    expect(chooseKey(points({ loss: 10 }), "loss", "gone")).toBe("loss");
  });

  test("is the fullest key when there is no metric, or no point of it", () => {
    expect(chooseKey(points({ a: 1, b: 2 }), null, null)).toBe("b");
    expect(chooseKey(points({ a: 1, b: 2 }), "loss", null)).toBe("b");
    expect(chooseKey(points({}), "loss", null)).toBe("loss");
  });

  test("is offered with the metric first", () => {
    expect(orderKeys(["acc", "batch loss", "loss"], "loss")).toEqual(["loss", "batch loss", "acc"]);
  });
});

describe("progress", () => {
  test("counts what was asked for", () => {
    const shown = progress(aSweep({ counts: { finished: 2, running: 1, pending: 0 } }));
    expect(shown.text).toBe("3 of 5 runs · 2 finished · 1 running");
    expect(shown.segments).toEqual([
      { tone: "finished", share: 0.4 },
      { tone: "running", share: 0.2 },
    ]);
  });

  test("of an open-ended sweep is full, and of more runs than asked for no fuller", () => {
    const share = (sweep: Parameters<typeof progress>[0]): number =>
      progress(sweep).segments.reduce((sum, segment) => sum + segment.share, 0);
    expect(share(aSweep({ count: null, counts: { finished: 7 } }))).toBe(1);
    expect(share(aSweep({ count: 2, counts: { finished: 3, crashed: 1 } }))).toBe(1);
    expect(progress(aSweep({ count: null, counts: {} })).text).toBe("0 runs");
  });
});
