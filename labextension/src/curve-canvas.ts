/**
 * What is drawn on the chart's canvases, and which curve lies under the pointer.
 *
 * The base holds all curves and is dear with 200 of them; the overlay dims it and draws the hovered
 * curve again, so that hovering never redraws the base. In: a Drawing. Out: pixels.
 */
import { shadeColor } from "./color";
import type { Curve, Stairs } from "./curve-data";
import { nearestIndex, projectX, projectY, tracePath, type Projection } from "./painter";
import type { Frame } from "./parts";

const HOVER_REACH_PX = 40;
const DOT_PX = 2.6;
/** Above this many curves they are drawn finer and lighter, and with joins that cost less. */
const MANY = 40;

export interface Drawing {
  readonly frame: Frame;
  readonly curves: readonly Curve[];
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly log: boolean;
  /** The best so far over the runs, under their dots; null where curves are drawn. */
  readonly best: Stairs | null;
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** All curves, in their order; `area` in canvas pixels. */
export function paintCurves(context: CanvasRenderingContext2D, area: Area, drawing: Drawing): void {
  const projection = projectionOf(drawing, area);
  const many = drawing.curves.length > MANY;
  context.save();
  clip(context, area);
  context.lineJoin = many ? "bevel" : "round";
  if (drawing.best) strokeStairs(context, drawing.best, projection, drawing.frame.colors.dim);
  context.globalAlpha = 0.1;
  for (const curve of drawing.curves) {
    if (!isInside(drawing, curve)) stroke(context, curve, projection, drawing, 1);
  }
  for (const curve of drawing.curves) {
    if (!isInside(drawing, curve)) continue;
    const lively = curve.run.state === "running" || curve.run.best;
    context.globalAlpha = lively ? 1 : many ? 0.6 : 0.85;
    stroke(context, curve, projection, drawing, curve.run.best ? 2 : many ? 1 : 1.3);
  }
  context.restore();
}

function isInside({ frame }: Drawing, { run }: Curve): boolean {
  return frame.selection === null || frame.selection.has(run.id);
}

function strokeStairs(
  context: CanvasRenderingContext2D,
  { xs, values }: Stairs,
  projection: Projection,
  color: string,
): void {
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1.4 * devicePixelRatio;
  context.beginPath();
  xs.forEach((x, index) => {
    const y = projectY(projection, values[index]!);
    if (Number.isNaN(y)) return;
    if (index > 0)
      context.lineTo(projectX(projection, x), projectY(projection, values[index - 1]!));
    context.lineTo(projectX(projection, x), y);
  });
  context.stroke();
}

/** The overlay: everything dimmed by the surface's colour, and one curve on top of it. */
export function paintHighlight(
  canvas: HTMLCanvasElement,
  drawing: Drawing,
  run: string | null,
): void {
  const context = canvas.getContext("2d");
  const curve = drawing.curves.find((candidate) => candidate.run.id === run);
  canvas.hidden = !curve;
  if (!context || !curve) return;
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.clearRect(0, 0, width, height);
  context.globalAlpha = 0.78;
  context.fillStyle = drawing.frame.colors.surface;
  context.fillRect(0, 0, width, height);
  context.globalAlpha = 1;
  context.lineJoin = "round";
  const area = { left: 0, top: 0, width, height };
  stroke(context, curve, projectionOf(drawing, area), drawing, 2.4);
}

function stroke(
  context: CanvasRenderingContext2D,
  curve: Curve,
  projection: Projection,
  drawing: Drawing,
  width_px: number,
): void {
  const { frame } = drawing;
  const { run, xs, values, length } = curve;
  context.strokeStyle = context.fillStyle = shadeColor(
    frame.shades.get(run.id) ?? null,
    frame.theme,
  );
  context.lineWidth = width_px * devicePixelRatio;
  context.beginPath();
  tracePath(context, xs, values, length, projection, drawing.curves.length > MANY ? 2 : 1);
  context.stroke();
  // One or two points make no line, so they are dots; a running run wears one at its head.
  const from = length <= 2 ? 0 : run.state === "running" ? length - 1 : length;
  for (let i = from; i < length; i++) {
    const y = projectY(projection, values[i]!);
    if (Number.isNaN(y)) continue;
    context.beginPath();
    context.arc(projectX(projection, xs[i]!), y, DOT_PX * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Room for dots and thick lines at the sides; what leaves the scale is cut above and below. */
function clip(context: CanvasRenderingContext2D, area: Area): void {
  const room = 4 * devicePixelRatio;
  context.beginPath();
  context.rect(area.left - room, area.top, area.width + 2 * room, area.height + 2);
  context.clip();
}

function projectionOf({ x, y, log }: Drawing, area: Area): Projection {
  return { x0: x[0], x1: x[1], y0: y[0], y1: y[1], log, ...area };
}

export interface Near {
  readonly curve: Curve;
  readonly index: number;
  readonly x_px: number;
  readonly y_px: number;
}

/** The curve whose point at the pointer's step is nearest to the pointer, if near enough. */
export function nearestCurve(
  drawing: Drawing,
  size: { readonly width: number; readonly height: number },
  x_px: number,
  y_px: number,
): Near | null {
  const projection = projectionOf(drawing, { left: 0, top: 0, ...size });
  const x = drawing.x[0] + (x_px / size.width) * (drawing.x[1] - drawing.x[0]);
  let best: Near | null = null;
  let least = HOVER_REACH_PX;
  for (const curve of drawing.curves) {
    if (!isInside(drawing, curve)) continue;
    const index = nearestIndex(curve.xs, curve.length, x);
    const at = {
      x_px: projectX(projection, curve.xs[index]!),
      y_px: projectY(projection, curve.values[index]!),
    };
    const distance = Math.hypot(at.x_px - x_px, at.y_px - y_px);
    if (!(distance <= least)) continue; // NaN, a gap, is nowhere near
    least = distance;
    best = { curve, index, ...at };
  }
  return best;
}
