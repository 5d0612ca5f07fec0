import { expect, test } from "vitest";
import {
  axisOf,
  defaultAxes,
  everyAxis,
  isBlank,
  leadingParameters,
  numberAt,
  numberPlace,
  placer,
  type NumberAxis,
} from "../src/axes";
import { rangeOf } from "../src/brushing";
import { isResult } from "../src/frames";
import type {
  ImportanceMessage,
  ParameterImportance,
  ParameterView,
  RunView,
} from "../src/protocol";
import { nameRoom } from "../src/parallel-axes";
import type { Layout } from "../src/parallel-layout";
import { initialState, type DashboardState } from "../src/state";
import { aRun, aSweep } from "./messages";

const number = (name: string, changes: Partial<ParameterView> = {}): ParameterView => ({
  ...{ name, kind: "number", integer: false, log: false, low: 0, high: 1, levels: null },
  ...changes,
});
const category = (name: string, levels: ParameterView["levels"]): ParameterView => ({
  ...number(name, { low: null, high: null }),
  ...{ kind: "category", levels },
});

function sweepOf(parameters: ParameterView[], ...runs: Partial<RunView>[]): DashboardState {
  const state = initialState();
  state.sweep = aSweep({ parameters });
  runs.forEach((changes, index) => {
    const run = aRun({ id: String(index), number: index, ...changes });
    state.runs.set(run.id, run);
  });
  return state;
}

const told = (metric: string, names: string[]): ImportanceMessage => ({
  ...{ type: "importance", to: null, metric, runs_used: 30, left_out: {}, reason: null },
  rows: names.map((name) => ({ name }) as ParameterImportance),
});

test("a few parameters are all shown, and then the metric", () => {
  const state = sweepOf([number("lr"), category("optimizer", ["adam", "sgd"])]);
  expect(defaultAxes(state)).toEqual(["param:lr", "param:optimizer", "metric:loss"]);
});

test("of sixty the first ten are shown, then those that matter, and always what is brushed", () => {
  const names = Array.from({ length: 60 }, (_, index) => `p${index}`);
  const state = sweepOf(names.map((name) => number(name)));
  expect(leadingParameters(state)).toEqual(names.slice(0, 10));
  state.importance.set("loss", told("loss", ["p40", "p3", "gone"]));
  expect(leadingParameters(state, 3)).toEqual(["p0", "p3", "p40"]);
  expect(defaultAxes(state, ["param:p59"]).slice(-2)).toEqual(["param:p59", "metric:loss"]);
  expect(everyAxis(state)).toHaveLength(62);
});

test("an axis spans its bounds and all values; one that diverged does not press the others flat", () => {
  const losses = [1, 1.1, 1.2, 1.3, 1.4, 1e12];
  const state = sweepOf([number("lr")], ...losses.map((loss) => ({ summary: { loss } })));
  const axis = axisOf(state, "metric:loss");
  expect(axis).toMatchObject({ kind: "number", low: 1, high: 1.4, highest: 1e12 });
});

test("the better side of the goal is not cut off: the run that is far ahead has its place", () => {
  const far = [-1e6, 1, 1.1, 1.2, 1.3, 1.4, 1e6].map((value) => ({
    summary: { loss: value, accuracy: value },
  }));
  const state = sweepOf([], ...far);
  expect(axisOf(state, "metric:loss")).toMatchObject({ low: -1e6, high: 1.4 });
  expect(axisOf(state, "metric:accuracy")).toMatchObject({ low: 1, high: 1e6 });
});

test("what has no place on an axis goes to the lane: missing, NaN, zero on a log axis", () => {
  const state = sweepOf([number("lr", { log: true, low: 1e-4, high: 1 })]);
  const place = placer(axisOf(state, "param:lr"));
  const at = (lr?: number | "NaN"): number | null =>
    place(aRun({ config: lr === undefined ? {} : { lr } }));
  expect([at(), at("NaN"), at(0)]).toEqual([null, null, null]);
  expect(at(1e-2)).toBeCloseTo(0.5);
});

test("where nothing says what an axis spans it is blank, and a brush along it holds all", () => {
  const state = sweepOf([number("lr")], { summary: { loss: "NaN" } });
  const axis = axisOf(state, "metric:loss") as NumberAxis;
  expect(isBlank(axis)).toBe(true);
  expect(rangeOf(axis, 0, 1)).toEqual([0, 1]);
  expect(isBlank(axisOf(state, "param:lr") as NumberAxis)).toBe(false);
});

