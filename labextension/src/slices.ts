/**
 * Slices: the metric against each parameter, one small plot each.
 *
 * In: a Frame. Out: hover, pick, and brushes (a rectangle dragged in a plot is a range of the
 * parameter and of the metric). A canvas a plot; axes are few enough words to be elements.
 */
import {
  axisOf,
  axisValue,
  isBlank,
  leadingParameters,
  levelLabel,
  PARAMETERS_AT_ONCE,
  placer,
  type Axis,
  type AxisId,
} from "./axes";
import { levelsBetween, placesOf, rangeOf } from "./brushing";
import { shadeColor } from "./color";
import { button, element, setAttribute, setName, setText, show } from "./dom";
import { formatNumber, shortName } from "./format";
import { isResult, metricValue } from "./frames";
import { dragging } from "./parallel-axes";
import { levelAt } from "./parallel-layout";
import { fitted } from "./parallel-lines";
import type { Actions, Frame, Part } from "./parts";
import { toFloat, type RunView, type WireNumber } from "./protocol";
import { NO_BRUSH, withBrush, type Brush } from "./selection";
import { formatEnds } from "./ticks";

const PLOT = { height: 112, left: 6, right: 6, top: 6, bottom: 6 } as const;
const DOT_PX = 2.5;
const SQUARE_PX = 2;
const REACH_PX = 12;
/** Left of a plot, where the metric's ends are written. */
const LEAST_BESIDE_PX = 36;

export function createSlices(actions: Actions, resized: () => void): Part {
  const hint = element("span", { class: "nbs-dim" });
  const more = button({ class: "nbs-toggle" }, "", () => {
    if (frame) actions.change({ slices: { all: !frame.view.slices.all } });
  });
  const grid = element("div", { class: "nbs-slice-grid" });
  const heading = element(
    "div",
    { class: "nbs-heading" },
    element("span", { class: "nbs-title" }, "Slices"),
    hint,
  );
  const node = element(
    "section",
    { class: "nbs-slices", "data-testid": "nbs-slices", "aria-label": "Slices" },
    element("div", { class: "nbs-line" }, heading, element("div", { class: "nbs-right" }, more)),
    grid,
  );
  const plots = new Map<AxisId, SlicePlot>();
  const observer = new ResizeObserver(resized);
  observer.observe(grid);
  let frame: Frame | null = null;

  return {
    node,
    update(next: Frame): void {
      frame = next;
      const parameters = (next.state.sweep?.parameters ?? []).map(({ name }) => name);
      const metric = next.metric;
      const some = next.runs.some((run) => Number.isFinite(metricValue(run, metric)));
      show(node, parameters.length > 0 && some);
      if (node.hidden || metric === null) return;
      const names = next.view.slices.all ? parameters : leadingParameters(next.state);
      const shown = names.map((name): AxisId => `param:${name}`);
      show(more, parameters.length > PARAMETERS_AT_ONCE);
      setText(more, next.view.slices.all ? "fewer" : `all ${parameters.length}`);
      setText(hint, `${shortName(metric)} against each parameter`, metric);
      const y = axisOf(next.state, `metric:${metric}`, next.runs.filter(isResult));
      const beside_px = 8 + LETTER_PX * Math.max(...ends(y).map((end) => end.length));
      grid.style.setProperty("--nbs-slice-left", `${Math.max(LEAST_BESIDE_PX, beside_px)}px`);
      grid.style.setProperty("--nbs-slice-columns", `${columnsOf(shown.length, grid.clientWidth)}`);
      for (const [id, plot] of plots) {
        if (shown.includes(id)) continue;
        plot.node.remove();
        plots.delete(id);
      }
      const placed = shown.map((id, index) => {
        const plot = plots.get(id) ?? createSlicePlot(actions);
        plots.set(id, plot);
        if (grid.children[index] !== plot.node)
          grid.insertBefore(plot.node, grid.children[index] ?? null);
        return plot;
      });
      // Drawn when all are there, and no other: each is as wide as the others leave it.
      placed.forEach((plot, index) => {
        plot.update(next, axisOf(next.state, shown[index]!), y);
      });
    },
    dispose(): void {
      observer.disconnect();
    },
  };
}

