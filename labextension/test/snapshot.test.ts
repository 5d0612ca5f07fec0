import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unpack } from "../src/packing";
import { Unreadable } from "../src/shapes";
import { readHead, readSnapshot } from "../src/snapshot";
import { aRun, aSweep, toFloats } from "./messages";

/** Written by Python: see tests/test_snapshot.py, which holds the same numbers. */
const golden = JSON.parse(
  readFileSync(new URL("snapshot-curves.json", import.meta.url), "utf8"),
) as { head: unknown; arrays: string };

function blockOf(head: unknown, arrays: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const block = new Uint8Array(4 + text.length + arrays.length);
  new DataView(block.buffer).setUint32(0, text.length, true);
  block.set(text, 4);
  block.set(arrays, 4 + text.length);
  return block;
}

const goldenBlock = blockOf(golden.head, Buffer.from(golden.arrays, "base64"));

function curve(run: string, key: string): { steps: number[]; times: number[]; values: number[] } {
  const { series, buffers } = unpack(goldenBlock, ["a", "b"]);
  const found = series.find((each) => each.run === run && each.key === key)!;
  return {
    steps: toFloats(buffers[found.steps]),
    times: toFloats(buffers[found.times]),
    values: toFloats(buffers[found.values]),
  };
}

async function gzipped(bytes: Uint8Array): Promise<string> {
  const stream = new Blob([Uint8Array.from(bytes)])
    .stream()
    .pipeThrough(new CompressionStream("gzip"));
  return Buffer.from(await new Response(stream).arrayBuffer()).toString("base64");
}

const packedText = (value: unknown): Promise<string> =>
  gzipped(new TextEncoder().encode(JSON.stringify(value)));

const table = {
  sweep: aSweep({ active: false, keys: { smooth: 43 } }),
  runs: [aRun({ id: "a", code: "c0ffee" }), aRun({ id: "b", number: 2 })],
  details: { a: { console: "printed" } },
  codes: { c0ffee: "log(1)" },
  importance: {},
};

async function aSnapshot(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const head = { version: 1, protocol: 3, sweep: "s", widget: "w", recorded: 1.8e9, notes: ["n"] };
  const [packed, curves] = [await packedText(table), await gzipped(goldenBlock)];
  return { ...head, table: packed, curves, ...changes };
}

const why = async (data: unknown): Promise<string> => {
  try {
    await readSnapshot(data, "then");
  } catch (error) {
    expect(error).toBeInstanceOf(Unreadable);
    return (error as Error).message;
  }
  return "";
};

describe("curves", () => {
  it("are what was logged, to a 65,532nd of their range", () => {
    const { steps, times, values } = curve("a", "smooth");
    expect(steps).toEqual(Array.from({ length: 40 }, (_, n) => n));
    values.forEach((value, n) => {
      expect(value).toBeCloseTo(Math.exp((-3 * n) / 39) - 0.5, 4);
    });
    times.forEach((time, n) => {
      expect(Math.abs(time - (1.8e9 + 0.25 * n))).toBeLessThan(0.01);
    });
  });

  it("keep every decade of what falls by many", () => {
    curve("a", "many decades").values.forEach((value, n) => {
      expect(value / 10 ** (3 - (9 * n) / 39)).toBeCloseTo(1, 3);
    });
  });

  it("keep whole numbers, steps that jump, what is not finite, and the ends of what a float can hold", () => {
    expect(curve("b", "whole").values).toEqual([3, 1, 4, 1, 5, 9, 2, 6]);
    expect(curve("b", "whole").steps).toEqual([0, 2, 4, 100, 101, 5000, 5001, 70000]);
    const gaps = curve("b", "gaps").values;
    expect(gaps.slice(1, 4)).toEqual([NaN, Infinity, -Infinity]);
    expect([gaps[4], gaps[5]]).toEqual([1.5, 0.25]);
    expect(curve("b", "smooth").values).toEqual([1.25, 1.25, 1.25]);
    const [least, middle, greatest] = curve("a", "extremes").values;
    expect([least, greatest]).toEqual([-1.7e308, 1.7e308]);
    expect(Math.abs(middle!)).toBeLessThan(1e304);
    expect(curve("a", "nothing known").values).toEqual([NaN, NaN]);
  });

  it("that are cut short anywhere, or of runs that are not there, are refused", () => {
    for (let length = 0; length < goldenBlock.length; length += 7) {
      expect(() => unpack(goldenBlock.subarray(0, length), ["a", "b"])).toThrow();
    }
    expect(() => unpack(goldenBlock, ["a"])).toThrow(Unreadable);
  });

  it("whose columns lie about themselves are refused", () => {
    const { columns, keys } = golden.head as { columns: Record<string, unknown>[]; keys: string[] };
    const arrays = Buffer.from(golden.arrays, "base64");
    const lies = [
      { columns: columns.map((each) => ({ ...each, count: 1e15 })), keys },
      { columns: columns.map((each) => ({ ...each, count: -1 })), keys },
      { columns: columns.map((each) => ({ ...each, type: "toString" })), keys },
      { columns: columns.slice(1), keys },
      { columns: [null], keys },
      { columns, keys: [] },
      { columns },
      [],
      null,
    ];
    for (const lie of lies) {
      expect(() => unpack(blockOf(lie, arrays), ["a", "b"])).toThrow(Unreadable);
    }
  });
});

