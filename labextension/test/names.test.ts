import { describe, expect, test } from "vitest";
import { fitsCell, splitName } from "../src/dom";
import { columnsOf, within } from "../src/slices";

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

  test("is whole where it has few letters, and what is said after it is never cut", () => {
    expect(splitName("lr", " log")).toEqual(["lr log", ""]);
    expect(splitName("dropout", " log")).toEqual(["dropout", " log"]);
    expect(splitName("learning_rate", " log")).toEqual(["learning_", "rate log"]);
  });
});

test("a slice's tip ends where the dashboard ends, and begins where it begins", () => {
  const room = { low: -200, high: 190 }; // around the last slice of a row
  expect(within(60, 80, room)).toBe(60);
  expect(within(120, 160, room)).toBe(30);
  expect(within(120, 900, room)).toBe(-200);
});

test("slices stand in rows that are about equally long", () => {
  expect([1, 4, 5, 7, 10, 15].map((plots) => columnsOf(plots, 1052))).toEqual([1, 4, 5, 4, 5, 5]);
  expect([5, 6].map((plots) => columnsOf(plots, 772))).toEqual([3, 3]);
  expect([columnsOf(0, 772), columnsOf(3, 100)]).toEqual([1, 1]);
});
