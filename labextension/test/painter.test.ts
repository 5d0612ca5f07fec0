import { expect, test } from "vitest";
import { nearestIndex, tracePath, type Projection } from "../src/painter";
import { smooth } from "../src/smooth";

const projection: Projection = {
  ...{ x0: 0, x1: 100, left: 0, width: 100, y0: 0, y1: 10, top: 0, height: 100, log: false },
};

function trace(values: number[], changes: Partial<Projection> = {}): string[] {
  const calls: string[] = [];
  const pen = {
    moveTo: (x: number, y: number) => calls.push(`M ${x} ${y}`),
    lineTo: (x: number, y: number) => calls.push(`L ${x} ${y}`),
  };
  const steps = Float64Array.from(values.keys());
  tracePath(pen, steps, Float64Array.from(values), values.length, { ...projection, ...changes });
  return calls;
}

test("a line goes through its points, with a gap where values are missing", () => {
  expect(trace([0, 10, NaN, 5, Infinity, 0])).toEqual(["M 0 100", "L 1 0", "M 3 50", "M 5 100"]);
});

test("a log axis leaves out what is not above zero", () => {
  expect(trace([1, -1, 10], { y0: 1, log: true })).toEqual(["M 0 100", "M 2 0"]);
});

test("many points in one pixel cost four segments, and its extremes are drawn", () => {
  const calls = trace(
    Array.from({ length: 10_000 }, (_, i) => (i === 5000 ? 10 : i === 5001 ? 0 : 5)),
    { x1: 10_000 },
  );
  expect(calls.length).toBeLessThan(420);
  expect(calls.some((call) => call.endsWith(" 0"))).toBe(true);
  expect(calls.some((call) => call.endsWith(" 100"))).toBe(true);
});

test("a value of 1e300 stays within what a canvas can count", () => {
  expect(trace([1e300])).toEqual(["M 0 -2000"]);
});

test("smoothing begins at the first value, ignores NaN and keeps a constant", () => {
  expect([...smooth(Float64Array.of(3, NaN, 3, 3), 0.9)].map((v) => Number(v.toFixed(9)))).toEqual([
    ...[3, NaN, 3, 3],
  ]);
  const noisy = Float64Array.of(0, 1, 0, 1);
  expect(smooth(noisy, 0)).toBe(noisy);
  expect(smooth(noisy, 0.5)[1]).toBeCloseTo(2 / 3);
});

test("the nearest step is found", () => {
  const steps = Float64Array.of(0, 10, 20);
  expect([-5, 4, 6, 100].map((x) => nearestIndex(steps, 3, x))).toEqual([0, 0, 1, 2]);
});

test("the largest floats are drawn, on a log axis of any height", () => {
  expect(trace([1.7e308], { y0: -1e300, y1: 1e300 })).toEqual(["M 0 0"]);
  expect(trace([1], { y0: 1e-300, y1: 1e300, log: true })).toEqual(["M 0 50"]);
});
