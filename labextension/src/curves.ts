/**
 * The curves: one key of all runs, or the history of the search, coloured by the metric.
 *
 * In: a Frame. Out: the hovered run, zoom, and (from its controls) the user's choice of key, x-axis,
 * log y and smoothing. What it holds is told in data attributes, by which tests and scripts read it.
 */
import type uPlot from "uplot";
import { shadeColor } from "./color";
import { nearestCurve, paintHighlight, type Drawing, type Near } from "./curve-canvas";
import { createCurveControls } from "./curve-controls";
import {
  curvesOf,
  extentWithin,
  pointsByKey,
  searchHistory,
  zoomedY,
  type Curve,
} from "./curve-data";
import { element, setAttribute, setText, show } from "./dom";
import { formatDuration, formatNumber, plural } from "./format";
import { goalOf } from "./goals";
import { chooseKey } from "./keys";
import type { Actions, CurveX, Frame, Part, Zoom } from "./parts";
import { createPlot, DRAG_PX, PLOT_HEIGHT_PX } from "./plot";
import { xRange, yRange, type Extent, type YRange } from "./scales";

const NARROW_PX = 560;

interface Chart {
  readonly plot: uPlot;
  readonly overlay: HTMLCanvasElement;
  readonly log: boolean;
}

export function createCurves(actions: Actions, resized: () => void): Part {
  const controls = createCurveControls(actions);
  const hint = element("span", { class: "nbs-dim" });
  const tip = element("div", { class: "nbs-tip", hidden: "" });
  const empty = element("div", { class: "nbs-empty" });
  const host = element("div", { class: "nbs-plot", role: "img" });
  const box = element("div", { class: "nbs-plot-box" }, host, empty, tip);
  controls.heading.append(hint);
  const node = element(
    "section",
    { class: "nbs-curves", "data-testid": "nbs-curves", "aria-label": "Curves" },
    element("div", { class: "nbs-line" }, controls.heading, controls.node),
    box,
  );
  let drawing: Drawing | null = null;
  let key: string | null = null;
  let chart: Chart | null = null;
  let drawn = -1;
  let asked = "";
  const observer = new ResizeObserver(resized);
  observer.observe(box);

  const near = ({ offsetX, offsetY }: MouseEvent, over: HTMLElement): Near | null =>
    drawing &&
    nearestCurve(drawing, { width: over.clientWidth, height: over.clientHeight }, offsetX, offsetY);

  const createChart = (log: boolean): Chart => {
    const plot = createPlot(host, log, () => drawing, zoomTo);
    const overlay = element("canvas", { class: "nbs-overlay", hidden: "" });
    const { over } = plot;
    over.append(overlay);
    over.addEventListener("mousemove", (event) => {
      if (event.buttons !== 0) return;
      const found = near(event, over);
      actions.hover(found?.curve.run.id ?? null);
      show(tip, found !== null);
      if (drawing && found) placeTip(tip, box, drawing, found, over.offsetLeft);
    });
    over.addEventListener("mouseleave", () => {
      actions.hover(null);
      show(tip, false);
    });
    let down = { x: 0, y: 0 };
    over.addEventListener("pointerdown", ({ clientX, clientY }) => {
      down = { x: clientX, y: clientY };
    });
    over.addEventListener("click", (event) => {
      const dragged = Math.hypot(event.clientX - down.x, event.clientY - down.y) >= DRAG_PX;
      const found = dragged ? null : near(event, over);
      if (found) actions.pick(found.curve.run.id);
    });
    return { plot, overlay, log };
  };

  const zoomTo = (zoom: Omit<Zoom, "key"> | null): void => {
    actions.hover(null);
    show(tip, false);
    actions.change({ zoom: zoom && { ...zoom, key } });
  };

  /** The page holds a thousand points of a run; between two steps the kernel has them all. */
  const askFiner = (zoom: Zoom | null, x: CurveX): void => {
    const wanted = zoom && x === "step" && key !== null ? JSON.stringify([key, zoom.x]) : "";
    if (wanted === asked) return;
    asked = wanted;
    if (zoom && key !== null && wanted !== "") actions.askZoom(key, zoom.x[0], zoom.x[1]);
  };

  /** Everything but the pixels; returns what is to be drawn. */
  const describe = (frame: Frame): Drawing => {
    const { logY: log, zoom } = frame.view;
    const points = pointsByKey(frame);
    const metric = frame.state.sweep?.metric?.name ?? null;
    const history = frame.view.x === "runs" ? searchHistory(frame) : null;
    key = history ? frame.metric : chooseKey(points, metric, frame.view.key);
    const held = history?.curves ?? (key === null ? [] : curvesOf(frame, key));
    const curves = held.filter((curve) => (log ? curve.yPositive : curve.y));
    const y = zoomedY(zoom, key, log);
    const { range, clipped, settled } = y
      ? { range: y, clipped: 0, settled: false }
      : yRange(extents(curves, log, zoom), log, goalOf(key, frame.state.sweep));
    controls.update(frame, [...points.keys()], key);
    setAttribute(node, "data-key", key ?? "");
    setAttribute(node, "data-x", frame.view.x);
    setAttribute(node, "data-zoomed", zoom ? zoom.x.join(" ") : "");
    setAttribute(node, "data-series", String(curves.length));
    setAttribute(node, "data-points", String(held.reduce((sum, { length }) => sum + length, 0)));
    setAttribute(
      host,
      "aria-label",
      `${key ?? "metric"} by ${xName(frame.view.x)}, ${plural(curves.length, "run")}`,
    );
    node.classList.toggle("nbs-without-points", held.length === 0 && points.size === 0);
    show(empty, curves.length === 0);
    show(host, curves.length > 0);
    setText(empty, emptyText(held.length, log, frame));
    setText(hint, hintText(curves.length, { clipped, settled }, frame));
    const x = zoom?.x ?? xRange(curves.map((curve) => curve.x));
    return { frame, curves, x, y: range, log, best: history?.best ?? null };
  };

  return {
    node,
    update(frame: Frame): void {
      const width = Math.floor(box.clientWidth);
      if (frame.revision !== drawn) {
        drawing = describe(frame);
        askFiner(frame.view.zoom, frame.view.x);
        if (width < 80) return; // not in the page yet, or hidden: the observer calls again
        drawn = frame.revision;
        if (chart?.log !== drawing.log) {
          chart?.plot.destroy();
          chart = createChart(drawing.log);
        }
        const height = width < NARROW_PX ? PLOT_HEIGHT_PX.narrow : PLOT_HEIGHT_PX.wide;
        if (chart.plot.width !== width || chart.plot.height !== height) {
          chart.plot.setSize({ width, height });
        }
        chart.plot.setData([[...drawing.x], [...drawing.y]]);
      } else if (drawing && drawing.frame.selection !== frame.selection) {
        drawing = { ...drawing, frame };
        chart?.plot.redraw(false);
      }
      if (!chart || !drawing) return;
      const inside = drawing.curves.filter(({ run }) => frame.selection?.has(run.id) ?? true);
      setAttribute(node, "data-inside", String(inside.length));
      paintHighlight(chart.overlay, drawing, frame.lit);
    },
    dispose(): void {
      observer.disconnect();
      chart?.plot.destroy();
    },
  };
}

