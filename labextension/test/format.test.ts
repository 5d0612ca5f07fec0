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

test.each([
  [
    [0.01231, 0.01234, 0.01238],
    ["0.012310", "0.012340", "0.012380"],
  ],
  [
    [1234.51, 1234.62, 1234.73],
    ["1234.51", "1234.62", "1234.73"],
  ],
  [
    [1.2341e-5, 1.2352e-5],
    ["1.2341e-5", "1.2352e-5"],
  ],
  [
    [12345678, 12346789],
    ["1.23457e+7", "1.23468e+7"],
  ],
  [
    [0.5, 0.5],
    ["0.500", "0.500"],
  ],
  [
    [0.123456789, 0.123456788],
    ["0.123457", "0.123457"],
  ],
  [
    [1, 20, 300],
    ["1", "20", "300"],
  ],
])("the rows %s of a column differ in what is shown, as far as six digits go", (values, texts) => {
  expect(values.map(columnFormatter(values))).toEqual(texts);
});

test("durations use the units that one would say", () => {
  expect([0, 0.01, 0.42, 12.3, 59.7, 185, 3725, null].map(formatDuration)).toEqual([
    ...["0.0 s", "< 0.1 s", "0.4 s", "12 s", "1 min 00 s", "3 min 05 s", "1 h 02 min", "–"],
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
