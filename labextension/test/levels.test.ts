import { expect, test } from "vitest";
import { levelLabel, levelsOf } from "../src/levels";
import type { Json } from "../src/protocol";
import { narrowRequest } from "../src/requests";
import { initialView } from "../src/parts";
import { insideBrush, NO_BRUSH } from "../src/selection";
import { initialState } from "../src/state";
import { aSweep } from "./messages";

const shown = (...values: Json[]): string[] => levelsOf(values).map((level) => level.shown);
const NINES = [0.9, 0.99, 0.999, 0.9999, 0.99999];

test("numbers that are near each other are levels of their own, with digits that tell them apart", () => {
  expect(shown(...NINES)).toEqual(["0.9", "0.99", "0.999", "0.9999", "0.99999"]);
  expect(shown(1 / 3, 2 / 3)).toEqual(["0.333", "0.667"]);
  expect(shown(10000001, 10000002)).toEqual(["1.0000001e+7", "1.0000002e+7"]);
  expect(shown(0.3, 0.1 + 0.2)).toEqual(["0.3", "0.30000000000000004"]);
});

test("values of different types are levels of their own; of what reads alike strings are quoted", () => {
  expect(shown(true, "True", null, "None", 1, "1")).toEqual([
    ...["True", '"True"', "None", '"None"', "1", '"1"'],
  ]);
  expect(shown("1", "2", "adam", "")).toEqual(["1", "2", "adam", '""']);
  expect(shown("1", 1, '"1"')).toHaveLength(3);
  expect(new Set(shown("1", 1, '"1"')).size).toBe(3);
});

test("how a value is written does not make it another: 1.0, and the order of a dict's keys", () => {
  expect(shown(1, JSON.parse("1.0") as Json, -0, 0)).toEqual(["0", "1"]);
  expect(
    levelsOf([
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ]),
  ).toHaveLength(1);
  expect(levelsOf([["1"], [1]])).toHaveLength(2);
});

test("a level that is brushed holds its own runs alone", () => {
  const brush = { ...NO_BRUSH, levels: [levelLabel(0.9999), levelLabel("True")] };
  expect(NINES.filter((value) => insideBrush(value, brush))).toEqual([0.9999]);
  expect([true, "True"].filter((value) => insideBrush(value, brush))).toEqual(["True"]);
});

test("what is searched next are the levels that are brushed, each of them", () => {
  const state = initialState();
  const beta2 = { kind: "category", integer: false, log: false, low: null, high: null } as const;
  state.sweep = aSweep({ parameters: [{ ...beta2, name: "beta2", levels: NINES }] });
  const levels = [0.9999, 0.99999].map(levelLabel);
  const view = {
    ...initialView(),
    brushes: new Map([["param:beta2", { ...NO_BRUSH, levels }] as const]),
  };
  expect(narrowRequest(state, view, "page").levels).toEqual({ beta2: [0.9999, 0.99999] });
});
