import { expect, test } from "vitest";
import { createFrames } from "../src/frames";
import { layOut, type Layout } from "../src/parallel-layout";
import { nearestRun, traceRun } from "../src/parallel-lines";
import { initialView, type Frame } from "../src/parts";
import type { ParameterView, RunView } from "../src/protocol";
import { initialState } from "../src/state";
import { aRun, aSweep } from "./messages";

const lr: ParameterView = {
  ...{ name: "lr", kind: "number", integer: false, log: false, low: 0, high: 1, levels: null },
};

function frameOf(runs: readonly Partial<RunView>[]): Frame {
  const state = initialState();
  state.sweep = aSweep({ parameters: [lr] });
  runs.forEach((changes, number) => {
    state.runs.set(String(number), aRun({ id: String(number), number, ...changes }));
  });
  return createFrames()({
    ...{ revision: 0, selectionRevision: 0, state, view: initialView(), theme: "light" },
    ...{ colors: { surface: "", dim: "" }, hovered: null, now_ms: 0 },
  });
}

const layOutOf = (runs: readonly Partial<RunView>[]): Layout => layOut(frameOf(runs), 600, 200);
const ended = (loss: number): Partial<RunView> => ({
  ...{ state: "finished", config: { lr: 0.5 }, summary: { loss } },
});

test("the texts of the last axis have the room that they take", () => {
  const roomOf = ({ axes, width }: Layout): number => width - axes.at(-1)!.x;
  expect(roomOf(layOutOf([ended(1), ended(2)]))).toBe(52);
  expect(roomOf(layOutOf([ended(1.2e10), ended(1.26e10)]))).toBeGreaterThan(60);
});

test("the end of an axis beyond which a run lies says so", () => {
  const losses = [1, 1.1, 1.2, 1.3, 1.4, 1e9];
  const { axes, top } = layOutOf(losses.map(ended));
  const ticks = axes.at(-1)!.ticks;
  expect(ticks.at(-1)).toEqual({ label: "≥ 1.4", y: top });
  expect(ticks.map(({ label }) => label)).not.toContain("1.4");
  expect(axes[0]!.ticks.map(({ label }) => label)).toContain("1");
});

test("an axis of a metric that is only NaN has no ticks, for nothing says what it spans", () => {
  const { axes } = layOutOf([{ ...ended(1), summary: { loss: "NaN" } }]);
  expect(axes.map(({ axis, ticks }) => [axis.label, ticks.length > 0])).toEqual([
    ["lr", true],
    ["loss", false],
  ]);
});

test("durations are told in their unit, also where one lasted far longer", () => {
  const lasting = [60, 70, 80, 90, 100, 1e6].map((duration_s) => ({ ...ended(1), duration_s }));
  const frame = frameOf(lasting);
  frame.view.parallel = { axes: ["duration"], inverted: new Set() };
  const labels = layOut(frame, 600, 200).axes[0]!.ticks.map(({ label }) => label);
  expect(labels[0]).toBe("60 s");
  expect(labels.at(-1)).toBe("≥ 1 min 40 s");
});

test("a run that has no value yet opens no lane, and its line ends where it has none", () => {
  const running: Partial<RunView> = { state: "running", config: { lr: 0.5 } };
  const layout = layOutOf([ended(1), ended(2), running]);
  expect(layout.missing).toBe(false);
  const [first, last] = layout.axes;
  const calls: unknown[] = [];
  const pen = {
    moveTo: (...at: number[]) => calls.push(at),
    lineTo: (...at: number[]) => calls.push(at),
    bezierCurveTo: (...at: number[]) => calls.push(at),
  };
  traceRun(pen, layout, 2, false);
  expect(calls).toEqual([-7, 0, 7].map((by) => [first!.x + by, 110]));
  const all = (): boolean => true;
  const frame = frameOf([ended(1), ended(2), running]);
  expect(nearestRun(frame, layout, last!.x, layout.lane, all)).toBeNull();
  expect(nearestRun(frame, layout, last!.x, layout.top, all)).toBe("1");
  const alone = (run: string): boolean => run === "2";
  expect(nearestRun(frame, layout, first!.x + 5, 112, alone)).toBe("2");
  expect(nearestRun(frame, layout, first!.x + 50, 112, alone)).toBeNull();
});

test("a run that has failed without a value, or whose lane is brushed, has a lane", () => {
  const failed: Partial<RunView> = { state: "failed", config: { lr: 0.5 } };
  const running: Partial<RunView> = { state: "running", config: { lr: 0.5 } };
  const layout = layOutOf([ended(1), failed, running]);
  expect(layout.axes.map(({ missing }) => missing)).toEqual([false, true]);
  expect([...layout.ys].slice(-1)).toEqual([layout.lane]);
  const frame = frameOf([ended(1), running]);
  frame.view.brushes = new Map([["metric:loss", { ranges: [], levels: [], missing: true }]]);
  expect(layOut(frame, 600, 200).missing).toBe(true);
});
