/**
 * Ranges and ticks of the curves' axes.
 *
 * In: what each curve spans; out: what the axis spans and where its ticks stand. A single diverged
 * curve is left to run out of the picture rather than press all others onto the x axis.
 */
import { drawable, isPoint, LEAST } from "./drawable";
import { formatNumber } from "./format";

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** On a linear axis a curve may reach this many usual spans beyond the usual, and no further. */
const FAR = 12;

/** The y axis' range, and how many curves leave it. */
export function yRange(
  spans: readonly Extent[],
  log: boolean,
): { readonly range: readonly [number, number]; readonly clipped: number } {
  const extents = spans.map(onAxis);
  if (extents.length === 0) return { range: log ? [0.1, 1] : [0, 1], clipped: 0 };
  let low = Math.min(...extents.map((extent) => extent.low));
  let high = Math.max(...extents.map((extent) => extent.high));
  let clipped = 0;
  if (!log) {
    const usualLow = median(extents.map((extent) => extent.low));
    const usualHigh = median(extents.map((extent) => extent.high));
    const reach = FAR * (usualHigh - usualLow);
    const inside = (value: number): boolean =>
      reach === 0 || (value <= usualHigh + reach && value >= usualLow - reach);
    const near = extents.filter((extent) => inside(extent.low) && inside(extent.high));
    if (near.length > 0) {
      clipped = extents.length - near.length;
      low = Math.min(...near.map((extent) => extent.low));
      high = Math.max(...near.map((extent) => extent.high));
    }
  }
  return { range: padded(low, high, log), clipped };
}

function padded(low: number, high: number, log: boolean): [number, number] {
  if (log) {
    const foot = Math.max(LEAST, low);
    const decades = Math.log10(high) - Math.log10(foot);
    const pad = decades < 0.08 ? 1.5 : 10 ** Math.min(1, 0.04 * decades);
    return [foot / pad, Math.max(LEAST, high) * pad];
  }
  if (isPoint(low, high)) {
    const pad = isPoint(0, Math.abs(low)) ? 1 : Math.abs(low) * 0.1;
    return [low - pad, high + pad];
  }
  const pad = (high - low) * 0.05;
  // Values that are never negative get an axis that is not either.
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}

function onAxis({ low, high }: Extent): Extent {
  return { low: drawable(low), high: drawable(high) };
}

/** The x axis' range: exactly what the curves span, which may be one point. */
export function xRange(spans: readonly Extent[]): [number, number] {
  const extents = spans.map(onAxis);
  if (extents.length === 0) return [0, 1];
  const low = Math.min(...extents.map((extent) => extent.low));
  const high = Math.max(...extents.map((extent) => extent.high));
  if (!isPoint(low, high)) return [low, high];
  const pad = Math.max(0.5, Math.abs(low) * 1e-3);
  return [low - pad, high + pad];
}

/** Ticks of a log axis: 1, 3, 10 where there is room, decades alone where there is little. */
export function logTicks(low: number, high: number, most: number): number[] {
  for (const mantissas of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = decades(low, high).flatMap((decade) => mantissas.map((m) => m * decade));
    const inside = ticks.filter((tick) => tick >= low * 0.999999 && tick <= high * 1.000001);
    if (inside.length < 2) return linearTicks(low, high, most);
    if (inside.length <= most) return inside.map((tick) => Number(tick.toPrecision(12)));
  }
  const all = decades(low, high).filter((tick) => tick >= low * 0.999999 && tick <= high);
  const every = Math.ceil(all.length / Math.max(1, most));
  return all.filter((_, index) => index % every === 0);
}

/**
 * Ticks of a linear axis at 1, 2, 2.5 or 5 times a power of ten; `whole` keeps them integers. Of a
 * stretch so narrow that floats run out between its ends (a deep zoom), the few that there are.
 */
export function linearTicks(low: number, high: number, most: number, whole = false): number[] {
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const mantissas = whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
  let step = mantissas.map((m) => m * power).find((s) => s >= rough * 0.999999) ?? rough;
  if (whole) step = Math.max(1, Math.round(step));
  const first = Math.ceil(low / step - 1e-9);
  // Counted up front: beyond 2^53 a counter that has one added stays what it was.
  const count = Math.floor(high / step + 1e-9) - first + 1;
  if (!(count > 0)) return [];
  const ticks = Array.from({ length: Math.min(count, 2 * most + 2) }, (_, index) =>
    Number(((first + index) * step).toPrecision(15)),
  );
  return [...new Set(ticks)];
}

/** 0.001, 0.3, 1500, 20k, 3M: short, since they stand in a margin. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e6) return `${formatNumber(value / 1e3)}k`;
  if (size >= 1e6 && size < 1e9) return `${formatNumber(value / 1e6)}M`;
  return formatNumber(value);
}

function decades(low: number, high: number): number[] {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  return Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
