import { expect, test } from "vitest";
import { reduceMinMax } from "../src/reduce";

const floats = (length: number, of: (i: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, i) => of(i));

const reduced = (
  steps: Float64Array,
  values: Float64Array,
  buckets: number,
): ReturnType<typeof reduceMinMax> =>
  reduceMinMax({ steps, times: steps, values }, steps.length, buckets);

test("a short series is left as it is", () => {
  const steps = floats(10, (i) => i);
  expect(reduced(steps, steps, 5).values).toEqual(steps);
});

test("every bucket keeps its lowest and highest point, in their order", () => {
  const steps = floats(1000, (i) => i);
  const few = reduced(
    steps,
    floats(1000, (i) => Math.sin(i)),
    10,
  );
  expect(few.steps.length).toBeLessThanOrEqual(21);
  expect([...few.steps]).toEqual([...few.steps].sort((a, b) => a - b));
  for (let bucket = 0; bucket < 10; bucket++) {
    const inside = (step: number): boolean => Math.floor((step / 999) * 10) === bucket;
    const all = [...steps].filter(inside).map(Math.sin);
    const kept = [...few.values].filter((_, i) => inside(few.steps[i]!));
    expect(Math.max(...kept)).toBe(Math.max(...all));
    expect(Math.min(...kept)).toBe(Math.min(...all));
  }
});

test("a stretch of NaN stays a gap and a lone NaN does not hide its neighbours", () => {
  const steps = floats(1000, (i) => i);
  const values = floats(1000, (i) => ((i >= 300 && i < 500) || i === 720 ? NaN : i));
  const few = reduced(steps, values, 10);
  const at = (low: number, high: number): number[] =>
    [...few.values].filter((_, i) => few.steps[i]! >= low && few.steps[i]! < high);
  expect(at(310, 490).every(Number.isNaN)).toBe(true);
  expect(at(710, 790).every(Number.isFinite)).toBe(true);
});

test("steps that are all alike are cut by index", () => {
  const few = reduced(
    floats(1000, () => 3),
    floats(1000, (i) => i),
    10,
  );
  expect(few.values.length).toBeLessThanOrEqual(21);
  expect(few.values.at(-1)).toBe(999);
});
