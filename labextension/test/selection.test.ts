import { expect, test } from "vitest";
import { brushText, NO_BRUSH, selectRuns, withBrush, type Brushes } from "../src/selection";
import { aRun } from "./messages";

const runs = [
  aRun({ id: "a", name: "calm-fox-1", state: "finished", config: { lr: 0.1, optimizer: "adam" } }),
  aRun({ id: "b", name: "calm-owl-2", state: "failed", config: { lr: 0.5, optimizer: "sgd" } }),
  aRun({ id: "c", name: "fair-fox-3", state: "finished", config: { lr: 0.9, optimizer: "adam" } }),
  aRun({ id: "none", name: "no-lr-4", state: "finished", config: { optimizer: null } }),
];
const none: Brushes = new Map();
const chosen = (brushes: Brushes, filter = ""): string[] | null => {
  const found = selectRuns(runs, brushes, filter);
  return found && [...found];
};

test("nothing brushed is not the same as nobody inside", () => {
  expect(chosen(none)).toBeNull();
  expect(chosen(withBrush(none, "param:lr", { ...NO_BRUSH, ranges: [[2, 3]] }))).toEqual([]);
});

test("several ranges of one axis add up, several axes intersect", () => {
  const two = { ...NO_BRUSH, ranges: [[0, 0.2] as const, [0.4, 0.6] as const] };
  const brushes = withBrush(none, "param:lr", two);
  expect(chosen(brushes)).toEqual(["a", "b"]);
  const both = withBrush(brushes, "param:optimizer", { ...NO_BRUSH, levels: ["adam"] });
  expect(chosen(both)).toEqual(["a"]);
  expect(chosen(withBrush(both, "param:optimizer", NO_BRUSH))).toEqual(["a", "b"]);
});

test("the lane is a brush of what has no value, and None is a level", () => {
  expect(chosen(withBrush(none, "param:lr", { ...NO_BRUSH, missing: true }))).toEqual(["none"]);
  const level = withBrush(none, "param:optimizer", { ...NO_BRUSH, levels: ["None"] });
  expect(chosen(level)).toEqual(["none"]);
});

test("every word of a filter must be in the name, the state or a setting", () => {
  expect(chosen(none, "FOX adam")).toEqual(["a", "c"]);
  expect(chosen(none, "failed")).toEqual(["b"]);
  expect(chosen(none, "lr=0.9")).toEqual(["c"]);
});

test("a chip says what is brushed", () => {
  expect(brushText("lr", { ...NO_BRUSH, ranges: [[1e-4, 0.01]] })).toBe("lr 0.0001 … 0.01");
  expect(brushText("optimizer", { ...NO_BRUSH, levels: ["adam"], missing: true })).toBe(
    "optimizer = adam, missing",
  );
});
