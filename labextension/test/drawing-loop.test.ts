import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDrawingLoop, type DrawingLoop } from "../src/drawing-loop";

/** A clock and animation frames that go on only when told to. */
let now_ms = 0;
let waiting: ((now_ms: number) => void)[] = [];
let drawn: string[] = [];
let loop: DrawingLoop;
let dear_ms = 0;

const frame = (count = 1): void => {
  for (let i = 0; i < count; i++) {
    now_ms += 16;
    const due = waiting;
    waiting = [];
    for (const callback of due) callback(now_ms);
  }
};
const draws = (name: string) => (): void => {
  drawn.push(name);
  now_ms += dear_ms;
};

beforeEach(() => {
  [now_ms, waiting, drawn, dear_ms] = [1000, [], [], 0];
  vi.stubGlobal("requestAnimationFrame", (callback: (now_ms: number) => void) =>
    waiting.push(callback),
  );
  vi.stubGlobal("cancelAnimationFrame", () => {
    waiting = [];
  });
  vi.spyOn(performance, "now").mockImplementation(() => now_ms);
  loop = createDrawingLoop(draws("quick"), [draws("first"), draws("second"), draws("third")]);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("the drawing loop", () => {
  test("draws the stages one a frame, and then nothing until it is asked again", () => {
    loop.request("whole");
    loop.request("whole");
    frame();
    expect(drawn).toEqual(["first"]);
    frame(5);
    expect(drawn).toEqual(["first", "second", "third"]);
    loop.request("whole");
    frame(3);
    expect(drawn).toHaveLength(6);
  });

  test("what follows the pointer is drawn in each frame, also between two stages", () => {
    loop.request("whole");
    frame();
    loop.request("quick");
    frame();
    expect(drawn).toEqual(["first", "quick", "second"]);
  });

  test("dear stages rest three times as long as they took", () => {
    dear_ms = 10;
    loop.request("whole");
    frame(3);
    loop.request("whole");
    frame(4);
    expect(drawn).toHaveLength(3);
    frame(4);
    expect(drawn.slice(3)).toContain("first");
  });

  test("while the pointer moves dear stages wait and the quick part does not", () => {
    dear_ms = 10;
    loop.request("whole");
    frame(3);
    now_ms += 1000;
    drawn = [];
    dear_ms = 0;
    for (let i = 0; i < 10; i++) {
      loop.request("quick");
      frame();
    }
    expect(new Set(drawn)).toEqual(new Set(["quick"]));
    expect(drawn).toHaveLength(10);
    frame(20);
    expect(drawn.slice(10)).toEqual(["first", "second", "third"]);
  });

  test("a stopped loop draws nothing more, whoever asks", () => {
    loop.request("whole");
    loop.stop();
    loop.request("whole");
    frame(3);
    expect(drawn).toEqual([]);
  });
});
