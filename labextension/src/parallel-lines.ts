/**
 * The lines of the parallel coordinates on a canvas, and which line is under the pointer.
 *
 * A line of one device pixel drawn over what is there is what a canvas does fastest, by far
 * (docs/dashboard.md has the figures of four ways). Still ten thousand take longer than a
 * frame has: then a part of them, evenly from worst to best, is shown at once and all of them when
 * the hand rests.
 */
import { shadeColor } from "./color";
import type { Frame } from "./parts";
import type { Layout } from "./parallel-layout";

/** Beyond this many lines they are straight: nobody can follow a curve among so many. */
const CURVES_UP_TO = 1500;
/** As many lines fit in a frame beside everything else. */
const AT_ONCE = 700;
const SLICE = 1200;
const REST_MS = 120;
/** From here on lines are a device pixel wide. */
const MANY = 120;
const REACH_PX = 9;
const STUB_PX = 7;

export interface Lines {
  /** Draw the runs that `chosen` says; a new call cuts the last one short. */
  draw(frame: Frame, layout: Layout, chosen: (run: string) => boolean): void;
  clear(): void;
  stop(): void;
}

/** A canvas of lines; `done` is called when all of them are on it. */
export function createLines(canvas: HTMLCanvasElement, done: () => void): Lines {
  const hidden = document.createElement("canvas");
  let resting: ReturnType<typeof setTimeout> | undefined;
  let going = 0;
  const stop = (): void => {
    clearTimeout(resting);
    cancelAnimationFrame(going);
  };
  /** All lines on a canvas nobody sees, a slice a frame, and then at once on the one that is seen. */
  const drawAll = (pen: Pen, order: readonly number[]): void => {
    const context = fitted(hidden, pen.layout.width, pen.layout.lane + 12);
    if (!context) return;
    let next = 0;
    const slice = (): void => {
      strokeRuns(context, pen, order.slice(next, next + SLICE));
      next += SLICE;
      if (next < order.length) going = requestAnimationFrame(slice);
      else {
        const seen = fitted(canvas, pen.layout.width, pen.layout.lane + 12);
        seen?.setTransform(1, 0, 0, 1, 0, 0);
        seen?.drawImage(hidden, 0, 0);
        done();
      }
    };
    slice();
  };
  return {
    draw(frame, layout, chosen): void {
      stop();
      const context = fitted(canvas, layout.width, layout.lane + 12);
      if (!context) return;
      const order = worstFirst(frame).filter((row) => chosen(frame.runs[row]!.id));
      const pen = { frame, layout, count: order.length };
      if (order.length <= AT_ONCE) {
        strokeRuns(context, pen, order);
        done();
        return;
      }
      const every = Math.ceil(order.length / AT_ONCE);
      strokeRuns(
        context,
        pen,
        order.filter((_, index) => (order.length - 1 - index) % every === 0),
      );
      resting = setTimeout(() => {
        drawAll(pen, order);
      }, REST_MS);
    },
    clear(): void {
      stop();
      canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    },
    stop,
  };
}

interface Pen {
  readonly frame: Frame;
  readonly layout: Layout;
  /** How many lines there will be in the end. */
  readonly count: number;
}

function strokeRuns(
  context: CanvasRenderingContext2D,
  { frame, layout, count }: Pen,
  rows: readonly number[],
): void {
  const inks = colorsOf(frame);
  const thin = 1 / devicePixelRatio;
  const usual = count > MANY ? thin : Math.max(thin, 1.1);
  const alpha = count > 3000 ? 0.25 : count > 400 ? 0.5 : count > 80 ? 0.75 : 0.9;
  for (const row of rows) {
    const { best } = frame.runs[row]!;
    context.globalAlpha = best ? 1 : alpha;
    context.lineWidth = best ? 2.2 : usual;
    context.strokeStyle = inks[row]!;
    strokeRun(context, layout, row, count > CURVES_UP_TO);
  }
}

/** One run on a canvas of its own, above a halo that lifts it off the others. */
export function drawLit(canvas: HTMLCanvasElement, frame: Frame, layout: Layout): void {
  const row = frame.runs.findIndex(({ id }) => id === frame.lit);
  canvas.hidden = row < 0;
  if (row < 0) return;
  const context = fitted(canvas, layout.width, layout.lane + 12);
  if (!context) return;
  const run = frame.runs[row]!;
  for (const [width, color] of [
    [6, frame.colors.surface],
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
    const [before, after] = [layout.ys[row * count + from]!, layout.ys[row * count + to]!];
    const there = Number.isNaN(before + after)
      ? stubAt(before, after, x - x0, span)
      : before * (1 - share) + after * share;
    const distance = Math.abs(there - y);
    if (!(distance < least)) return; // NaN, where a run has no value yet, is nowhere near
    least = distance;
    best = id;
  });
  return best;
}

/** The y of a line that ends at one of two axes, beside that axis. */
function stubAt(before: number, after: number, x: number, span: number): number {
  if (x <= REACH_PX) return before;
  return span - x <= REACH_PX ? after : Number.NaN;
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

/** A run's line, as far as it has places: what it has no value of yet it does not pass. */
function strokeRun(
  context: CanvasRenderingContext2D,
  layout: Layout,
  row: number,
  straight: boolean,
): void {
  context.beginPath();
  traceRun(context, layout, row, straight);
  context.stroke();
}

type LinePen = Pick<CanvasRenderingContext2D, "moveTo" | "lineTo" | "bezierCurveTo">;

export function traceRun(pen: LinePen, { axes, ys }: Layout, row: number, straight: boolean): void {
  const places = ys.subarray(row * axes.length, (row + 1) * axes.length);
  const known = (column: number): boolean => !Number.isNaN(places[column] ?? Number.NaN);
  // A place on one axis makes no line: where a line ends short of its neighbours it reaches out a little.
  const stub_px = axes.length === 1 || places.some(Number.isNaN) ? STUB_PX : 0;
  places.forEach((y, column) => {
    if (Number.isNaN(y)) return;
    const { x } = axes[column]!;
    if (!known(column - 1)) {
      pen.moveTo(x - stub_px, y);
      if (stub_px > 0) pen.lineTo(x, y);
    } else if (straight) pen.lineTo(x, y);
    else {
      const middle = (axes[column - 1]!.x + x) / 2;
      pen.bezierCurveTo(middle, places[column - 1]!, middle, y, x, y);
    }
    if (!known(column + 1) && stub_px > 0) pen.lineTo(x + stub_px, y);
  });
}

const orders = new WeakMap<Frame["shades"], readonly number[]>();
const colors = new WeakMap<
  Frame["shades"],
  { readonly theme: string; readonly of: readonly string[] }
>();

/** Rows of the frame's runs: those without a value first, the best last and so on top. */
function worstFirst(frame: Frame): readonly number[] {
  let order = orders.get(frame.shades);
  if (order?.length !== frame.runs.length) {
    const shade = frame.runs.map(({ id, best }) => (best ? 2 : (frame.shades.get(id) ?? -1)));
    order = frame.runs.map((_, row) => row).sort((a, b) => shade[a]! - shade[b]!);
    orders.set(frame.shades, order);
  }
  return order;
}

/** The runs' colours, in the frame's order. */
export function colorsOf({ runs, shades, theme }: Frame): readonly string[] {
  const known = colors.get(shades);
  if (known?.theme === theme && known.of.length === runs.length) return known.of;
  const of = runs.map(({ id }) => shadeColor(shades.get(id) ?? null, theme));
  colors.set(shades, { theme, of });
  return of;
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
  if (context) context.globalAlpha = 1;
  return context;
}
