/**
 * The uPlot of the curves: axes, grid, size and pixel ratio, and nothing of the curves themselves.
 *
 * In: the host element and a way to get the current Drawing. Out: a uPlot whose `draw` hook paints
 * it. uPlot's own paths join over NaN and want one x for all series, so its series stays invisible.
 */
import uPlot from "uplot";
import { paintCurves, type Drawing } from "./curve-canvas";
import type { Zoom } from "./parts";
import { durationTicks, formatDurationTicks, formatTicks, linearTicks, logTicks } from "./ticks";

export const PLOT_HEIGHT_PX = { narrow: 200, wide: 250 } as const;
export const DRAG_PX = 6;
const FONT_PX = 11;

export function createPlot(
  host: HTMLElement,
  log: boolean,
  current: () => Drawing | null,
  zoomed: (to: Omit<Zoom, "key"> | null) => void,
): uPlot {
  const css = (name: string): string => getComputedStyle(host).getPropertyValue(name).trim();
  const axis = {
    font: `${FONT_PX}px ${getComputedStyle(host).fontFamily}`,
    stroke: () => css("--nbs-dim"),
    ticks: { show: false },
    gap: 6,
    values: (_: uPlot, splits: number[]) => formatTicks(splits),
    // uPlot drops log ticks off the decades by default; ours are chosen to fit.
    filter: (_: uPlot, splits: number[]) => splits,
  };
  const byTime = (): boolean => current()?.frame.view.x === "time";
  const x: uPlot.Axis = {
    ...axis,
    size: 28,
    grid: { show: false },
    values: (_, splits) => (byTime() ? formatDurationTicks : formatTicks)(splits),
    splits: (u, _axis, low, high) => {
      const count = most(8, u.bbox.width, 70);
      return byTime()
        ? durationTicks(low, high, count)
        : linearTicks(low, high, count, high - low >= 1);
    },
  };
  const y: uPlot.Axis = {
    ...axis,
    size: (_, labels: string[] | null) =>
      16 + 0.62 * FONT_PX * Math.max(3, ...(labels ?? []).map((label) => label.length)),
    grid: { stroke: () => css("--nbs-grid"), width: 1 },
    splits: (u, _axis, low, high) =>
      (log ? logTicks : linearTicks)(low, high, most(7, u.bbox.height, 30)),
  };
  const range = (of: (drawing: Drawing) => readonly [number, number]) => (): [number, number] => {
    const drawing = current();
    return drawing ? [...of(drawing)] : [0.1, 1];
  };
  const paint = (u: uPlot): void => {
    const drawing = current();
    if (drawing) paintCurves(u.ctx, u.bbox, drawing);
  };
  // A flat drag is a stretch of x, over the whole height.
  const select = (u: uPlot): void => {
    const { left, top, width, height } = u.select;
    if (width < DRAG_PX && height < DRAG_PX) return;
    const at = (scale: "x" | "y", px: number): number => u.posToVal(px, scale);
    const whole = height >= u.over.clientHeight - 1;
    zoomed({
      x: [at("x", left), at("x", left + width)],
      y: whole ? null : [at("y", top + height), at("y", top)],
    });
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  const options: uPlot.Options = {
    width: Math.max(80, host.clientWidth),
    height: PLOT_HEIGHT_PX.wide,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: {
      ...{ x: true, y: false, points: { show: false } },
      drag: { x: true, y: true, uni: 24, dist: DRAG_PX, setScale: false },
      bind: {
        dblclick: () => () => {
          zoomed(null);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: range((drawing) => drawing.x) },
      // uPlot types distr as an ambient const enum, which isolated modules cannot import.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
      y: { distr: log ? 3 : 1, range: range((drawing) => drawing.y) },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [x, y],
    hooks: { draw: [paint], setSelect: [select] },
  };
  // Two points, so that uPlot believes there is something to scale.
  const corners: uPlot.AlignedData = [[0, 1], [0.1, 1]]; // prettier-ignore
  return new uPlot(options, corners, host);
}

function most(limit: number, canvas_px: number, each_px: number): number {
  return Math.max(2, Math.min(limit, Math.floor(canvas_px / devicePixelRatio / each_px)));
}