function extents(curves: readonly Curve[], log: boolean, zoom: Zoom | null): Extent[] {
  return curves.flatMap((curve) => {
    const whole = log ? curve.yPositive : curve.y;
    const extent = zoom ? extentWithin(curve, zoom.x, log ? 0 : -Infinity) : whole;
    if (!extent) return [];
    const { best } = curve.run;
    return [
      zoom
        ? { ...extent, best }
        : { ...extent, best, settled: curve.settled, sample: curve.sample },
    ];
  });
}

function emptyText(held: number, log: boolean, { view, metric }: Frame): string {
  if (held > 0 && log) return "Nothing above zero to show on a log axis.";
  if (held > 0) return "Every value so far is NaN or infinite.";
  if (view.x === "runs")
    return `A dot for each run, once it has a value of ${metric ?? "its metric"}.`;
  if (view.x.startsWith("key:")) return `No run has logged ${xName(view.x)} beside it.`;
  return "Curves appear with the first number that a run logs.";
}

function xName(x: CurveX): string {
  return x === "runs" ? "run" : x.startsWith("key:") ? x.slice("key:".length) : x;
}

function hintText(shown: number, off: Omit<YRange, "range">, { view }: Frame): string {
  if (shown === 0) return "";
  const parts = [plural(shown, "run")];
  if (view.smoothing > 0 && view.x !== "runs")
    parts.push(`smoothing ${formatNumber(view.smoothing)}`);
  if (off.clipped > 0) parts.push(`${off.clipped} off the scale`);
  if (off.settled) parts.push("first values off the scale");
  return parts.join(" · ");
}

/** Beside the point, on whichever side there is room. */
function placeTip(
  tip: HTMLElement,
  box: HTMLElement,
  { frame }: Drawing,
  { curve, index, x_px, y_px }: Near,
  left_px: number,
): void {
  const swatch = element("span", { class: "nbs-swatch" });
  swatch.style.background = shadeColor(frame.shades.get(curve.run.id) ?? null, frame.theme);
  const { x } = frame.view;
  const at = curve.xs[index]!;
  const where = x === "time" ? formatDuration(at) : `${xName(x)} ${formatNumber(at)}`;
  tip.replaceChildren(
    swatch,
    element("span", { class: "nbs-tip-name" }, curve.run.name),
    element("b", {}, formatNumber(curve.values[index]!)),
    element("span", { class: "nbs-dim" }, where),
  );
  const right = left_px + x_px + 12;
  const fits = right + tip.offsetWidth <= box.clientWidth;
  const left = fits ? right : Math.max(0, left_px + x_px - tip.offsetWidth - 12);
  tip.style.transform = `translate(${left}px, ${Math.max(0, y_px - 28)}px)`;
}