interface SlicePlot {
  readonly node: HTMLElement;
  update(frame: Frame, x: Axis, y: Axis): void;
}

interface Dot {
  readonly run: RunView;
  readonly x: number;
  readonly y: number;
}

function createSlicePlot(actions: Actions): SlicePlot {
  const canvas = element("canvas", { class: "nbs-slice-canvas" });
  const brushed = element("div", { class: "nbs-slice-brushes" });
  const tip = element("div", { class: "nbs-tip", hidden: "" });
  const box = element("div", { class: "nbs-slice-box" }, canvas, brushed, tip);
  const name = element("div", { class: "nbs-slice-name" });
  const [bottom, top] = [
    element("span", { class: "nbs-slice-bottom" }),
    element("span", { class: "nbs-slice-top" }),
  ];
  box.append(bottom, top);
  const foot = element("div", { class: "nbs-slice-foot" });
  const node = element("div", { class: "nbs-slice", role: "img" }, name, box, foot);
  let frame: Frame;
  let [x, y]: [Axis, Axis] = [NOTHING, NOTHING];
  let dots: readonly Dot[] = [];
  let drawn: readonly unknown[] = [];

  const nearest = (event: MouseEvent): Dot | null => {
    const area = box.getBoundingClientRect();
    const at = { x: event.clientX - area.left, y: event.clientY - area.top };
    let best: Dot | null = null;
    let least = REACH_PX;
    for (const dot of dots) {
      const distance = Math.hypot(dot.x - at.x, dot.y - at.y);
      if (distance < least && isInside(frame, dot.run)) [best, least] = [dot, distance];
    }
    return best;
  };
  box.addEventListener("mousemove", (event) => {
    if (event.buttons !== 0) return;
    const dot = nearest(event);
    actions.hover(dot?.run.id ?? null);
    show(tip, dot !== null);
    if (!dot) return;
    const name = element("span", { class: "nbs-tip-name" });
    setName(name, dot.run.name);
    const values = `${valueText(dot.run, x)} → ${valueText(dot.run, y)}`;
    tip.replaceChildren(name, element("span", { class: "nbs-dim nbs-tip-values" }, values));
    const room = roomAround(box);
    tip.style.maxWidth = `${room.high - room.low}px`;
    const left = within(dot.x + 10, tip.offsetWidth, room);
    const above = Math.max(0, dot.y - 6 - tip.offsetHeight);
    tip.style.transform = `translate(${left}px, ${above}px)`;
  });
  box.addEventListener("mouseleave", () => {
    actions.hover(null);
    show(tip, false);
  });
  box.addEventListener("dblclick", () => {
    actions.brush(withBrush(withBrush(frame.view.brushes, x.id, NO_BRUSH), y.id, NO_BRUSH));
  });
  let dragged = false;
  box.addEventListener("click", (event) => {
    const dot = dragged ? null : nearest(event); // the end of a drag is a click as well
    if (dot) actions.pick(dot.run.id);
  });
  let from = { x: 0, y: 0 };
  dragging(box, {
    start(atX, atY): void {
      from = { x: atX, y: atY };
    },
    move(dx, dy, atY, atX): void {
      // A drag that is flat or upright means one of the two alone.
      let brushes = frame.view.brushes;
      if (Math.abs(dx) > 10)
        brushes = withBrush(brushes, x.id, between(x, shareX(from.x), shareX(atX)));
      if (Math.abs(dy) > 10)
        brushes = withBrush(brushes, y.id, between(y, shareY(from.y), shareY(atY)));
      actions.brush(brushes);
    },
    end(_dx, moved): void {
      dragged = moved;
    },
  });
  const shareX = (px: number): number =>
    clamp((px - PLOT.left) / Math.max(1, box.clientWidth - PLOT.left - PLOT.right));
  const shareY = (px: number): number =>
    clamp(1 - (px - PLOT.top) / (PLOT.height - PLOT.top - PLOT.bottom));

  return {
    node,
    update(next: Frame, nextX: Axis, nextY: Axis): void {
      [frame, x, y] = [next, nextX, nextY];
      const width = Math.floor(box.clientWidth);
      if (width < 40) return;
      setAttribute(node, "data-parameter", x.label);
      const log = x.kind === "number" && x.log ? " log" : "";
      setName(name, x.label, log);
      drawFoot(foot, x, width);
      const [floor, ceiling] = ends(y);
      setText(bottom, floor, floor);
      setText(top, ceiling, ceiling);
      setAttribute(node, "aria-label", `${y.label} against ${x.label}`);
      setAttribute(node, "data-inside", String(next.selection?.size ?? next.runs.length));
      const wanted = [next.revision, next.selection, next.lit, width];
      if (wanted.every((each, index) => each === drawn[index])) return;
      if (drawn[0] !== next.revision || drawn[3] !== width) dots = dotsOf(next, x, y, width);
      drawn = wanted;
      drawBrush(brushed, next, x, y, width);
      paint(canvas, next, dots, width);
    },
  };
}