describe("a snapshot", () => {
  it("is read as what a kernel would tell, code and output in their places", async () => {
    const { recording, buffers } = await readSnapshot(await aSnapshot(), "then");
    expect(recording.snapshot).toMatchObject({ type: "snapshot", protocol: 3 });
    expect(recording.snapshot.runs.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(recording.snapshot.series).toHaveLength(7);
    expect(buffers).toHaveLength(21);
    expect(recording.details.a).toMatchObject({ console: "printed", code: "log(1)" });
    expect(recording.details.b).toMatchObject({ console: "", code: null });
  });

  it("says in its head what it is of, and when", async () => {
    expect(readHead(await aSnapshot())).toMatchObject({
      ...{ sweep: "s", widget: "w", below: false, recorded: 1.8e9, notes: ["n"] },
    });
    const placeholder = { version: 1, sweep: "s", widget: "w", below: true };
    expect(readHead(placeholder)).toMatchObject({ below: true, recorded: null });
    expect(await why(placeholder)).toContain("nothing was recorded");
  });

  it("of a later version, or of another protocol, is refused in words", async () => {
    expect(await why(await aSnapshot({ version: 2 }))).toContain("a later nbsweep");
    expect(await why(await aSnapshot({ protocol: 99 }))).toContain("another protocol");
  });

  it("that is damaged, or made by somebody else, is refused and nothing is thrown but that", async () => {
    const good = await aSnapshot();
    const [packed, curves] = [good.table as string, good.curves as string];
    const others: unknown[] = [
      ...[null, 3, "x", [], {}, { version: 1 }, { version: 1, sweep: {} }],
      { ...good, table: 7 },
      { ...good, table: "%%%" },
      { ...good, table: packed.slice(0, packed.length / 2) },
      { ...good, curves: curves.slice(0, curves.length / 2) },
      { ...good, sweep: "another" },
      ...[null, [], {}, { ...table, runs: [null] }, { ...table, sweep: null }].map((each) => ({
        ...good,
        later: each,
      })),
    ];
    for (const other of others) {
      const later = (other as { later?: unknown } | null)?.later;
      const data = later === undefined ? other : { ...good, table: await packedText(later) };
      expect(await why(data), JSON.stringify(data).slice(0, 80)).not.toBe("");
    }
  });

  it("with anything in the place of anything else in its table is refused, or is harmless", async () => {
    const good = await aSnapshot();
    const odd = [null, 7, "x", [], {}, true, { length: 3 }];
    for (const part of ["sweep", "runs", "details", "codes", "importance"] as const) {
      for (const value of odd) {
        const data = { ...good, curves: "", table: await packedText({ ...table, [part]: value }) };
        await why(data);
      }
    }
    for (const name of Object.keys(table.sweep)) {
      const sweep = { ...table.sweep, [name]: [[]] };
      const data = { ...good, table: await packedText({ ...table, sweep }) };
      expect(await why(data), name).toContain("its sweep");
    }
  });

  it("that would fill the memory is stopped", async () => {
    const bomb = await gzipped(new Uint8Array(70_000_000));
    expect(await why(await aSnapshot({ table: bomb }))).toContain("too large");
  });

  it("may have a run that is called like a part of every object", async () => {
    const runs = [aRun({ id: "__proto__" }), aRun({ id: "constructor" })];
    const data = await aSnapshot({ curves: "", table: await packedText({ ...table, runs }) });
    const { recording } = await readSnapshot(data, "then");
    expect(Object.keys(recording.details)).toEqual(["__proto__", "constructor"]);
  });
});
