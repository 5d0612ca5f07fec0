import { expect, test } from "vitest";
import {
  columnFormatter,
  formatConfigValue,
  formatDuration,
  formatLiteral,
  formatNumber,
  shortName,
} from "../src/format";

test.each([
  [0.0766999, "0.0767"],
  [168, "168"],
  [0, "0"],
  [0.000057, "5.7e-5"],
  [123456789.5, "1.23e+8"],
  [NaN, "NaN"],
  [-Infinity, "−∞"],
  [null, "–"],
])("%s reads %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("a column has the same decimals in each row, but for the one that diverged", () => {
  const format = columnFormatter([0.0921, 0.07, 0.3071, 1e12]);
  expect([0.0921, 0.07, 0.3071].map(format)).toEqual(["0.0921", "0.0700", "0.3071"]);
  expect(format(1e12)).toBe("1e+12");
  expect(format(null)).toBe("–");
});

test("durations use the units that one would say", () => {
  expect([0.42, 12.3, 59.7, 185, 3725, null].map(formatDuration)).toEqual([
    ...["0.4 s", "12 s", "1 min 00 s", "3 min 05 s", "1 h 02 min", "–"],
  ]);
});

test("config values are written as in Python, and markup stays what was written", () => {
  expect([true, null, "adam", "<b>", undefined, [1, "a"]].map(formatConfigValue)).toEqual([
    ...["True", "None", "adam", "<b>", "–", '[1, "a"]'],
  ]);
  expect(formatLiteral({ a: { b: false } })).toBe('{"a": {"b": False}}');
});

test("a setting that is no whole number does not read as one", () => {
  expect([0.9999, 99.95, 1234.5, 0.12345, 0.1 + 0.2, 1e-5, 256].map(formatConfigValue)).toEqual([
    ...["0.9999", "99.95", "1234.5", "0.123", "0.3", "1e-5", "256"],
  ]);
});

test("a very long name keeps its beginning and its end", () => {
  expect(shortName("loss")).toBe("loss");
  expect(shortName(`${"long ".repeat(60)}name`, 12)).toBe("long lo…name");
});
