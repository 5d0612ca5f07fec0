/** Laws of axes, ticks and colours over all floats: whatever a run logs, what is drawn of it is numbers. */
import { expect, test } from "vitest";
import { axisOf, numberPlace, type NumberAxis } from "../src/axes";
import { shades } from "../src/color";
import type { Goal } from "../src/protocol";
import { yRange } from "../src/scales";
import { initialState } from "../src/state";
import { formatTicks, linearTicks, logTicks } from "../src/ticks";
import { aRun, aSweep } from "./messages";

const EDGES = [0, 5e-324, 1e-300, 1e-17, 0.3, 1, 1e17, 1e300, 1.7e308];
/** Each edge with what lies next to it, near it and mirrored to it, and each with each. */
const SAMPLES = EDGES.flatMap((edge, index) => [
  ...[[edge], [-edge], [edge, edge], [-edge, edge], [edge, edge * (1 + Number.EPSILON)]],
  ...[
    [edge, edge * (1 + 400 * Number.EPSILON)],
    [edge, edge * (1 + 1e-12), edge * (1 + 1e-9)],
  ],
  ...EDGES.slice(index + 1).map((other) => [edge, other]),
  ...EDGES.slice(index + 1).map((other) => [-other, edge, other]),
]);
const GOALS: readonly Goal[] = ["minimize", "maximize"];

test.each([false, true])(
  "the range has a width, ticks are numbers, no two alike (log: %s)",
  (log) => {
    for (const values of SAMPLES) {
      const extents = values
        .filter((value) => !log || value > 0)
        .map((low) => ({ low, high: low }));
      for (const goal of GOALS) {
        const { range } = yRange(extents, log, goal);
        expect(range[1] - range[0], String(values)).toBeGreaterThan(0);
        expect(range[1], String(values)).toBeLessThan(Infinity);
        const ticks = (log ? logTicks : linearTicks)(...range, 6);
        expect(ticks.length, String(values)).toBeLessThan(20);
        expect(ticks.every(Number.isFinite), String(values)).toBe(true);
        expect(new Set(formatTicks(ticks)).size, String(values)).toBe(ticks.length);
      }
    }
  },
);

test.each([false, true])("a value has a place on its axis (log: %s)", (log) => {
  for (const values of SAMPLES) {
    const state = initialState();
    const p = { name: "p", kind: "number", integer: false, log, levels: null } as const;
    state.sweep = aSweep({ parameters: [{ ...p, low: null, high: null }] });
    values.forEach((value, number) => {
      state.runs.set(String(number), aRun({ number, config: { p: value } }));
    });
    const axis = axisOf(state, "param:p") as NumberAxis;
    expect(axis.low, String(values)).toBeLessThan(axis.high);
    for (const value of values.filter((each) => !axis.log || each > 0)) {
      expect(numberPlace(axis, value), `${value} of ${values.join()}`).toBeGreaterThanOrEqual(0);
      expect(numberPlace(axis, value)).toBeLessThanOrEqual(1);
    }
  }
});

test.each(GOALS)("a value has a shade from 0 to 1 (goal: %s)", (goal) => {
  for (const shade of SAMPLES.flatMap((values) => shades(values, goal))) {
    expect(shade).toBeGreaterThanOrEqual(0);
    expect(shade).toBeLessThanOrEqual(1);
  }
});