const NOTHING: Axis = { kind: "category", id: "duration", label: "", levels: [] };

function dotsOf(frame: Frame, x: Axis, y: Axis, width: number): Dot[] {
  const dots: Dot[] = [];
  const spread = x.kind === "category" ? 0.5 / Math.max(1, x.levels.length) : 0;
  const [placeX, placeY] = [placer(x), placer(y)];
  for (const run of frame.runs) {
    const [atX, atY] = [placeX(run), placeY(run)];
    if (atX === null || atY === null || !isResult(run)) continue;
    const jitter = spread * (((run.number * 0.618034) % 1) - 0.5);
    dots.push({
      run,
      x: PLOT.left + (atX + jitter) * (width - PLOT.left - PLOT.right),
      y: PLOT.top + (1 - atY) * (PLOT.height - PLOT.top - PLOT.bottom),
    });
  }
  return dots;
}

function paint(canvas: HTMLCanvasElement, frame: Frame, dots: readonly Dot[], width: number): void {
  const context = fitted(canvas, width, PLOT.height);
  if (!context) return;
  const many = dots.length > 400;
  const draw = ({ run, x, y }: Dot, radius: number): void => {
    context.fillStyle = shadeColor(frame.shades.get(run.id) ?? null, frame.theme);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  };
  const fill = (chosen: readonly Dot[]): void => {
    if (many) fillSquares(context, frame, chosen, width);
    else for (const dot of chosen) draw(dot, dot.run.best ? DOT_PX + 1.6 : DOT_PX);
  };
  const faded = frame.selection === null ? [] : dots.filter(({ run }) => !isInside(frame, run));
  context.globalAlpha = 0.12;
  fill(faded);
  context.globalAlpha = frame.lit === null ? (many ? 0.7 : 0.9) : 0.3;
  fill(faded.length === 0 ? dots : dots.filter(({ run }) => isInside(frame, run)));
  context.globalAlpha = 1;
  const lit = dots.find(({ run }) => run.id === frame.lit);
  if (lit) draw(lit, DOT_PX + 2.5);
}

/** Of many dots those alone that can be seen: one a square of two pixels, which is quick to fill. */
function fillSquares(
  context: CanvasRenderingContext2D,
  frame: Frame,
  dots: readonly Dot[],
  width: number,
): void {
  const across = Math.ceil(width / SQUARE_PX) + 1;
  const taken = new Uint8Array(across * (Math.ceil(PLOT.height / SQUARE_PX) + 1));
  for (const { run, x, y } of dots) {
    const [column, row] = [Math.floor(x / SQUARE_PX), Math.floor(y / SQUARE_PX)];
    if (taken[row * across + column]) continue;
    taken[row * across + column] = 1;
    context.fillStyle = shadeColor(frame.shades.get(run.id) ?? null, frame.theme);
    context.fillRect(column * SQUARE_PX, row * SQUARE_PX, SQUARE_PX, SQUARE_PX);
  }
}

