import { expect, test } from "vitest";
import { createFrames, type Moment } from "../src/frames";
import { initialView } from "../src/parts";
import { NO_BRUSH, withBrush } from "../src/selection";
import { initialState } from "../src/state";
import { aRun, aSweep } from "./messages";

function aMoment(changes: Partial<Moment> = {}): Moment {
  const state = initialState();
  state.sweep = aSweep();
  return {
    ...{ revision: 0, selectionRevision: 0, state, view: initialView(), theme: "light" },
    ...{ colors: { surface: "", dim: "" }, hovered: null, now_ms: 0 },
    ...changes,
  };
}

test("a selection whose members stay the same stays the same set, whatever else is new", () => {
  const moment = aMoment();
  const brush = { ...NO_BRUSH, ranges: [[0, 0.5] as const] };
  moment.view.brushes = withBrush(new Map(), "param:lr", brush);
  for (const [id, lr] of [["in", 0.1] as const, ["out", 0.9] as const])
    moment.state.runs.set(id, aRun({ id, config: { lr } }));
  const frames = createFrames();
  const first = frames(moment).selection;
  expect([...first!]).toEqual(["in"]);
  expect(frames({ ...moment, revision: 1 }).selection).toBe(first);
  expect(frames({ ...moment, revision: 1, selectionRevision: 1 }).selection).toBe(first);
  moment.state.runs.set("new", aRun({ id: "new", number: 2, config: { lr: 0.2 } }));
  expect([...frames({ ...moment, revision: 2 }).selection!]).toEqual(["in", "new"]);
});
