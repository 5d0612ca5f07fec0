/**
 * Curves out of the few bytes that nbsweep/notebook/packing.py made of them; the format is told there.
 *
 * In: a block and the runs' ids. Out: series in the kernel's words, with their arrays. A block that is
 * cut short, or whose numbers point outside it, is refused as a whole: see `Unreadable`.
 */
import type { SeriesView } from "./protocol";
import { isRecord, Unreadable } from "./shapes";

const TOP = 65_532;
const TOP_TIME = 4_095;
const SPECIAL = new Map([
  [65_535, NaN],
  [65_534, Infinity],
  [65_533, -Infinity],
]);
const LOGARITHMIC = 1;
const WHOLE = 2;
const BYTES = new Map([
  ["u1", 1],
  ["u2", 2],
  ["u4", 4],
  ["i4", 4],
  ["f8", 8],
]);

export interface Curves {
  readonly series: readonly SeriesView[];
  readonly buffers: readonly DataView[];
}

/** What a block holds; `runs` are the ids of the runs, by their places. */
export function unpack(block: Uint8Array, runs: readonly string[]): Curves {
  const { keys, columns } = readColumns(block);
  const column = (name: string): Column => {
    const found = columns.get(name);
    if (!found) throw new Unreadable(`its curves have no ${name}`);
    return found;
  };
  const heads = [
    "run",
    "key",
    "length",
    "total",
    "scale",
    "low",
    "high",
    "began",
    "ended",
    "first",
  ];
  const [run, key, length, total, scale, low, high, began, ended, first] = heads.map(
    (name) => column(name).numbers,
  ) as [Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers];
  const [steps, times, values] = [column("steps"), column("times"), column("values")];
  const points = length.reduce((all, each) => all + each, 0);
  const whole =
    heads.every((name) => column(name).numbers.length === run.length) &&
    [steps, times, values].every(({ numbers }) => numbers.length === points);
  if (!whole) throw new Unreadable("its curves are not whole");

  const series: SeriesView[] = [];
  const buffers: DataView[] = [];
  let at = 0;
  for (let n = 0; n < run.length; n++) {
    const [of, name, count] = [runs[run[n]!], keys[key[n]!], length[n]!];
    if (of === undefined || name === undefined) {
      throw new Unreadable("it has a curve of a run that it has not");
    }
    const part = ({ numbers }: Column): Numbers => numbers.subarray(at, at + count);
    const place = buffers.length;
    buffers.push(
      viewOf(steps.type === "f8" ? part(steps) : summed(part(steps), first[n]!)),
      viewOf(levels(part(times)).map((level) => between(level / TOP_TIME, began[n]!, ended[n]!))),
      viewOf(levels(part(values)).map(valueOf(scale[n]!, low[n]!, high[n]!))),
    );
    series.push({
      ...{ run: of, key: name, start: 0, total: total[n]!, reduced: count < total[n]! },
      ...{ steps: place, times: place + 1, values: place + 2 },
    });
    at += count;
  }
  return { series, buffers };
}

type Numbers = Float64Array;

interface Column {
  readonly type: string;
  readonly numbers: Numbers;
}

function readColumns(block: Uint8Array): { keys: readonly string[]; columns: Map<string, Column> } {
  if (block.length < 4) throw new Unreadable("its curves are cut short");
  const textLength = new DataView(block.buffer, block.byteOffset).getUint32(0, true);
  const head: unknown = JSON.parse(new TextDecoder().decode(block.subarray(4, 4 + textLength)));
  if (!isRecord(head) || !Array.isArray(head.columns) || !Array.isArray(head.keys)) {
    throw new Unreadable("it does not say what its curves are");
  }
  let at = 4 + textLength;
  const columns = new Map<string, Column>();
  for (const each of head.columns as unknown[]) {
    if (!isRecord(each)) throw new Unreadable("it does not say what its curves are");
    const { name, type, count } = each;
    const size = typeof type === "string" ? BYTES.get(type) : undefined;
    if (typeof name !== "string" || typeof type !== "string" || size === undefined) {
      throw new Unreadable("its curves have a column of a kind that is not known");
    }
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0) {
      throw new Unreadable("its curves have a column without a length");
    }
    const end = at + count * size;
    if (end > block.length) throw new Unreadable("its curves are cut short");
    columns.set(name, { type, numbers: numbersOf(block.subarray(at, end), type, count) });
    at = end;
  }
  return { keys: head.keys.map(String), columns };
}

/** The first bytes of all numbers come first, then all second bytes, and so on; the least one first. */
function numbersOf(planes: Uint8Array, type: string, count: number): Numbers {
  const size = BYTES.get(type)!;
  const bytes = new DataView(new ArrayBuffer(planes.length));
  for (let plane = 0; plane < size; plane++) {
    for (let n = 0; n < count; n++) bytes.setUint8(n * size + plane, planes[plane * count + n]!);
  }
  const numbers = new Float64Array(count);
  for (let n = 0; n < count; n++) numbers[n] = numberAt(bytes, type, n * size);
  return numbers;
}

function numberAt(bytes: DataView, type: string, at: number): number {
  switch (type) {
    case "u1":
      return bytes.getUint8(at);
    case "u2":
      return bytes.getUint16(at, true);
    case "u4":
      return bytes.getUint32(at, true);
    case "i4":
      return bytes.getInt32(at, true);
    default:
      return bytes.getFloat64(at, true);
  }
}

/** Differences to the point before, from `first` on. */
function summed(differences: Numbers, first: number): Numbers {
  let sum = first;
  return differences.map((each) => (sum += each));
}

function levels(differences: Numbers): Numbers {
  let level = 0;
  return differences.map((each) => (level = (level + each) & 0xffff));
}

function valueOf(scale: number, low: number, high: number): (level: number) => number {
  const [logLow, logHigh] = [Math.log(low), Math.log(high)];
  return (level) => {
    const special = SPECIAL.get(level);
    if (special !== undefined) return special;
    if (scale === WHOLE) return low + level;
    const share = level / TOP;
    if (scale !== LOGARITHMIC || level === 0 || level === TOP) return between(share, low, high);
    return Math.exp(between(share, logLow, logHigh));
  };
}

// Not low + share * (high - low): the difference may be more than a float can hold.
function between(share: number, low: number, high: number): number {
  return low * (1 - share) + high * share;
}

function viewOf(numbers: Numbers): DataView {
  return new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
