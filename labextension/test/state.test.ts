import { describe, expect, test } from "vitest";
import type { KernelMessage } from "../src/protocol";
import {
  applyMessage,
  copyState,
  cursors,
  initialState,
  isPending,
  press,
  runDuration_s,
  type DashboardState,
  type Outcome,
} from "../src/state";
import { aDelta, aRun, aSeries, aSnapshot, aSweep, buffersOf, SESSION } from "./messages";

function hear(state: DashboardState, message: KernelMessage, buffers: DataView[] = []): Outcome {
  return applyMessage(state, message, buffers, SESSION, 0);
}

function after(...points: [number[], number[]]): DashboardState {
  const state = initialState();
  const total = points[0].length;
  hear(state, aSnapshot({ series: [aSeries(0, total)] }), buffersOf(...points));
  return state;
}

function held(state: DashboardState): number[] {
  const series = state.series.get("loss")?.get("r");
  return series ? [...series.values.subarray(0, series.length)] : [];
}

describe("a series", () => {
  test("grows by a delta that starts where it ends", () => {
    const state = after([0, 1], [5, 4]);
    expect(hear(state, aDelta({ series: [aSeries(2, 3)] }), buffersOf([2], [3]))).toBe("applied");
    expect(held(state)).toEqual([5, 4, 3]);
  });

  test("takes of an overlapping delta only what is new", () => {
    const state = after([0, 1], [5, 4]);
    hear(state, aDelta({ series: [aSeries(1, 3)] }), buffersOf([1, 2], [4, 3]));
    expect(held(state)).toEqual([5, 4, 3]);
  });

  test("is untouched by a delta that it has already", () => {
    const state = after([0, 1], [5, 4]);
    hear(state, aDelta({ series: [aSeries(0, 1)] }), buffersOf([0], [9]));
    expect(held(state)).toEqual([5, 4]);
  });

  test("asks again after a gap, and says how far it got", () => {
    const state = after([0, 1], [5, 4]);
    expect(hear(state, aDelta({ series: [aSeries(7, 8)] }), buffersOf([7], [1]))).toBe("resync");
    expect(held(state)).toEqual([5, 4]);
    expect(cursors(state)).toEqual({ r: { loss: 2 } });
  });

  test("that another page draws is left alone", () => {
    const state = after([0, 1], [5, 4]);
    state.wanted.add("loss");
    const other = aDelta({ series: [aSeries(7, 8, { key: "accuracy" })] });
    expect(hear(state, other, buffersOf([7], [1]))).toBe("applied");
    expect(state.series.has("accuracy")).toBe(false);
  });

  test("takes of a reduced, overlapping delta what lies beyond its last point", () => {
    const state = after([0, 1], [5, 4]);
    const overlapping = aDelta({ series: [aSeries(1, 9, { reduced: true })] });
    expect(hear(state, overlapping, buffersOf([1, 4, 8], [4, 9, 3]))).toBe("applied");
    expect(held(state)).toEqual([5, 4, 9, 3]);
    expect(cursors(state)).toEqual({ r: { loss: 9 } });
  });

  test("that the kernel reduced goes on from its total, not from its length", () => {
    const state = initialState();
    const reduced = aSnapshot({ series: [aSeries(0, 1000, { reduced: true })] });
    hear(state, reduced, buffersOf([0, 500, 999], [3, 2, 1]));
    expect(cursors(state)).toEqual({ r: { loss: 1000 } });
    const next = aDelta({ series: [aSeries(1000, 1001)] });
    expect(hear(state, next, buffersOf([1000], [0]))).toBe("applied");
    expect(held(state)).toEqual([3, 2, 1, 0]);
  });

  test("is bounded however long it grows, and keeps its extremes and its last point", () => {
    const state = after([], []);
    for (let start = 0; start < 50_000; start += 1000) {
      const steps = Array.from({ length: 1000 }, (_, i) => start + i);
      const values = steps.map((step) => (step === 31_234 ? 99 : step === 17 ? -99 : step % 7));
      hear(state, aDelta({ series: [aSeries(start, start + 1000)] }), buffersOf(steps, values));
    }
    expect(held(state).length).toBeLessThan(4000);
    expect(Math.max(...held(state))).toBe(99);
    expect(Math.min(...held(state))).toBe(-99);
    expect(state.series.get("loss")?.get("r")?.steps[held(state).length - 1]).toBe(49_999);
  });

  test("keeps NaN and infinities, which buffers carry as they are", () => {
    expect(held(after([0, 1, 2], [NaN, Infinity, 1]))).toEqual([NaN, Infinity, 1]);
  });
});

