import { describe, expect, test } from "vitest";
import { progress } from "../src/progress";
import { canResume, stateText, stateTone } from "../src/sweep-state";
import { aSweep } from "./messages";

describe("a sweep's state", () => {
  test("says that runs are ending while one does, not while an agent waits", () => {
    const paused = { state: "paused", active: true } as const;
    expect(stateText(aSweep({ ...paused, counts: { running: 1 } }), false)).toBe(
      "paused, runs are ending",
    );
    expect(stateText(aSweep({ ...paused, counts: { finished: 3 } }), false)).toBe("paused");
  });

  test("is quiet where nobody is at work", () => {
    const idle = aSweep({ active: false, counts: {} });
    expect([stateText(idle, false), stateTone(idle)]).toEqual(["waiting for an agent", "idle"]);
    expect(stateText(aSweep(), true)).toBe("running, stops after these runs");
  });
});

describe("a sweep that a person stopped", () => {
  const stopped = aSweep({
    ...{ state: "finished", note_kind: "person", active: false },
    ...{ count: 9, counts: { finished: 2, stopped: 1, killed: 3 } },
  });

  test("says so and can go on; how many runs it has is the progress bar's one count", () => {
    expect(stateText(stopped, false)).toBe("stopped");
    expect(stateTone(stopped)).toBe("stopped");
    expect(canResume(stopped)).toBe(true);
    expect(progress(stopped).text).toMatch(/^6 of 9 runs/);
  });

  test("is stopping until its runs have ended", () => {
    const ending = { ...stopped, active: true, counts: { finished: 3, running: 3 } };
    expect(stateText(ending, false)).toBe("stopping");
    expect(canResume(ending)).toBe(false);
  });

  test("cannot go on where every run that was asked for has begun", () => {
    expect(canResume({ ...stopped, counts: { finished: 3, killed: 6 } })).toBe(false);
  });

  test("has finished where all was done all the same", () => {
    const done = { ...stopped, counts: { finished: 9 } };
    expect([stateText(done, false), stateTone(done)]).toEqual(["finished", "finished"]);
    expect(canResume(done)).toBe(false);
  });

  test("is not one that ended by itself", () => {
    const ended = { ...stopped, note_kind: null };
    expect([stateText(ended, false), canResume(ended)]).toEqual(["finished", false]);
  });
});
