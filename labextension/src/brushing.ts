/**
 * What a hand on an axis does to its brush: sweep out a range, move it, resize it, click it away.
 *
 * In: a brush and places (0..1) where the pointer went down and where it is; out: the new brush. Pure.
 */
import { numberAt, numberPlace, type Axis, type CategoryAxis, type NumberAxis } from "./axes";
import { NO_BRUSH, type Brush } from "./selection";

type Range = readonly [number, number];

/** What a drag that began at a place of a number axis takes hold of. */
export interface Grip {
  readonly kind: "new" | "move" | "low" | "high";
  /** The range it holds, among the brush's; -1 for a new one. */
  readonly index: number;
}

/** Ends can be gripped from this far, as a share of the axis. */
const END_REACH = 0.03;

export function gripAt(axis: NumberAxis, brush: Brush, at: number): Grip {
  for (const [index, range] of brush.ranges.entries()) {
    const [low, high] = placesOf(axis, range);
    const reach = Math.min(END_REACH, (high - low) / 3);
    if (at < low - END_REACH || at > high + END_REACH) continue;
    if (Math.abs(at - low) <= Math.max(reach, at < low ? END_REACH : 0))
      return { kind: "low", index };
    if (Math.abs(at - high) <= Math.max(reach, at > high ? END_REACH : 0))
      return { kind: "high", index };
    return { kind: "move", index };
  }
  return { kind: "new", index: -1 };
}

/** The brush after a drag from one place to another. */
export function dragged(
  axis: NumberAxis,
  brush: Brush,
  grip: Grip,
  from: number,
  to: number,
): Brush {
  const held = brush.ranges[grip.index];
  const others = brush.ranges.filter((_, index) => index !== grip.index);
  if (!held) return { ...brush, ranges: merged([...others, rangeOf(axis, from, to)]) };
  const [low, high] = placesOf(axis, held);
  if (grip.kind === "low")
    return { ...brush, ranges: merged([...others, rangeOf(axis, to, high)]) };
  if (grip.kind === "high")
    return { ...brush, ranges: merged([...others, rangeOf(axis, low, to)]) };
  const shift = Math.min(1 - high, Math.max(-low, to - from));
  return { ...brush, ranges: merged([...others, rangeOf(axis, low + shift, high + shift)]) };
}

/** Without the range that lies under a place. */
export function clickedAway(axis: NumberAxis, brush: Brush, at: number): Brush {
  const value = numberAt(axis, at);
  const kept = brush.ranges.filter(([low, high]) => value < low || value > high);
  return { ...brush, ranges: kept };
}

/** A range between two places. One that reaches the axis' end holds what lies beyond it, too. */
export function rangeOf(axis: NumberAxis, one: number, other: number): Range {
  const low = Math.max(0, Math.min(one, other));
  const high = Math.min(1, Math.max(one, other));
  return [
    low <= 0 ? Math.min(axis.low, axis.lowest) : numberAt(axis, low),
    high >= 1 ? Math.max(axis.high, axis.highest) : numberAt(axis, high),
  ];
}

/** A range's ends as places on its axis. */
export function placesOf(axis: NumberAxis, [low, high]: Range): [number, number] {
  const at = (value: number, otherwise: number): number =>
    Math.min(1, Math.max(0, numberPlace(axis, value) ?? otherwise));
  return [at(low, 0), at(high, 1)];
}

/** All levels between two, or one level switched. */
export function levelsBetween(axis: CategoryAxis, brush: Brush, from: number, to: number): Brush {
  const between = axis.levels.slice(Math.min(from, to), Math.max(from, to) + 1);
  const labels = between.map(({ label }) => label);
  if (from === to) return toggledLevel(brush, labels[0] ?? "");
  return { ...brush, levels: [...new Set([...brush.levels, ...labels])] };
}

export function toggledLevel(brush: Brush, label: string): Brush {
  const held = brush.levels.includes(label);
  const levels = held ? brush.levels.filter((level) => level !== label) : [...brush.levels, label];
  return { ...brush, levels };
}

const STEP = 0.05;
const FIRST: Range = [0.35, 0.65];

/** What a key does to a brush; null when it means nothing here. */
export function pressed(axis: Axis, brush: Brush, key: string, shift: boolean): Brush | null {
  if (key === "Delete" || key === "Backspace") return NO_BRUSH;
  if (axis.kind === "category" || (key !== "ArrowUp" && key !== "ArrowDown")) return null;
  const by = key === "ArrowUp" ? STEP : -STEP;
  const held = brush.ranges[0];
  if (!held) return { ...brush, ranges: [rangeOf(axis, ...FIRST)] };
  const [low, high] = placesOf(axis, held);
  if (shift) {
    const wide = Math.max(low + STEP, Math.min(1, high + by));
    return { ...brush, ranges: merged([rangeOf(axis, low, wide), ...brush.ranges.slice(1)]) };
  }
  return dragged(axis, brush, { kind: "move", index: 0 }, 0, by);
}

function merged(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: Range[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last && range[0] <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], range[1])];
    else out.push(range);
  }
  return out;
}
