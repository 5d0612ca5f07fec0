/**
 * Ways to draw the lines of parallel coordinates, timed side by side: `ways(runs)` answers with the
 * median milliseconds of each until the pixels are there (a canvas draws when it is read).
 */
const SIZE = { width: 1180, height: 270 } as const;
const AXES = 10;
const COLORS = Array.from({ length: 64 }, (_, i) => [68 + 2 * i, 1 + 3 * i, 84 + i] as const);
const REPEATS = 5;

interface Lines {
  readonly count: number;
  readonly xs: readonly number[];
  readonly ys: Float32Array;
}

type Way = (context: CanvasRenderingContext2D, lines: Lines) => void;

const inks = COLORS.map((color) => `rgb(${color.join(", ")})`);

function trace(
  context: CanvasRenderingContext2D,
  { xs, ys }: Lines,
  run: number,
  curved: boolean,
): void {
  let [x, y] = [xs[0]!, ys[run * AXES]!];
  context.moveTo(x, y);
  for (let axis = 1; axis < AXES; axis++) {
    const [nextX, nextY] = [xs[axis]!, ys[run * AXES + axis]!];
    const middle = (x + nextX) / 2;
    if (curved) context.bezierCurveTo(middle, y, middle, nextY, nextX, nextY);
    else context.lineTo(nextX, nextY);
    [x, y] = [nextX, nextY];
  }
}

/** A stroke a run. */
function strokes(width: number, operation: GlobalCompositeOperation, curved: boolean): Way {
  return (context, lines) => {
    context.globalCompositeOperation = operation;
    context.globalAlpha = 0.3;
    context.lineWidth = width;
    for (let run = 0; run < lines.count; run++) {
      context.strokeStyle = inks[run % inks.length]!;
      context.beginPath();
      trace(context, lines, run, curved);
      context.stroke();
    }
  };
}

/** A path a colour: fewer calls, but one path's lines do not add up where they cross. */
const paths: Way = (context, lines) => {
  context.globalAlpha = 0.3;
  context.lineWidth = 1;
  for (let color = 0; color < inks.length; color++) {
    context.strokeStyle = inks[color]!;
    context.beginPath();
    for (let run = color; run < lines.count; run += inks.length) trace(context, lines, run, false);
    context.stroke();
  }
};

/** Our own antialiased pixels, front to back, each left alone once it is full. */
const pixels: Way = (context, { count, xs, ys }) => {
  const { width, height } = SIZE;
  const sums = new Float32Array(4 * width * height);
  for (let run = 0; run < count; run++) {
    const [red, green, blue] = COLORS[run % COLORS.length]!;
    for (let axis = 1; axis < AXES; axis++) {
      const [from, to] = [Math.round(xs[axis - 1]!), Math.round(xs[axis]!)];
      const slope = (ys[run * AXES + axis]! - ys[run * AXES + axis - 1]!) / (to - from);
      let y = ys[run * AXES + axis - 1]!;
      for (let x = from; x < to; x++, y += slope) {
        const low = Math.min(y, y + slope) - 0.5;
        const high = Math.max(y, y + slope) + 0.5;
        const [first, last] = [Math.floor(low), Math.floor(high)];
        for (let row = first; row <= last; row++) {
          const cover =
            1 - (row === first ? low - first : 0) - (row === last ? last + 1 - high : 0);
          const at = 4 * (row * width + x);
          const room = 1 - sums[at + 3]!;
          if (room < 0.02) continue;
          const share = 0.3 * cover * room;
          sums[at] = sums[at]! + share * red;
          sums[at + 1] = sums[at + 1]! + share * green;
          sums[at + 2] = sums[at + 2]! + share * blue;
          sums[at + 3] = sums[at + 3]! + share;
        }
      }
    }
  }
  const image = context.createImageData(width, height);
  for (let at = 0; at < sums.length; at += 4) {
    const alpha = sums[at + 3]!;
    for (let channel = 0; channel < 3; channel++)
      image.data[at + channel] = sums[at + channel]! / alpha;
    image.data[at + 3] = 255 * alpha;
  }
  context.putImageData(image, 0, 0);
};

const WAYS: Readonly<Record<string, Way>> = {
  "a stroke a run, one pixel wide": strokes(1, "source-over", false),
  "the same, curved": strokes(1, "source-over", true),
  "the same, curved, 1.1 pixels wide": strokes(1.1, "source-over", true),
  "a stroke a run, each behind the last": strokes(1, "destination-over", false),
  "a path a colour": paths,
  "our own pixels": pixels,
};

export function ways(count: number): Record<string, number> {
  let seed = 1;
  const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const xs = Array.from(
    { length: AXES },
    (_, axis) => 46 + (axis * (SIZE.width - 98)) / (AXES - 1),
  );
  const ys = Float32Array.from({ length: count * AXES }, () => 10 + 232 * random());
  return Object.fromEntries(
    Object.entries(WAYS).map(([name, way]) => {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, SIZE);
      const context = canvas.getContext("2d");
      if (!context) return [name, Number.NaN];
      const times = Array.from({ length: REPEATS }, () => {
        context.globalCompositeOperation = "source-over";
        context.clearRect(0, 0, SIZE.width, SIZE.height);
        const began_ms = performance.now();
        way(context, { count, xs, ys });
        context.getImageData(0, 0, 1, 1);
        return performance.now() - began_ms;
      });
      return [name, times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)] ?? Number.NaN];
    }),
  );
}
