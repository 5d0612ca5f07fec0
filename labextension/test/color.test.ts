import { expect, test } from "vitest";
import { shadeColor, shades } from "../src/color";

const lightness = (color: string): number => {
  const [r = 0, g = 0, b = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

test("the best value has the brightest shade, whichever way the goal points", () => {
  expect(shades([3, 1, 2], "minimize")).toEqual([0, 1, 0.5]);
  expect(shades([3, 1, 2], "maximize")).toEqual([1, 0, 0.5]);
});

test("one diverged run does not paint all the others alike", () => {
  const [a, b] = shades([0.1, 0.2, 0.3, 0.4, 0.25, 1e9], "minimize");
  expect(a).toBe(1);
  expect(a! - b!).toBeGreaterThan(0.1);
});

test("equal values are all the best, and NaN is the worst there is", () => {
  expect(shades([2, 2], "minimize")).toEqual([1, 1]);
  expect(shades([0.3, 0.1 + 0.2], "minimize")).toEqual([1, 1]);
  expect(shades([1, NaN, 2, Infinity], "minimize")).toEqual([1, 0, 0, 0]);
  expect(shades([NaN, null], "minimize")).toEqual([0, null]);
});

test("when most runs are equal the others still differ", () => {
  expect(shades([1, 1, 1, 1, 1, 5, 9], "minimize").slice(4)).not.toEqual([1, 0, 0]);
});

test.each(["light", "dark"] as const)("the %s scale grows brighter without a break", (theme) => {
  const scale = Array.from({ length: 21 }, (_, i) => lightness(shadeColor(i / 20, theme)));
  expect(scale).toEqual([...scale].sort((a, b) => a - b));
});

test("the bright end is readable on white, the dark end on black", () => {
  expect(lightness(shadeColor(1, "light"))).toBeLessThan(190);
  expect(lightness(shadeColor(0, "dark"))).toBeGreaterThan(90);
});

test("values as large as floats can be still have shades", () => {
  expect(shades([-1.7e308, 1.7e308, 0], "minimize")).toEqual([1, 0, 0.5]);
  expect(shadeColor(shades([-1.7e308, 1.7e308], "maximize")[0]!, "light")).toMatch(/^rgb/);
});
