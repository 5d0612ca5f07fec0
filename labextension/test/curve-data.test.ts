import { expect, test } from "vitest";
import { zoomedY } from "../src/curve-data";
import type { Zoom } from "../src/parts";

const zoom: Zoom = { x: [0, 10], y: [0, 2], key: "loss" };

test("a stretch of y is zoomed into as long as its key is drawn, on an axis that has it", () => {
  expect(zoomedY(zoom, "loss", false)).toEqual([0, 2]);
  expect(zoomedY(zoom, "accuracy", false)).toBeNull();
  expect(zoomedY(zoom, "loss", true)).toBeNull();
  expect(zoomedY({ ...zoom, y: [1, 2] }, "loss", true)).toEqual([1, 2]);
  expect(zoomedY(null, "loss", false)).toBeNull();
});
