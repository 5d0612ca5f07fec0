import { expect, test } from "vitest";
import {
  durationTicks,
  formatDurationTicks,
  formatEnds,
  formatTicks,
  linearTicks,
  logTicks,
} from "../src/ticks";

test("log ticks are 1, 3, 10 where there is room and fewer where there is not", () => {
  expect(logTicks(0.05, 3, 6)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
  expect(logTicks(0.01, 20, 7)).toEqual([0.01, 0.03, 0.1, 0.3, 1, 3, 10]);
  expect(logTicks(1e-12, 1e12, 6).length).toBeLessThanOrEqual(6);
});

test("a log axis of less than a decade still has ticks", () => {
  expect(logTicks(0.31, 0.44, 6).length).toBeGreaterThan(2);
});

test("linear ticks stand at round numbers, and steps are whole", () => {
  expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(linearTicks(0, 2, 8, true)).toEqual([0, 1, 2]);
});

test("nothing waits for the ticks of a stretch in which floats run out", () => {
  expect(linearTicks(0.3, 0.1 + 0.2, 5).length).toBeLessThan(5);
  expect(linearTicks(1e17, 1e17 + 16, 8, true).length).toBeLessThan(12);
  expect(linearTicks(NaN, 1, 5)).toEqual([]);
  expect(linearTicks(0, 5e-324, 5).length).toBeLessThan(12);
});

test("ticks are short", () => {
  expect(formatTicks([0.001, 0.1, 1500, 20000, 3e6])).toEqual([
    "0.001",
    "0.1",
    "1500",
    "20k",
    "3M",
  ]);
});

test.each([
  [1_212_000, 1_216_000, "1.212M"],
  [100_001, 100_005, "100.001k"],
  [1.0001, 1.0002, "1.0001"],
  [1.2345e10, 1.2346e10, "1.2345e+10"],
  [102.5, 103.5, "102.6"],
  [-0.3, 0.1 + 0.2, "-0.3"],
])("no two ticks between %s and %s are alike", (low, high, first) => {
  const labels = formatTicks(linearTicks(low, high, 6));
  expect(labels[0]).toBe(first);
  expect(new Set(labels).size).toBe(labels.length);
});

test.each([
  [32, 256, ["32", "256"]],
  [1000, 1000.5, ["1000", "1000.5"]],
  [20000, 123456, ["20k", "123456"]],
  [0.0123, 0.0124, ["0.0123", "0.0124"]],
  [1e-5, 0.1, ["1e-5", "0.1"]],
  [0.00012, 0.00013, ["1.2e-4", "1.3e-4"]],
  [1234.6, 2345.2, ["1235", "2345"]],
  [0.2537, 2.31, ["0.25", "2.3"]],
])("the ends %s and %s of an axis read as what they are", (low, high, texts) => {
  expect(formatEnds({ low, high, lowest: low, highest: high })).toEqual(texts);
});

test("an end says so where values lie beyond it", () => {
  const ends = { low: 0, high: 7, lowest: 0, highest: 7 };
  expect(formatEnds({ ...ends, highest: 1e9 })).toEqual(["0", "≥ 7"]);
  expect(formatEnds({ ...ends, lowest: -1 })).toEqual(["≤ 0", "7"]);
});

test.each([
  [0, 1, "0 s, 0.2 s, 0.4 s, 0.6 s, 0.8 s, 1 s"],
  [0, 100, "0 s, 20 s, 40 s, 60 s, 80 s, 100 s"],
  [0, 600, "0 min, 2 min, 4 min, 6 min, 8 min, 10 min"],
  [0, 10_000, "0 h, 0.5 h, 1 h, 1.5 h, 2 h, 2.5 h"],
  [0, 864_000, "0 d, 2 d, 4 d, 6 d, 8 d, 10 d"],
  [20_000, 20_010, "20000 s, 20002 s, 20004 s, 20006 s, 20008 s, 20010 s"],
])("the seconds from %s to %s are told in the unit that one would say", (low, high, texts) => {
  expect(formatDurationTicks(durationTicks(low, high, 6)).join(", ")).toBe(texts);
});
