/**
 * The lines of the parallel coordinates on a canvas, and which line is under the pointer.
 *
 * Lines are drawn from the best to the worst, each behind what is there already, in slices that fit
 * in a frame: a drawing that a brush cuts short has shown what matters, and the rest follows.
 */
import { shadeColor } from "./color";
import type { Frame } from "./parts";
import type { Layout } from "./parallel-layout";

/** Beyond this many lines they are straight and fine: nobody can follow a curve among so many. */
const CURVES_UP_TO = 1500;
const SLICE_MS = 9;
const REACH_PX = 9;
/** Lines between two looks at the clock. */
const BETWEEN_LOOKS = 16;

export interface Lines {
  /** Draw the runs that `chosen` says, in slices; a new call cuts the last one short. */
  draw(frame: Frame, layout: Layout, chosen: (run: string) => boolean): void;
  clear(): void;
  stop(): void;
}

/** A canvas whose drawing goes on over frames; `done` is called when it is whole. */
export function createLines(canvas: HTMLCanvasElement, done: () => void): Lines {
  let going = 0;
  const stop = (): void => {
    cancelAnimationFrame(going);
    going = 0;
  };
  return {
    draw(frame, layout, chosen): void {
      stop();
      const context = fitted(canvas, layout.width, layout.lane + 12);
      if (!context) return;
      const order = bestFirst(frame).filter((row) => chosen(frame.runs[row]!.id));
      const straight = order.length > CURVES_UP_TO;
      const alpha =
        order.length > 3000 ? 0.3 : order.length > 400 ? 0.5 : order.length > 80 ? 0.75 : 0.9;
      context.globalCompositeOperation = "destination-over";
      let next = 0;
      const slice = (): void => {
        going = 0;
        const until = performance.now() + SLICE_MS;
        while (next < order.length) {
          const end = Math.min(order.length, next + BETWEEN_LOOKS);
          for (; next < end; next++) {
            const row = order[next]!;
            const run = frame.runs[row]!;
            context.globalAlpha = run.best ? 1 : alpha;
            context.lineWidth = run.best ? 2.2 : straight ? 0.8 : 1.1;
            context.strokeStyle = shadeColor(frame.shades.get(run.id) ?? null, frame.theme);
            strokeRun(context, layout, row, straight);
          }
          if (performance.now() > until) break;
        }
        if (next < order.length) going = requestAnimationFrame(slice);
        else done();
      };
      slice();
    },
    clear(): void {
      stop();
      canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    },
    stop,
  };
}

/** One run on a canvas of its own, above a halo that lifts it off the others. */
export function drawLit(
  canvas: HTMLCanvasElement,
  frame: Frame,
  layout: Layout,
  surface: string,
): void {
  const row = frame.runs.findIndex(({ id }) => id === frame.lit);
  canvas.hidden = row < 0;
  if (row < 0) return;
  const context = fitted(canvas, layout.width, layout.lane + 12);
  if (!context) return;
  const run = frame.runs[row]!;
  for (const [width, color] of [
    [6, surface],
    [2.6, shadeColor(frame.shades.get(run.id) ?? null, frame.theme)],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    strokeRun(context, layout, row, false);
  }
}

/** The run whose line is nearest to a point, if near enough. */
export function nearestRun(
  frame: Frame,
  layout: Layout,
  x: number,
  y: number,
  chosen: (run: string) => boolean,
): string | null {
  const count = layout.axes.length;
  const right = layout.axes.findIndex((axis) => axis.x >= x);
  const from = Math.max(0, (right < 0 ? count : right) - 1);
  const to = Math.min(count - 1, from + 1);
  const x0 = layout.axes[from]?.x ?? 0;
  const span = (layout.axes[to]?.x ?? x0) - x0;
  const share = span > 0 ? eased(Math.min(1, Math.max(0, (x - x0) / span))) : 0;
  let best: string | null = null;
  let least = REACH_PX;
  frame.runs.forEach(({ id }, row) => {
    if (!chosen(id)) return;
    const at = row * count;
    const there = layout.ys[at + from]! * (1 - share) + layout.ys[at + to]! * share;
    const distance = Math.abs(there - y);
    if (distance >= least) return;
    least = distance;
    best = id;
  });
  return best;
}

/** How far a line has come from one axis to the next where it has covered a share of the way in x. */
function eased(share: number): number {
  // x(t) of the Bézier curve below is 1.5t(1-t) + t³, solved by Newton's method.
  let t = share;
  for (let i = 0; i < 4; i++) {
    const slope = 1.5 - 3 * t + 3 * t * t;
    t -= (1.5 * t * (1 - t) + t ** 3 - share) / slope;
  }
  return t * t * (3 - 2 * t);
}

function strokeRun(
  context: CanvasRenderingContext2D,
  { axes, ys }: Layout,
  row: number,
  straight: boolean,
): void {
  const at = row * axes.length;
  context.beginPath();
  if (axes.length === 1) {
    // One axis has no lines; a short stroke marks each run.
    context.moveTo(axes[0]!.x - 7, ys[at]!);
    context.lineTo(axes[0]!.x + 7, ys[at]!);
  } else {
    let x = axes[0]!.x;
    let y = ys[at]!;
    context.moveTo(x, y);
    for (let column = 1; column < axes.length; column++) {
      const nextX = axes[column]!.x;
      const nextY = ys[at + column]!;
      const middle = (x + nextX) / 2;
      if (straight) context.lineTo(nextX, nextY);
      else context.bezierCurveTo(middle, y, middle, nextY, nextX, nextY);
      x = nextX;
      y = nextY;
    }
  }
  context.stroke();
}

/** Rows of the frame's runs, the best first; runs without a value last. */
function bestFirst(frame: Frame): number[] {
  const shade = frame.runs.map(({ id, best }) => (best ? 2 : (frame.shades.get(id) ?? -1)));
  return frame.runs.map((_, row) => row).sort((a, b) => shade[b]! - shade[a]!);
}

/** A cleared context of a canvas that has a size in CSS pixels, scaled to the screen's. */
export function fitted(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const context = canvas.getContext("2d");
  const [across, down] = [
    Math.round(width * devicePixelRatio),
    Math.round(height * devicePixelRatio),
  ];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context?.setTransform(1, 0, 0, 1, 0, 0);
  context?.clearRect(0, 0, across, down);
  context?.scale(devicePixelRatio, devicePixelRatio);
  if (context) context.globalCompositeOperation = "source-over";
  return context;
}
