import { expect, test } from "vitest";
import type { Json } from "../src/protocol";
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

test("a word among a metric's numbers is in the lane; where all are words none is", () => {
  const logged = (...values: Json[]) =>
    values.map((loss) => aRun({ id: JSON.stringify(loss), summary: { loss } }));
  const lane = withBrush(none, "metric:loss", { ...NO_BRUSH, missing: true });
  expect([...selectRuns(logged(0.5, "diverged", null), lane, "")!]).toEqual(['"diverged"', "null"]);
  expect([...selectRuns(logged("high", "low", null), lane, "")!]).toEqual(["null"]);
});

test("every word of a filter must be in the name, the state or a setting", () => {
  expect(chosen(none, "FOX adam")).toEqual(["a", "c"]);
  expect(chosen(none, "failed")).toEqual(["b"]);
  expect(chosen(none, "failed lr=0.9")).toEqual([]);
});

test("a setting's value is meant whole, its name whole or from a dot on", () => {
  const configs: Record<string, Json>[] = [
    ...[{ optimizer: "adam" }, { optimizer: "AdamW" }, { lr: 0.1 }, { lr: 0.12 }],
    ...[{ "model.head.lr": 0.1 }, { xlr: 0.1 }, { batch: 10 }, { batch: 100 }, { lr: 0.123456 }],
    ...[{ act: "leaky relu" }, { act: "leaky" }, { layers: [64, 32] }, { flag: true }],
    ...[{ lr: null }, { lr: "NaN" as const }],
  ];
  const all = configs.map((config, number) => aRun({ id: JSON.stringify(config), config, number }));
  const found = (filter: string): unknown[] =>
    [...(selectRuns(all, none, filter) ?? [])].map((id): unknown => JSON.parse(id));
  expect(found("optimizer=adam")).toEqual([{ optimizer: "adam" }]);
  expect(found("Optimizer=adamw")).toEqual([{ optimizer: "AdamW" }]);
  expect(found("adam")).toHaveLength(2);
  expect(found("lr=0.1")).toEqual([{ lr: 0.1 }, { "model.head.lr": 0.1 }]);
  expect(found("lr=1e-1")).toEqual([{ lr: 0.1 }, { "model.head.lr": 0.1 }]);
  expect(found("head.lr=.1")).toEqual([{ "model.head.lr": 0.1 }]);
  expect(found("batch=10")).toEqual([{ batch: 10 }]);
  expect(found("batch=")).toHaveLength(2);
  expect(found("lr=0.123")).toEqual([{ lr: 0.123456 }]);
  expect(found('act="leaky relu"')).toEqual([{ act: "leaky relu" }]);
  expect(found("layers=[64,32]")).toEqual([{ layers: [64, 32] }]);
  expect(found("flag=true")).toEqual([{ flag: true }]);
  expect(found("lr=none")).toEqual([{ lr: null }]);
  expect(found("lr=nan")).toEqual([{ lr: "NaN" }]);
  expect(found("=")).toHaveLength(all.length);
});

test("a chip says what is brushed", () => {
  expect(brushText("lr", { ...NO_BRUSH, ranges: [[1e-4, 0.01]] })).toBe("lr 0.0001 … 0.01");
  expect(brushText("optimizer", { ...NO_BRUSH, levels: ["adam"], missing: true })).toBe(
    "optimizer = adam, missing",
  );
});
