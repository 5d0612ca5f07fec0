import { describe, expect, test } from "vitest";
import { defaultColumns, everyColumn } from "../src/columns";
import { metricChoices } from "../src/metric-select";
import type { RunView, SweepView } from "../src/protocol";
import { initialState, type DashboardState } from "../src/state";
import { aRun, aSweep } from "./messages";

const runs: RunView[] = [
  aRun({ id: "a", summary: { f1: 0.5, acc: 0.9 }, config: { lr: 0.1 } }),
  aRun({ id: "b", summary: { acc: "NaN", note: "words are no metric" } }),
];
const stateOf = (metric: SweepView["metric"]): DashboardState => ({
  ...initialState(),
  sweep: aSweep({ metric }),
  runs: new Map(runs.map((run) => [run.id, run])),
});

describe("a sweep without a metric of its own", () => {
  const state = stateOf(null);

  test("has the logged metrics as columns, and none that is empty for ever", () => {
    expect(defaultColumns({ state })).toEqual(["metric:acc", "metric:f1", "trend", "duration"]);
    expect(everyColumn({ state })).not.toContain("metric");
  });

  test("has no metric that is chosen for the user", () => {
    expect(metricChoices(runs, null)).toEqual(["", "acc", "f1"]);
  });
});

describe("a sweep with a metric", () => {
  const state = stateOf({ name: "acc", goal: "maximize" });

  test("has it as its first column, once", () => {
    expect(defaultColumns({ state })).toEqual(["metric", "trend", "duration"]);
    expect(everyColumn({ state })).toContain("metric:f1");
    expect(everyColumn({ state })).not.toContain("metric:acc");
  });

  test("colours by it unless another is chosen", () => {
    expect(metricChoices(runs, "acc")).toEqual(["acc", "f1"]);
  });
});
