/**
 * When to draw: once a frame when asked to, and the dear parts less often than the cheap ones.
 *
 * `quick` is what follows the pointer (the panel that is being brushed) and is drawn every frame;
 * the stages are everything, one a frame, so that the first of them is seen before the last is
 * drawn. They rest three times as long as they took, so that the page stays the user's.
 */
export interface DrawingLoop {
  request(what: "quick" | "whole"): void;
  stop(): void;
}

/** Drawing cheaper than this needs no rest: it fits in a frame beside everything else. */
const CHEAP_MS = 8;
/** Dear drawing waits until the pointer has rested this long. */
const DRAG_REST_MS = 200;

export function createDrawingLoop(quick: () => void, stages: readonly (() => void)[]): DrawingLoop {
  let frame = 0;
  let stage = 0;
  let rest_until_ms = 0;
  let cost_ms = 0;
  let quick_ms = -Infinity;
  let wants = { quick: false, whole: false };

  const run = (now_ms: number): void => {
    frame = 0;
    const dragging = cost_ms > CHEAP_MS && now_ms - quick_ms < DRAG_REST_MS;
    const begins = wants.whole && now_ms >= rest_until_ms && !dragging;
    if (stage > 0 || begins) drawStage();
    else if (wants.quick) {
      wants.quick = false;
      quick();
    }
    if (stage > 0 || wants.quick || wants.whole) ask();
  };
  const drawStage = (): void => {
    const began_ms = performance.now();
    if (stage === 0) {
      wants = { quick: false, whole: false };
      cost_ms = 0;
    } else if (wants.quick) {
      wants.quick = false;
      quick();
    }
    stages[stage]?.();
    const ended_ms = performance.now();
    cost_ms += ended_ms - began_ms;
    stage = (stage + 1) % stages.length;
    if (stage === 0) rest_until_ms = cost_ms > CHEAP_MS ? ended_ms + 3 * cost_ms : 0;
  };
  const ask = (): void => {
    if (frame === 0) frame = requestAnimationFrame(run);
  };

  return {
    request(what): void {
      wants[what] = true;
      if (what === "quick") {
        wants.whole = true;
        quick_ms = performance.now();
      }
      ask();
    },
    stop(): void {
      cancelAnimationFrame(frame);
      frame = -1; // a late message asks for no more frames
    },
  };
}
