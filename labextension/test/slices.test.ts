import { expect, test } from "vitest";
import type { CategoryAxis, NumberAxis } from "../src/axes";
import { NO_BRUSH } from "../src/selection";
import { spansOf } from "../src/slices";

const lr: NumberAxis = {
  ...{ kind: "number", id: "param:lr", label: "lr", log: false, integer: false },
  ...{ low: 0, high: 1, lowest: 0, highest: 1 },
};
const letter: CategoryAxis = {
  ...{ kind: "category", id: "param:letter", label: "letter" },
  levels: ["a", "b", "c", "d"].map((label) => ({ label, shown: label, value: label })),
};

test("each range is a rectangle of its own: what lies between two is not brushed", () => {
  const ranges = [
    [0, 0.25],
    [0.5, 0.75],
  ] as const;
  expect(spansOf(lr, { ...NO_BRUSH, ranges })).toEqual(ranges);
});

test("levels beside each other are one rectangle", () => {
  const held = (...levels: string[]) => spansOf(letter, { ...NO_BRUSH, levels });
  expect(held("a", "b", "d")).toEqual([
    [0, 0.5],
    [0.75, 1],
  ]);
  expect(held("c")).toEqual([[0.5, 0.75]]);
});

test("an axis that is not brushed is held as a whole, one whose missing values alone are brushed not at all", () => {
  expect(spansOf(lr, undefined)).toEqual([[0, 1]]);
  expect(spansOf(lr, { ...NO_BRUSH, missing: true })).toEqual([]);
});
