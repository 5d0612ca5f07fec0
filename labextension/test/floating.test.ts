import { expect, test } from "vitest";
import { placeAt } from "../src/floating";

const PAGE = { width: 800, height: 600 };
const opener = (top: number, right = 700): { top: number; bottom: number; right: number } => ({
  ...{ top, bottom: top + 20, right },
});

test("a menu stands below its opener and ends where it ends", () => {
  const place = placeAt(opener(100), { width: 180, height: 150 }, PAGE);
  expect(place).toMatchObject({ left: 520, top: 124 });
});

test("a menu without room below stands above", () => {
  const place = placeAt(opener(560), { width: 180, height: 150 }, PAGE);
  expect(place.top).toBe(560 - 4 - 150);
});

test("a menu with room on neither side takes the larger one, and scrolls", () => {
  const low = placeAt(opener(400), { width: 180, height: 900 }, PAGE);
  expect([low.top, low.height]).toEqual([4, 392]);
  const high = placeAt(opener(100), { width: 180, height: 900 }, PAGE);
  expect([high.top, high.height]).toEqual([124, 472]);
});

test("a menu leaves the page on no side", () => {
  expect(placeAt(opener(100, 60), { width: 180, height: 50 }, PAGE).left).toBe(4);
  expect(placeAt(opener(100, 820), { width: 180, height: 50 }, PAGE).left).toBe(616);
});
