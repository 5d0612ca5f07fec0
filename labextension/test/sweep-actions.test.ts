import { expect, it, vi } from "vitest";
import type { SweepItem } from "../src/lab/wire";

vi.mock("@jupyterlab/apputils", () => ({}));
const { possible } = await import("../src/lab/sweep-actions");

const item: SweepItem = {
  ...{ id: "abc123", name: "digits", method: "random", state: "running" as const, active: true },
  ...{ metric: "loss", goal: "minimize" as const, best: null, created_at: 0, note: null },
  ...{ runs: 0, finished: 0, failed: 0, total: 5, running: [], running_count: 0 },
  note_kind: null,
};
const offered = (sweep: SweepItem) =>
  (["pause", "resume", "stop"] as const).filter((action) => possible(action, sweep));

it("a sweep that waits for an agent is offered neither a pause nor a stop", () => {
  expect(offered({ ...item, active: false })).toEqual([]);
  expect(offered(item)).toEqual(["pause", "stop"]);
  expect(offered({ ...item, active: false, running_count: 1 })).toEqual(["pause", "stop"]);
});

it("a sweep that is paused can be resumed or stopped, one that was stopped can go on", () => {
  const idle = { ...item, active: false };
  expect(offered({ ...idle, state: "paused" })).toEqual(["resume", "stop"]);
  expect(offered({ ...idle, state: "finished", note_kind: "person" })).toEqual(["resume"]);
  expect(offered({ ...idle, state: "finished", runs: 5, finished: 5 })).toEqual([]);
});
