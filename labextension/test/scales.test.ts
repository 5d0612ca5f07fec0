import { expect, test } from "vitest";
import { xRange, yRange, type Extent } from "../src/scales";
import { linearTicks, logTicks } from "../src/ticks";

test("a diverged curve runs off a linear axis and is counted", () => {
  const usual = Array.from({ length: 5 }, () => ({ low: 0.1, high: 2 }));
  const { range, clipped } = yRange([...usual, { low: 0.1, high: 1e9 }], false, "minimize");
  expect(range[1]).toBeLessThan(3);
  expect(clipped).toBe(1);
});

const flat = (...values: number[]): Extent[] => values.map((low) => ({ low, high: low }));

test("runs on plateaus stay on the axis, far from each other as they are", () => {
  const plateaus = [0.2, 0.4, 0.41, 0.7, 0.9, 1.1, 1.5, 2, 2.2, 2.3];
  const spans = plateaus.map((low) => ({ low, high: low + 0.01 }));
  const { range, clipped } = yRange(spans, false, "minimize");
  expect(clipped).toBe(0);
  expect(range[1]).toBeGreaterThan(2.3);
});

test("what leaves the axis is worse than the others, and never the best run", () => {
  const far = [-1e6, 1, 1.1, 1.2, 1.3, 1.4, 1e6];
  expect(yRange(flat(...far), false, "minimize").range[0]).toBeLessThan(-1e6);
  expect(yRange(flat(...far), false, "minimize").range[1]).toBeGreaterThan(1.4);
  expect(yRange(flat(...far), false, "minimize").range[1]).toBeLessThan(1e6);
  expect(yRange(flat(...far), false, "maximize").range[1]).toBeGreaterThan(1e6);
  expect(yRange(flat(...far), false, "maximize").clipped).toBe(1);
  const best = flat(...far).map((span) => ({ ...span, best: span.high === 1e6 }));
  expect(yRange(best, false, "minimize").clipped).toBe(0);
});

test("no more than a tenth of the curves leave the axis: a third that are worse are shown", () => {
  const third = [
    ...Array.from({ length: 20 }, (_, i) => 1 + i / 100),
    ...Array<number>(10).fill(9),
  ];
  expect(yRange(flat(...third, 1e9), false, "minimize")).toMatchObject({ clipped: 1 });
  expect(yRange(flat(...third, 1e9), false, "minimize").range[1]).toBeGreaterThan(9);
});

test("beginnings that press all that follows onto the axis leave it, on the worse side alone", () => {
  const rest = { low: 0.1, high: 0.9 };
  const falling = [0, 1, 2].map(() => ({ low: 0.1, high: 1e4, best: true, settled: rest }));
  const { range, clipped, settled } = yRange(falling, false, "minimize");
  expect([clipped, settled]).toEqual([0, true]);
  expect(range[1]).toBeLessThan(1);
  expect(yRange(falling, true, "minimize").range[1]).toBeGreaterThan(1e4);
  expect(yRange(falling, false, "maximize").settled).toBe(false); // there the beginning is the best
  const rising = [{ low: 0, high: 0.99, settled: { low: 0.95, high: 0.99 } }];
  expect(yRange(rising, false, "maximize").range[0]).toBeGreaterThan(0.94);
  const usual = [{ low: 0.1, high: 2.3, settled: { low: 0.1, high: 0.6 } }];
  expect(yRange(usual, false, "minimize").range[1]).toBeGreaterThan(2.3);
  const flat = [{ low: 0, high: 1, settled: { low: 0, high: 0 } }];
  expect(yRange(flat, false, "minimize").settled).toBe(false);
});

test("moments at which many curves are far off leave the axis, as long as little of them is hidden", () => {
  const usual = Array.from({ length: 30 }, () => ({ low: 0.1, high: 2.3, sample: [2.3, 1, 0.1] }));
  const jumpy = (far: number): Extent[] =>
    Array.from({ length: 10 }, (_, i) => ({
      low: 0.1,
      high: 10 ** (i + 2),
      sample: [...Array<number>(far).fill(10 ** (i + 2)), ...Array<number>(20 - far).fill(3)],
    }));
  const { range, clipped, settled } = yRange([...usual, ...jumpy(3)], false, "minimize");
  expect([clipped, settled]).toEqual([10, false]); // a quarter of the curves, 4% of what there is
  expect(range[0]).toBe(0);
  expect(range[1]).toBeGreaterThan(3);
  expect(range[1]).toBeLessThan(4);
  const mirrored = [...usual, ...jumpy(3)].map(({ low, high, sample }) => ({
    low: -high,
    high: -low,
    sample: sample!.map((value) => -value),
  }));
  expect(yRange(mirrored, false, "maximize").range[0]).toBeCloseTo(-range[1]);
  // 8% of what there is: as much as is needed comes back.
  const less = yRange([...usual, ...jumpy(6)], false, "minimize");
  expect(less.clipped).toBeLessThan(10);
  expect(less.range[1]).toBeGreaterThan(1e3);
  // Most of each is off: then it is a third that is worse, and no more than a tenth of all may leave.
  expect(yRange([...usual, ...jumpy(18)], false, "minimize").clipped).toBe(4);
});

test("the best run's moments stay on the axis", () => {
  const usual = Array.from({ length: 10 }, () => ({ low: 0.5, high: 2, sample: [2, 1, 0.5] }));
  const best = { low: 0.1, high: 50, best: true, sample: [50, ...Array<number>(30).fill(0.1)] };
  const { range, clipped } = yRange([...usual, best], false, "minimize");
  expect(clipped).toBe(0);
  expect(range[1]).toBeGreaterThan(50);
});

test("a single curve has the axis to itself, however far it goes", () => {
  expect(yRange([{ low: 0, high: 1e9 }], false, "minimize").range[1]).toBeGreaterThanOrEqual(1e9);
});

test("one value, or none, still has an axis of some width", () => {
  expect(yRange([{ low: 2, high: 2 }], false, "minimize").range).toEqual([1.8, 2.2]);
  expect(yRange([{ low: 0, high: 0 }], false, "minimize").range).toEqual([-1, 1]);
  expect(yRange([], true, "minimize").range[0]).toBeGreaterThan(0);
  expect(xRange([{ low: 4, high: 4 }])).toEqual([3.5, 4.5]);
});

test("values that are never negative have an axis that is not either", () => {
  expect(yRange([{ low: 0.01, high: 2 }], false, "minimize").range[0]).toBe(0);
});

test("values that differ by rounding alone are one value", () => {
  const { range } = yRange([{ low: 0.3, high: 0.1 + 0.2 }], false, "minimize");
  expect(range[1] - range[0]).toBeCloseTo(0.06);
  expect(xRange([{ low: 0.3, high: 0.1 + 0.2 }])).toEqual([-0.2, 0.8]);
});

test("values as large or small as floats can be have an axis of numbers, and ticks on it", () => {
  for (const log of [false, true]) {
    const { range } = yRange([{ low: log ? 5e-324 : -1.7e308, high: 1.7e308 }], log, "minimize");
    expect(range[1] - range[0]).toBeLessThan(Infinity);
    expect(range.every(Number.isFinite)).toBe(true);
    const ticks = (log ? logTicks : linearTicks)(...range, 6);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.every(Number.isFinite)).toBe(true);
  }
  expect(xRange([{ low: -1.7e308, high: 1.7e308 }])).toEqual([-1e300, 1e300]);
});
