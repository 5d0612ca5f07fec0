/**
 * A run's curve in a table cell: its trend in 60 by 18 pixels, drawn again only when it changed.
 */
import { shadeColor } from "./color";
import { element } from "./dom";
import { drawable, isPoint } from "./drawable";
import { chooseKey } from "./keys";
import { fitted } from "./parallel-lines";
import type { Frame } from "./parts";
import { tracePath } from "./painter";
import type { RunView } from "./protocol";
import type { Series } from "./series";

const SIZE = { width: 60, height: 18 } as const;

export interface Sparkline {
  readonly node: HTMLCanvasElement;
  update(run: RunView, frame: Frame, key: string | null): void;
}

export function createSparkline(): Sparkline {
  const node = element("canvas", { class: "nbs-spark", "aria-hidden": "true" });
  let drawn = "";
  let drawnOf: Series | undefined; // a snapshot brings new ones, whose versions begin anew
  return {
    node,
    update(run, frame, key): void {
      const series = key === null ? undefined : frame.state.series.get(key)?.get(run.id);
      const color = shadeColor(frame.shades.get(run.id) ?? null, frame.theme);
      const wanted = `${key ?? ""} ${series?.version ?? -1} ${color} ${devicePixelRatio}`;
      if (wanted === drawn && series === drawnOf) return;
      [drawn, drawnOf] = [wanted, series];
      if (series) drawTrend(node, series.steps, series.values, series.length, color);
      else fitted(node, SIZE.width, SIZE.height);
    },
  };
}

/** Draw a curve's trend into a canvas, on a scale of its own. */
export function drawTrend(
  canvas: HTMLCanvasElement,
  steps: Float64Array,
  all: Float64Array,
  length: number,
  color: string,
): void {
  const context = fitted(canvas, SIZE.width, SIZE.height);
  if (!context || length < 2) return;
  const values = all.slice(0, length).filter(Number.isFinite).map(drawable).sort();
  if (values.length < 2) return;
  // The first loss is often ten times the second; what matters of a trend is below it.
  const [low, high] = [values[0]!, values[Math.ceil(0.97 * (values.length - 1))]!];
  const [x0, x1] = [steps[0]!, steps[length - 1]!];
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.rect(0, 0, SIZE.width, SIZE.height);
  context.clip();
  context.beginPath();
  tracePath(context, steps, all, length, {
    ...{ x0, x1: x1 > x0 ? x1 : x0 + 1, left: 1, width: SIZE.width - 2, log: false },
    ...{
      y0: low,
      y1: isPoint(low, high) ? low + Math.max(1, Math.abs(low)) : high,
      top: 2,
      height: SIZE.height - 4,
    },
  });
  context.stroke();
}

/** The metric where it has a trend to show; else what the curves show first. */
export function trendKey({ state }: Frame): string | null {
  const keys = state.sweep?.keys ?? {};
  const metric = state.sweep?.metric?.name ?? null;
  if (metric !== null && (keys[metric] ?? 0) >= 3 * state.runs.size) return metric;
  return chooseKey(new Map(Object.entries(keys)), metric, null);
}
