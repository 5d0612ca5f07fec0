/**
 * Where an axis' ticks stand, and what stands at them.
 *
 * In: an axis' ends and how many ticks there is room for. Out: round numbers between the ends, and their
 * texts: short, since they stand in a margin, and never two alike. Pure.
 */
import type { NumberAxis } from "./axes";
import { formatNumber } from "./format";

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

/** Ticks of seconds, at round numbers of the unit that they are told in. */
export function durationTicks(low: number, high: number, most: number): number[] {
  const { seconds } = unitOf(high - low);
  return linearTicks(low / seconds, high / seconds, most).map((tick) => tick * seconds);
}

/** 0 s, 20 s; 0 min, 15 min; 0 h, 2.5 h. */
export function formatDurationTicks(ticks: readonly number[]): string[] {
  const { seconds, unit } = unitOf((ticks.at(-1) ?? 0) - (ticks[0] ?? 0));
  const inUnit = ticks.map((tick) => tick / seconds);
  return formatTicks(inUnit, formatNumber).map((text) => `${text} ${unit}`);
}

const UNITS = [
  { seconds: 86_400, unit: "d" },
  { seconds: 3600, unit: "h" },
  { seconds: 60, unit: "min" },
  { seconds: 1, unit: "s" },
] as const;

/** The largest unit of which a span has two. */
function unitOf(span_s: number): { readonly seconds: number; readonly unit: string } {
  return UNITS.find(({ seconds }) => span_s >= 2 * seconds) ?? UNITS[3];
}

/** What stands at ticks: as many digits as their distance asks for. */
export function formatTicks(ticks: readonly number[], format = formatTick): string[] {
  return ticks.map((tick, index) => {
    const beside = [ticks[index - 1], ticks[index + 1]].filter((other) => other !== undefined);
    const step = Math.min(...beside.map((other) => Math.abs(tick - other)));
    return format(tick, Math.max(5, digitsWithin(tick, step)));
  });
}

/**
 * The two ends of an axis, where nothing else is written: whole numbers as they are, others with two
 * digits, or as many as tell the ends apart; with a sign where values lie beyond, which stand at the end.
 */
export function formatEnds({ low, high, lowest, highest }: Ends): [string, string] {
  const [foot, top] = [formatEnd(low, high - low), formatEnd(high, high - low)];
  return [lowest < low ? `≤ ${foot}` : foot, highest > high ? `≥ ${top}` : top];
}

type Ends = Pick<NumberAxis, "low" | "high" | "lowest" | "highest">;

function formatEnd(value: number, span: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) {
    const [whole, short] = [String(value), formatTick(value, 7)];
    return short.length < whole.length ? short : whole;
  }
  const digits = Math.max(2, digitsWithin(value, span));
  if (size < 1e-2) return value.toExponential(digits - 1).replace(/\.?0*e/, "e");
  // 1234.6 is not 1200: what reads as a whole number is right as one.
  const whole = size < 1e4 ? Math.floor(Math.log10(size)) + 1 : 0;
  return formatTick(value, Math.max(digits, whole));
}

/** The significant digits of a value that reach two places into a step; none where there is no step. */
function digitsWithin(value: number, step: number): number {
  const places = Math.floor(Math.log10(Math.abs(value))) - Math.floor(Math.log10(step)) + 2;
  return Number.isFinite(places) ? Math.min(17, places) : 0;
}

/** 0.001, 0.3, 1500, 20k, 3M. */
function formatTick(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e6) return `${formatNumber(value / 1e3, digits)}k`;
  if (size >= 1e6 && size < 1e9) return `${formatNumber(value / 1e6, digits)}M`;
  return formatNumber(value, digits);
}

function decades(low: number, high: number): number[] {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  return Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
}
