import { expect, test } from "vitest";
import type { NumberAxis } from "../src/axes";
import { pressed } from "../src/brushing";
import { NO_BRUSH, type Brush } from "../src/selection";

const axis: NumberAxis = {
  ...{ kind: "number", id: "param:lr", label: "lr", log: false, integer: false },
  ...{ low: 0, high: 1, lowest: 0, highest: 1 },
};
const two: Brush = { ...NO_BRUSH, ranges: [[0.1, 0.2] as const, [0.6, 0.8] as const] };

const rounded = (brush: Brush | null): number[][] =>
  (brush?.ranges ?? []).map((range) => range.map((end) => Math.round(100 * end) / 100));

test("an arrow key that moves or grows one range of an axis leaves the others", () => {
  expect(rounded(pressed(axis, two, "ArrowUp", false))).toEqual([
    [0.15, 0.25],
    [0.6, 0.8],
  ]);
  expect(rounded(pressed(axis, two, "ArrowUp", true))).toEqual([
    [0.1, 0.25],
    [0.6, 0.8],
  ]);
});
