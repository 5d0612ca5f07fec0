/**
 * Where everything of the parallel coordinates stands: axes, ticks, and each run's place on each axis.
 *
 * In: the state, the axes the user has, a size. Out: a Layout in CSS pixels. Pure; nothing here draws.
 */
import {
  axisOf,
  axisValue,
  defaultAxes,
  everyAxis,
  isBlank,
  numberPlace,
  placer,
  type Axis,
  type AxisId,
  type CategoryAxis,
  type NumberAxis,
} from "./axes";
import { formatDuration } from "./format";
import type { Frame } from "./parts";
import type { RunView } from "./protocol";
import {
  durationTicks,
  formatDurationTicks,
  formatEnds,
  formatTicks,
  linearTicks,
  logTicks,
} from "./ticks";

export interface Tick {
  readonly label: string;
  readonly y: number;
  /** Of a category: the label of its level. */
  readonly level?: string;
}

export interface PlacedAxis {
  readonly axis: Axis;
  readonly x: number;
  readonly inverted: boolean;
  readonly ticks: readonly Tick[];
  /** Whether any run has no place on it, and will not get one: then the axis has a lane. */
  readonly missing: boolean;
}

export interface Layout {
  readonly axes: readonly PlacedAxis[];
  readonly width: number;
  /** The y of an axis' upper and lower end, and of the lane for runs that have no place on it. */
  readonly top: number;
  readonly bottom: number;
  readonly lane: number;
  /** Whether some axis has a lane. */
  readonly missing: boolean;
  /**
   * ys[run * axes.length + axis], runs in the frame's order; the lane's y where there is no place, NaN
   * where there is none yet and no lane.
   */
  readonly ys: Float32Array;
}

export const AXES_HEIGHT = { narrow: 190, wide: 232 } as const;
const TOP = 10;
const LANE_BELOW = 24;
/** With less room than this between axes names cannot be read, so the panel scrolls sideways. */
const LEAST_GAP = 84;
const SIDE = { left: 46, right: 52 } as const;
/** The least between two ticks. */
const LINE_PX = 13;
/** A tick as parallel.css has it: where its text begins, how wide a letter is, how wide it can be. */
const TICK = { left_px: 13, letter_px: 6.8, most_px: 99 } as const;
/** Lines of one level are spread over this share of the room that the level has. */
const JITTER = 0.56;

/** The axes that are shown: the user's choice, less what the sweep no longer has. */
export function shownAxes({ state, view }: Pick<Frame, "state" | "view">): AxisId[] {
  if (!view.parallel.axes) return defaultAxes(state, view.brushes.keys());
  const known = new Set(everyAxis(state));
  return view.parallel.axes.filter((id) => known.has(id));
}

export function layOut(frame: Frame, room_px: number, height_px: number): Layout {
  const { state, view, runs } = frame;
  const ids = shownAxes(frame);
  const gaps = Math.max(1, ids.length - 1);
  const bottom = TOP + height_px;
  const lane = bottom + LANE_BELOW;
  const unplaced = ids.map((id) => {
    const axis = axisOf(state, id);
    const inverted = view.parallel.inverted.has(id);
    const toY = (at: number): number => TOP + (inverted ? at : 1 - at) * height_px;
    return { axis, inverted, ticks: ticksOf(axis, height_px, toY) };
  });
  const right = rightOf(unplaced.at(-1)?.ticks ?? []);
  const width = Math.max(room_px, SIDE.left + right + gaps * LEAST_GAP);
  const step = (width - SIDE.left - right) / gaps;
  const placed = unplaced.map((each, index): PlacedAxis => {
    const x = ids.length === 1 ? width / 2 : SIDE.left + index * step;
    return { ...each, x, missing: false };
  });
  const ys = new Float32Array(runs.length * placed.length);
  const axes = placed.map((each, column): PlacedAxis => {
    const { axis, inverted } = each;
    const placeOf = placer(axis);
    const spread = axis.kind === "category" ? JITTER / axis.levels.length : 0;
    const places = runs.map(placeOf);
    // A lane that is brushed stays, so that its brush can be taken away.
    const missing =
      view.brushes.get(axis.id)?.missing === true ||
      runs.some((run, row) => places[row] === null && !isAwaited(run, axis.id));
    runs.forEach((run, row) => {
      const exact = places[row] ?? null;
      const at = exact === null ? null : exact + spread * (scatter(run.number, column) - 0.5);
      const y = at === null ? (missing ? lane : NaN) : TOP + (inverted ? at : 1 - at) * height_px;
      ys[row * placed.length + column] = y;
    });
    return { ...each, missing };
  });
  const missing = axes.some((axis) => axis.missing);
  return { axes, width, top: TOP, bottom, lane, missing, ys };
}