function drawBrush(host: HTMLElement, frame: Frame, x: Axis, y: Axis, width: number): void {
  const [across, up] = [frame.view.brushes.get(x.id), frame.view.brushes.get(y.id)];
  const [w, h] = [width - PLOT.left - PLOT.right, PLOT.height - PLOT.top - PLOT.bottom];
  const wanted =
    across || up
      ? spansOf(x, across).flatMap((column) => spansOf(y, up).map((row) => [column, row] as const))
      : [];
  while (host.children.length > wanted.length) host.lastElementChild?.remove();
  while (host.children.length < wanted.length)
    host.append(element("div", { class: "nbs-slice-brush" }));
  wanted.forEach(([[x0, x1], [y0, y1]], index) => {
    const { style } = host.children[index] as HTMLElement;
    style.left = `${PLOT.left + x0 * w}px`;
    style.width = `${(x1 - x0) * w}px`;
    style.top = `${PLOT.top + (1 - y1) * h}px`;
    style.height = `${(y1 - y0) * h}px`;
  });
}

/** The places that a brush holds, each from where to where: all of an axis that is not brushed. */
export function spansOf(axis: Axis, brush: Brush | undefined): readonly Span[] {
  if (!brush) return [[0, 1]];
  if (axis.kind === "number") return brush.ranges.map((range) => placesOf(axis, range));
  const held = axis.levels.map(({ label }) => brush.levels.includes(label));
  const firsts = held.flatMap((each, index) => (each && !held[index - 1] ? [index] : []));
  return firsts.map((first) => {
    const end = held.indexOf(false, first);
    return [first / held.length, (end < 0 ? held.length : end) / held.length];
  });
}

type Span = readonly [number, number];

function between(axis: Axis, from: number, to: number): Brush {
  if (axis.kind === "number") return { ...NO_BRUSH, ranges: [rangeOf(axis, from, to)] };
  return levelsBetween(axis, NO_BRUSH, levelAt(axis, from), levelAt(axis, to));
}

/** How far a tip may reach to either side, in pixels from the left of its box: to the dashboard's own ends. */
function roomAround(box: HTMLElement): Room {
  const own = box.getBoundingClientRect();
  const whole = (box.closest(".nbsweep") ?? box).getBoundingClientRect();
  return { low: whole.left - own.left + 2, high: whole.right - own.left - 2 };
}

interface Room {
  readonly low: number;
  readonly high: number;
}

/** Where what is so wide begins: at `wanted`, or as near as it can without leaving its room. */
export function within(wanted: number, width: number, { low, high }: Room): number {
  return Math.max(low, Math.min(wanted, high - width));
}

const LEAST_PLOT_PX = 160;
const GAP_PX = 16;

/** How many plots stand side by side: as many as there is room for, or fewer, so that rows are about equally long. */
export function columnsOf(plots: number, width_px: number): number {
  const room = Math.max(1, Math.floor((width_px + GAP_PX) / (LEAST_PLOT_PX + GAP_PX)));
  return Math.ceil(plots / Math.ceil(plots / room)) || 1;
}

const LETTER_PX = 6.5;
/** A level has a label of its own below its dots where this much of it has room. */
const LEAST_LEVEL_PX = 44;

/** Below a plot: a category's levels, each where its dots are, or the ends of the axis. */
function drawFoot(foot: HTMLElement, axis: Axis, width_px: number): void {
  const levels = axis.kind === "category" ? axis.levels.map(({ shown }) => shown) : [];
  const longest_px = 8 + LETTER_PX * Math.max(...levels.map((level) => level.length));
  const each =
    width_px >= Math.min(longest_px, LEAST_LEVEL_PX) * levels.length && levels.length > 0;
  const texts = each ? levels : ends(axis);
  foot.classList.toggle("nbs-slice-levels", each);
  while (foot.children.length > texts.length) foot.lastElementChild?.remove();
  while (foot.children.length < texts.length) foot.append(element("span"));
  texts.forEach((text, index) => {
    setName(foot.children[index] as HTMLElement, text);
  });
}

function ends(axis: Axis): [string, string] {
  if (axis.kind === "number") return isBlank(axis) ? ["", ""] : formatEnds(axis);
  return [axis.levels[0]?.shown ?? "", axis.levels.at(-1)?.shown ?? ""];
}

function valueText(run: RunView, axis: Axis): string {
  const value = axisValue(run, axis.id);
  if (axis.kind === "number") return formatNumber(toFloat(value as WireNumber));
  return value === undefined ? "–" : levelLabel(value);
}

function isInside({ selection }: Frame, run: RunView): boolean {
  return selection === null || selection.has(run.id);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