test("an axis over some of the runs spans their values alone", () => {
  const state = sweepOf([], { summary: { loss: 1 } }, { summary: { loss: 900 }, state: "failed" });
  const runs = [...state.runs.values()].filter(isResult);
  expect(axisOf(state, "metric:loss", runs)).toMatchObject({ low: 0.5, high: 1.5 });
});

test("a word that one run logged as the metric leaves the axis one of numbers, and that run in the lane", () => {
  const logged = [0.5, "diverged", 0.25].map((loss) => ({ summary: { loss } }));
  const state = sweepOf([], ...logged);
  const axis = axisOf(state, "metric:loss");
  expect(axis).toMatchObject({ kind: "number", low: 0.25, high: 0.5 });
  expect([...state.runs.values()].map(placer(axis))).toEqual([1, null, 0]);
  const words = sweepOf([], { summary: { loss: "low" } }, { summary: { loss: null } });
  expect(axisOf(words, "metric:loss").kind).toBe("category");
});

test("levels stand in the config's order, numbers ascending, and equal words are one", () => {
  const labels = (levels: ParameterView["levels"]): string[] => {
    const axis = axisOf(sweepOf([category("x", levels)]), "param:x");
    return axis.kind === "category" ? axis.levels.map(({ label }) => label) : [];
  };
  expect(labels([512, 128, 256])).toEqual(["128", "256", "512"]);
  expect(labels(["sgd", "adam", null, true])).toEqual(["sgd", "adam", "None", "True"]);
});

test("a run has no parameter by the names that every object has", () => {
  const state = sweepOf([category("constructor", ["a"])], { config: {} });
  const axis = axisOf(state, "param:constructor");
  expect(axis).toMatchObject({ levels: [{ label: "a" }] });
  expect(placer(axis)(state.runs.get("0")!)).toBeNull();
  expect(placer(axis)(aRun({ config: { constructor: "a" } }))).toBe(0.5);
});

test("an axis of values that differ by rounding alone is one of equal values", () => {
  const losses = [0.3, 0.1 + 0.2, 0.3];
  const state = sweepOf([], ...losses.map((loss) => ({ summary: { loss } })));
  expect(axisOf(state, "metric:loss")).toMatchObject({ low: 0.15, lowest: 0.3 });
});

test("values as large as floats can be have places, and ranges hold them", () => {
  const losses = [-1.7e308, 0, 1.7e308];
  const state = sweepOf([], ...losses.map((loss) => ({ summary: { loss } })));
  const axis = axisOf(state, "metric:loss") as NumberAxis;
  expect(losses.map((loss) => numberPlace(axis, loss))).toEqual([0, 0.5, 1]);
  expect(rangeOf(axis, 0, 1)).toEqual([-1.7e308, 1.7e308]);
});

test("a log axis over all floats has places, too, and the numbers at them", () => {
  const lr = number("lr", { log: true, low: 5e-324, high: 1.7e308 });
  const axis = axisOf(sweepOf([lr]), "param:lr") as NumberAxis;
  expect(numberPlace(axis, 1)).toBeCloseTo(0.5);
  expect(numberAt(axis, 0.5)).toBeCloseTo(1);
});

test("the names of the axes do not lie over one another, however long they are", () => {
  for (const [count, step] of [
    [2, 300],
    [5, 200],
    [9, 84],
  ] as const) {
    const axes = Array.from({ length: count }, (_, index) => ({ x: 46 + index * step }));
    const layout = { axes: axes as unknown as Layout["axes"], width: 98 + (count - 1) * step };
    const spans = axes.map(({ x }, at) => {
      const room = nameRoom(layout, at);
      const [first, last] = [Math.min(room / 2, 44), room - Math.min(room / 2, 50)];
      const left = x - (at === 0 ? first : at === count - 1 ? last : room / 2);
      return [left, left + room] as const;
    });
    spans.forEach(([left, right], at) => {
      expect(left).toBeGreaterThanOrEqual(at === 0 ? 0 : spans[at - 1]![1]);
      expect(right).toBeLessThanOrEqual(layout.width);
    });
  }
});
