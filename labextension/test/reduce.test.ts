import { expect, test } from "vitest";
import { reduceMinMax } from "../src/reduce";

const floats = (length: number, of: (i: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, i) => of(i));

test("a short series is left as it is", () => {
  const steps = floats(10, (i) => i);
  expect(reduceMinMax(steps, steps, 10, 5).values).toEqual(steps);
});

test("every bucket keeps its lowest and highest point, in their order", () => {
  const steps = floats(1000, (i) => i);
  const reduced = reduceMinMax(
    steps,
    floats(1000, (i) => Math.sin(i)),
    1000,
    10,
  );
  expect(reduced.steps.length).toBeLessThanOrEqual(21);
  expect([...reduced.steps]).toEqual([...reduced.steps].sort((a, b) => a - b));
  for (let bucket = 0; bucket < 10; bucket++) {
    const inside = (step: number): boolean => Math.floor((step / 999) * 10) === bucket;
    const all = [...steps].filter(inside).map(Math.sin);
    const kept = [...reduced.values].filter((_, i) => inside(reduced.steps[i]!));
    expect(Math.max(...kept)).toBe(Math.max(...all));
    expect(Math.min(...kept)).toBe(Math.min(...all));
  }
});

test("a stretch of NaN stays a gap and a lone NaN does not hide its neighbours", () => {
  const steps = floats(1000, (i) => i);
  const values = floats(1000, (i) => ((i >= 300 && i < 500) || i === 720 ? NaN : i));
  const reduced = reduceMinMax(steps, values, 1000, 10);
  const at = (low: number, high: number): number[] =>
    [...reduced.values].filter((_, i) => reduced.steps[i]! >= low && reduced.steps[i]! < high);
  expect(at(310, 490).every(Number.isNaN)).toBe(true);
  expect(at(710, 790).every(Number.isFinite)).toBe(true);
});

test("steps that are all alike are cut by index", () => {
  const reduced = reduceMinMax(
    floats(1000, () => 3),
    floats(1000, (i) => i),
    1000,
    10,
  );
  expect(reduced.values.length).toBeLessThanOrEqual(21);
  expect(reduced.values.at(-1)).toBe(999);
});
