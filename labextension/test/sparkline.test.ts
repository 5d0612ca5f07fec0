import { afterEach, expect, test, vi } from "vitest";
import { createFrames } from "../src/frames";
import { initialView, type Frame } from "../src/parts";
import { createSparkline } from "../src/sparkline";
import { applyMessage, initialState } from "../src/state";
import { aRun, aSeries, aSnapshot, buffersOf, SESSION } from "./messages";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** As much of a page as a canvas needs; how often the canvas was stroked. */
function aPage(): { strokes: number } {
  const done = { strokes: 0 };
  const nothing = (): void => undefined;
  const context = {
    ...{ setTransform: nothing, clearRect: nothing, scale: nothing, beginPath: nothing },
    ...{ rect: nothing, clip: nothing, moveTo: nothing, lineTo: nothing },
    stroke: (): void => {
      done.strokes += 1;
    },
  };
  const canvas = { setAttribute: nothing, append: nothing, style: {}, getContext: () => context };
  vi.stubGlobal("document", { createElement: () => canvas });
  vi.stubGlobal("devicePixelRatio", 1);
  return done;
}

test("where every message is a whole snapshot the trend is drawn again with each, and else only once", () => {
  const page = aPage();
  const spark = createSparkline();
  const state = initialState();
  const hear = (...values: number[]): void => {
    const snapshot = aSnapshot({ series: [aSeries(0, values.length)] });
    applyMessage(state, snapshot, buffersOf([...values.keys()], values), SESSION, 0);
  };
  const frame = (): Frame =>
    createFrames()({
      ...{ revision: 0, selectionRevision: 0, state, view: initialView(), theme: "light" },
      ...{ colors: { surface: "", dim: "" }, hovered: null, now_ms: 0 },
    });
  hear(3, 2);
  spark.update(aRun(), frame(), "loss");
  spark.update(aRun(), frame(), "loss");
  expect(page.strokes).toBe(1);
  hear(3, 2, 1);
  spark.update(aRun(), frame(), "loss");
  expect(page.strokes).toBe(2);
});
