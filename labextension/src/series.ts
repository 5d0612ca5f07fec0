/**
 * One run's history of one key, held in typed arrays that grow and never grow too far.
 *
 * `length` is how many points the page holds, `total` how many the kernel has: the two differ once
 * either side has reduced the series, and `total` is the cursor in every message. Series are
 * mutated in place (copying 100,000 points a delta would cost the frame); `version` tells caches.
 */
import { reduceMinMax } from "./reduce";

/** Beyond this many points a series is reduced to about half of it: more than any screen shows. */
export const MAX_POINTS = 4000;

export interface Series {
  steps: Float64Array;
  /** Unix seconds. */
  times: Float64Array;
  values: Float64Array;
  length: number;
  total: number;
  version: number;
}

export interface Chunk {
  readonly start: number;
  readonly total: number;
  readonly reduced: boolean;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export type Appended = "appended" | "ignored" | "gap";

export function copySeries(series: Series): Series {
  const { steps, times, values } = series;
  return { ...series, steps: steps.slice(), times: times.slice(), values: values.slice() };
}

export function emptySeries(): Series {
  return {
    steps: new Float64Array(64),
    times: new Float64Array(64),
    values: new Float64Array(64),
    length: 0,
    total: 0,
    version: 0,
  };
}

/** Append what the chunk has that the series lacks; "gap" when something between is missing. */
export function appendChunk(series: Series, chunk: Chunk): Appended {
  if (chunk.start > series.total) return "gap";
  if (chunk.total <= series.total) return "ignored";
  let skip = series.total - chunk.start;
  if (skip > 0 && chunk.reduced) {
    // A reduced chunk cannot be cut at an index. From the start it takes the place of all; later,
    // what lies beyond the last point held is what is new.
    if (chunk.start === 0) series.length = 0;
    const last = series.length > 0 ? series.steps[series.length - 1]! : -Infinity;
    const beyond = chunk.steps.findIndex((step) => step > last);
    skip = beyond < 0 ? chunk.steps.length : beyond;
  }
  push(series, chunk, skip);
  series.total = chunk.total;
  series.version += 1;
  return "appended";
}

function push(series: Series, chunk: Chunk, skip: number): void {
  const fresh = chunk.steps.length - skip;
  const needed = series.length + fresh;
  if (needed > series.steps.length) {
    const capacity = Math.max(needed, 2 * series.steps.length);
    series.steps = grown(series.steps, series.length, capacity);
    series.times = grown(series.times, series.length, capacity);
    series.values = grown(series.values, series.length, capacity);
  }
  series.steps.set(chunk.steps.subarray(skip), series.length);
  series.times.set(chunk.times.subarray(skip), series.length);
  series.values.set(chunk.values.subarray(skip), series.length);
  series.length = needed;
  if (needed > MAX_POINTS) {
    const reduced = reduceMinMax(series, needed, MAX_POINTS / 4);
    series.steps = reduced.steps;
    series.times = reduced.times;
    series.values = reduced.values;
    series.length = reduced.steps.length;
  }
}

function grown(array: Float64Array, length: number, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(array.subarray(0, length));
  return larger;
}

/** A buffer as floats. Its offset need not be a multiple of 8, which Float64Array would refuse. */
export function toFloats(buffer: DataView | undefined): Float64Array {
  if (!buffer) return new Float64Array(0);
  const bytes = buffer.byteLength - (buffer.byteLength % 8);
  const copy = new Uint8Array(bytes);
  copy.set(new Uint8Array(buffer.buffer, buffer.byteOffset, bytes));
  return new Float64Array(copy.buffer);
}
