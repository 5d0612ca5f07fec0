import { describe, expect, test } from "vitest";
import { fitsCell, splitName } from "../src/dom";
import { fitsBeside, within } from "../src/slices";

describe("a long name", () => {
  test("keeps its end, where names that begin alike differ", () => {
    const [front, tail] = splitName("encoder_learning_rate_a");
    expect([front + tail, tail]).toEqual(["encoder_learning_rate_a", "rate_a"]);
    expect(splitName("loss")).toEqual(["loss", ""]);
  });

  test("is counted in letters, not in halves of them", () => {
    expect(splitName("😀".repeat(12))[1]).toBe("😀".repeat(6));
    expect([fitsCell("😀".repeat(22)), fitsCell("x".repeat(23))]).toEqual([true, false]);
  });

  test("of a run made by nbsweep is one text in the table, to be copied as one", () => {
    expect(fitsCell("dazzling-penguin-10000")).toBe(true);
    expect(fitsCell("baseline with all of it, 2nd try")).toBe(false);
  });

  test("has a line of its own under a slice too narrow for it and the ends of its axis", () => {
    expect(fitsBeside("lr log", "1e-5", "1", 124)).toBe(true);
    expect(fitsBeside("weight_decay", "leaky relu", "gelu", 124)).toBe(false);
    expect(fitsBeside("weight_decay", "leaky relu", "gelu", 300)).toBe(true);
  });
});

test("a slice's tip ends where the dashboard ends, and begins where it begins", () => {
  const room = { low: -200, high: 190 }; // around the last slice of a row
  expect(within(60, 80, room)).toBe(60);
  expect(within(120, 160, room)).toBe(30);
  expect(within(120, 900, room)).toBe(-200);
});