/** What a run has not got yet is not missing: with each new run the panel would grow and shrink. */
function isAwaited(run: RunView, id: AxisId): boolean {
  const waits = run.state === "running" || run.state === "pending";
  return (
    waits &&
    (id === "duration" || id.startsWith("metric:")) &&
    (axisValue(run, id) ?? null) === null
  );
}

/** The place on an axis (0 at its foot) of a y, kept on the axis. */
export function placeAt(layout: Layout, { inverted }: PlacedAxis, y: number): number {
  const share = (y - layout.top) / (layout.bottom - layout.top);
  return Math.min(1, Math.max(0, inverted ? share : 1 - share));
}

/** The y of a number on its axis. */
export function yOf(layout: Layout, { axis, inverted }: PlacedAxis, value: number): number {
  const at = axis.kind === "number" ? (numberPlace(axis, value) ?? 0) : 0;
  return layout.top + (inverted ? at : 1 - at) * (layout.bottom - layout.top);
}

/** The level at a place of a category axis. */
export function levelAt(axis: CategoryAxis, at: number): number {
  return Math.min(axis.levels.length - 1, Math.floor(at * axis.levels.length));
}

/** Where an axis that is dropped at x goes in the order. */
export function orderAfterDrop(layout: Layout, moved: AxisId, x: number): AxisId[] {
  const others = layout.axes.filter(({ axis }) => axis.id !== moved);
  const before = others.filter((other) => other.x < x).map(({ axis }) => axis.id);
  return [...before, moved, ...others.slice(before.length).map(({ axis }) => axis.id)];
}

/** The room that the texts to the right of the last axis take. */
function rightOf(ticks: readonly Tick[]): number {
  const letters = Math.max(0, ...ticks.map(({ label }) => label.length));
  return Math.max(SIDE.right, TICK.left_px + Math.min(TICK.most_px, letters * TICK.letter_px));
}

function ticksOf(axis: Axis, height_px: number, toY: (at: number) => number): Tick[] {
  if (axis.kind === "category") {
    const { levels } = axis;
    const every = Math.max(1, Math.ceil((levels.length * LINE_PX) / height_px));
    return levels
      .map(({ label, shown }, index) => ({
        ...{ label: shown, level: label, y: toY((index + 0.5) / levels.length) },
      }))
      .filter((_, index) => index % every === 0);
  }
  if (isBlank(axis)) return [];
  const most = Math.max(3, Math.round(height_px / 44));
  const values = valuesAtTicks(axis, most);
  const labels = axis.id === "duration" ? formatDurationTicks(values) : formatTicks(values);
  const round = values.map((value, index) => ({
    label: labels[index]!,
    y: toY(numberPlace(axis, value) ?? 0),
  }));
  const ends = beyond(axis, toY);
  return [...round.filter(({ y }) => ends.every((end) => Math.abs(end.y - y) >= LINE_PX)), ...ends];
}

function valuesAtTicks({ id, log, integer, low, high }: NumberAxis, most: number): number[] {
  if (id === "duration") return durationTicks(low, high, most);
  return log ? logTicks(low, high, most) : linearTicks(low, high, most, integer);
}

/** Ticks at the ends beyond which values lie: they stand there, and are not what they seem. */
function beyond(axis: NumberAxis, toY: (at: number) => number): Tick[] {
  const { id, low, high, lowest, highest } = axis;
  const [foot, top] =
    id === "duration"
      ? [`≤ ${formatDuration(low)}`, `≥ ${formatDuration(high)}`]
      : formatEnds(axis);
  return [
    ...(lowest < low ? [{ label: foot, y: toY(0) }] : []),
    ...(highest > high ? [{ label: top, y: toY(1) }] : []),
  ];
}

/** A number in 0..1 that looks random and is the same each time: a run keeps its place in a level. */
function scatter(run: number, column: number): number {
  let a = Math.imul(run + 1, 0x9e3779b1) ^ Math.imul(column + 7, 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d);
  a = Math.imul(a ^ (a >>> 12), 0x297a2d39);
  return ((a ^ (a >>> 15)) >>> 0) / 4294967296;
}