describe("a message", () => {
  test("for another page changes nothing", () => {
    const state = initialState();
    expect(hear(state, aSnapshot({ to: "another" }))).toBe("foreign");
    expect(state.sweep).toBeNull();
    expect(state.connection).toBe("connecting");
  });

  test("of changes before any snapshot is not taken for the answer to a hello", () => {
    const state = initialState();
    expect(hear(state, aDelta({ sweep: aSweep() }))).toBe("foreign");
    expect(state.sweep).toBeNull();
  });

  test("with a snapshot replaces what was there", () => {
    const state = after([0, 1], [5, 4]);
    hear(state, aSnapshot({ runs: [aRun({ id: "other" })] }));
    expect([...state.runs.keys()]).toEqual(["other"]);
    expect(held(state)).toEqual([]);
  });

  test("of an unknown type is left alone", () => {
    expect(hear(initialState(), { type: "from-the-future" } as unknown as KernelMessage)).toBe(
      "foreign",
    );
  });
});

describe("a pressed button", () => {
  const pressed = (command: "pause" | "stop" | "kill_run"): DashboardState => {
    const state = after([], []);
    const run = command === "kill_run" ? { run: "r" } : {};
    press(state, { type: "command", session: SESSION, command, ...run }, 0);
    return state;
  };

  test("waits until the state has changed", () => {
    const state = pressed("pause");
    hear(state, aDelta({ sweep: aSweep() }));
    expect(isPending(state, "pause")).toBe(true);
    hear(state, aDelta({ sweep: aSweep({ state: "paused" }) }));
    expect(isPending(state, "pause")).toBe(false);
  });

  test("stop waits until no agent and no run is at work", () => {
    const state = pressed("stop");
    hear(state, aDelta({ sweep: aSweep({ state: "cancelled" }) }));
    expect(isPending(state, "stop")).toBe(true);
    hear(state, aDelta({ sweep: aSweep({ state: "cancelled", active: false, counts: {} }) }));
    expect(isPending(state, "stop")).toBe(false);
  });

  test("of one run waits for that run", () => {
    const state = pressed("kill_run");
    expect(isPending(state, "kill_run", "r")).toBe(true);
    hear(state, aDelta({ runs: [aRun({ state: "killed" })] }));
    expect(isPending(state, "kill_run", "r")).toBe(false);
  });

  test("is released by a notice", () => {
    const state = pressed("stop");
    hear(state, { type: "notice", to: SESSION, level: "error", text: "no" });
    expect(isPending(state, "stop")).toBe(false);
  });
});

test("a running run's time follows the kernel's clock, not the page's", () => {
  const state = initialState();
  applyMessage(state, aSnapshot({ sweep: aSweep({ now: 1000 }) }), [], SESSION, 5_000_000);
  expect(runDuration_s(aRun({ started_at: 990 }), state, 5_002_000)).toBe(12);
  expect(runDuration_s(aRun({ state: "finished", duration_s: 3 }), state, 5_002_000)).toBe(3);
});

test("a copy of a state has its series, and grows by itself", () => {
  const state = after([0, 1], [5, 4]);
  const copy = copyState(state);
  expect(cursors(copy)).toEqual({ r: { loss: 2 } });
  hear(copy, aDelta({ series: [aSeries(2, 3)] }), buffersOf([2], [3]));
  expect(held(copy)).toEqual([5, 4, 3]);
  expect(held(state)).toEqual([5, 4]);
  expect(copy.connection).toBe("live");
});

test("what speaks another protocol is not read, until it speaks ours", () => {
  const state = initialState();
  expect(hear(state, aSnapshot({ protocol: 4 }))).toBe("applied");
  expect(state.otherProtocol).toBe(4);
  expect(state.sweep).toBeNull();
  hear(state, aSnapshot());
  expect(state.otherProtocol).toBeNull();
  expect(state.sweep?.name).toBe("sweep");
});
