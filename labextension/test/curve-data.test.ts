import { expect, test } from "vitest";
import { curvesOf, searchHistory, zoomedY } from "../src/curve-data";
import { createFrames } from "../src/frames";
import { initialView, type Frame, type ViewState, type Zoom } from "../src/parts";
import type { RunView } from "../src/protocol";
import { applyMessage, initialState } from "../src/state";
import { aRun, aSeries, aSnapshot, aSweep, buffersOf, SESSION } from "./messages";

const zoom: Zoom = { x: [0, 10], y: [0, 2], key: "loss" };

test("a stretch of y is zoomed into as long as its key is drawn, on an axis that has it", () => {
  expect(zoomedY(zoom, "loss", false)).toEqual([0, 2]);
  expect(zoomedY(zoom, "accuracy", false)).toBeNull();
  expect(zoomedY(zoom, "loss", true)).toBeNull();
  expect(zoomedY({ ...zoom, y: [1, 2] }, "loss", true)).toEqual([1, 2]);
  expect(zoomedY(null, "loss", false)).toBeNull();
});

/** A frame of runs, and of what one of them (`r`) logged of each key at steps 0, 1, 2… */
function aFrame(
  runs: readonly RunView[],
  logged: Readonly<Record<string, number[]>> = {},
  chosen: Partial<ViewState> = {},
): Frame {
  const state = initialState();
  const buffers: DataView[] = [];
  const series = Object.entries(logged).map(([key, values]) => {
    const at = buffers.length;
    buffers.push(...buffersOf([...values.keys()], values));
    return aSeries(0, values.length, { key, steps: at, times: at + 1, values: at + 2 });
  });
  applyMessage(state, aSnapshot({ sweep: aSweep(), runs, series }), buffers, SESSION, 0);
  return createFrames()({
    ...{ revision: 0, selectionRevision: 0, state, view: { ...initialView(), ...chosen } },
    ...{ theme: "light", colors: { surface: "", dim: "" }, hovered: null, now_ms: 0 },
  });
}

test("where the key along x is no number a curve lacks a point, and all else has its place", () => {
  const logged = { loss: [5, 4, 3, 2], epoch: [0, NaN, 2, Infinity] };
  const [curve] = curvesOf(aFrame([aRun()], logged, { x: "key:epoch" }), "loss");
  expect([...curve!.xs]).toEqual([0, 2]);
  expect([...curve!.values]).toEqual([5, 3]);
  expect(curve).toMatchObject({ length: 2, x: { low: 0, high: 2 }, y: { low: 3, high: 5 } });
  const nowhere = { ...logged, epoch: [NaN, NaN, NaN, NaN] };
  expect(curvesOf(aFrame([aRun()], nowhere, { x: "key:epoch" }), "loss")).toEqual([]);
});

test("the best so far and the colours count no run that failed or was killed", () => {
  const states = ["finished", "killed", "failed", "crashed", "stopped"] as const;
  const runs = states.map((state, number) =>
    aRun({ ...{ id: state, number, state }, summary: { loss: 5 - number } }),
  );
  const frame = aFrame(runs);
  expect(searchHistory(frame).best).toEqual({ xs: [1, 5], values: [5, 1] });
  expect([...frame.shades].filter(([, shade]) => shade !== null).map(([id]) => id)).toEqual([
    "finished",
    "stopped",
  ]);
});
