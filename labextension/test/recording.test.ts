import { describe, expect, it } from "vitest";
import { answerTo, readBlock, type Recording } from "../src/recording";
import { aSeries, aSnapshot, buffersOf, SESSION, toFloats } from "./messages";

const recording: Recording = {
  snapshot: aSnapshot({ series: [aSeries(0, 4)] }),
  details: {
    r: { type: "run_detail", run: "r", traceback: null, console: "printed", config: { lr: 0.1 } },
  },
  importance: {
    loss: {
      ...{ type: "importance", metric: "loss", rows: [], runs_used: 3 },
      ...{ left_out: {}, reason: null },
    },
  },
  lengths: [32, 32, 32],
  recorded: "2026-11-24 12:00",
};
const buffers = buffersOf([0, 1, 2, 3], [4, 3, 2, 1]);
const session = SESSION;

describe("a recording", () => {
  it("greets a page with all it holds, and a page that has it with no series", () => {
    const hello = { type: "hello", protocol: 3, session, keys: [] } as const;
    const [first, data] = answerTo(recording, buffers, { ...hello, cursors: {} }) ?? [];
    expect(first).toMatchObject({ type: "snapshot", to: session, series: [{ total: 4 }] });
    expect(data).toHaveLength(3);
    const [again] = answerTo(recording, buffers, { ...hello, cursors: { r: { loss: 4 } } }) ?? [];
    expect(again).toMatchObject({ type: "delta", series: [] });
  });

  it("answers what a kernel would about a run and about importance", () => {
    const [detail] = answerTo(recording, buffers, { type: "run_detail", session, run: "r" }) ?? [];
    expect(detail).toMatchObject({ type: "run_detail", console: "printed", to: session });
    const asked = { type: "importance", session } as const;
    const [known] = answerTo(recording, buffers, { ...asked, metric: "loss" }) ?? [];
    expect(known).toMatchObject({ runs_used: 3, reason: null });
    const [unknown] = answerTo(recording, buffers, { ...asked, metric: "other" }) ?? [];
    expect(unknown).toMatchObject({
      rows: [],
      reason: expect.stringContaining("not recorded") as string,
    });
  });

  it("zooms into the points that it holds", () => {
    const zoom = { type: "zoom", session, key: "loss", from: 1, until: 2 } as const;
    const [message, data] = answerTo(recording, buffers, zoom) ?? [];
    expect(message).toMatchObject({ type: "zoom", series: [{ run: "r", steps: 0, values: 2 }] });
    expect(toFloats(data?.[0])).toEqual([1, 2]);
    expect(toFloats(data?.[2])).toEqual([3, 2]);
  });

  it("says that it cannot be commanded", () => {
    const [message] =
      answerTo(recording, buffers, { type: "command", session, command: "stop" }) ?? [];
    expect(message).toMatchObject({
      type: "notice",
      text: expect.stringContaining("2026-11-24") as string,
    });
  });

  it("is read from its block", () => {
    const text = new TextEncoder().encode(JSON.stringify({ ...recording, lengths: [8, 16] }));
    const block = new Uint8Array(4 + text.length + 24);
    new DataView(block.buffer).setUint32(0, text.length, true);
    block.set(text, 4);
    new Uint8Array(block.buffer, 4 + text.length).set(
      new Uint8Array(Float64Array.of(1.5, 2.5, 3.5).buffer),
    );
    const [read, arrays] = readBlock(block.buffer);
    expect(read.recorded).toBe(recording.recorded);
    expect(arrays.map((array) => toFloats(array))).toEqual([[1.5], [2.5, 3.5]]);
  });
});
