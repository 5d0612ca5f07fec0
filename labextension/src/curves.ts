/**
 * The curves: one key of all runs, coloured by the metric.
 *
 * In: a Frame. Out: the hovered run, and (from its controls) the user's choice of key, log y and
 * smoothing. What it holds is told in data attributes, by which tests and scripts can read it.
 */
import type uPlot from "uplot";
import { shadeColor } from "./color";
import { nearestCurve, paintHighlight, type Drawing, type Near } from "./curve-canvas";
import { createCurveControls } from "./curve-controls";
import { curvesOf, pointsByKey } from "./curve-data";
import { element, setAttribute, setText, show } from "./dom";
import { formatNumber, plural } from "./format";
import { chooseKey } from "./keys";
import type { Actions, Frame, Part } from "./parts";
import { createPlot, PLOT_HEIGHT_PX } from "./plot";
import { xRange, yRange } from "./scales";

const NARROW_PX = 560;

export interface CurvesPart extends Part {
  dispose(): void;
}

interface Chart {
  readonly plot: uPlot;
  readonly overlay: HTMLCanvasElement;
  readonly log: boolean;
}

export function createCurves(actions: Actions, resized: () => void): CurvesPart {
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
  let chart: Chart | null = null;
  let drawn = -1;
  const observer = new ResizeObserver(resized);
  observer.observe(box);

  const createChart = (log: boolean): Chart => {
    const plot = createPlot(host, log, () => drawing);
    const overlay = element("canvas", { class: "nbs-overlay", hidden: "" });
    const { over } = plot;
    over.append(overlay);
    over.addEventListener("mousemove", ({ offsetX, offsetY }) => {
      const size = { width: over.clientWidth, height: over.clientHeight };
      const near = drawing && nearestCurve(drawing, size, offsetX, offsetY);
      actions.hover(near?.curve.run.id ?? null);
      show(tip, near !== null);
      if (drawing && near) placeTip(tip, box, drawing, near, over.offsetLeft);
    });
    over.addEventListener("mouseleave", () => {
      actions.hover(null);
      show(tip, false);
    });
    return { plot, overlay, log };
  };

  /** Everything but the pixels; returns what is to be drawn. */
  const describe = (frame: Frame): Drawing => {
    const log = frame.view.logY;
    const points = pointsByKey(frame);
    const metric = frame.state.sweep?.metric?.name ?? null;
    const key = chooseKey(points, metric, frame.view.key);
    const held = key === null ? [] : curvesOf(frame, key);
    const curves = held.filter((curve) => (log ? curve.yPositive : curve.y));
    const extents = curves.map((curve) => (log ? curve.yPositive! : curve.y!));
    const { range, clipped } = yRange(extents, log);
    controls.update(frame, [...points.keys()], key);
    setAttribute(node, "data-key", key ?? "");
    setAttribute(node, "data-series", String(curves.length));
    setAttribute(node, "data-points", String(held.reduce((sum, { length }) => sum + length, 0)));
    setAttribute(host, "aria-label", `${key ?? "metric"} by step, ${plural(curves.length, "run")}`);
    node.classList.toggle("nbs-without-points", held.length === 0);
    show(empty, curves.length === 0);
    show(host, curves.length > 0);
    setText(empty, emptyText(held.length, log));
    setText(hint, hintText(curves.length, clipped, frame));
    return { frame, curves, x: xRange(curves.map((curve) => curve.x)), y: range, log };
  };

  return {
    node,
    update(frame: Frame): void {
      const width = Math.floor(box.clientWidth);
      if (frame.revision !== drawn) {
        drawing = describe(frame);
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
      }
      if (!chart || !drawing) return;
      const surface = getComputedStyle(node).getPropertyValue("--nbs-surface");
      paintHighlight(chart.overlay, drawing, frame.lit, surface);
    },
    dispose(): void {
      observer.disconnect();
      chart?.plot.destroy();
    },
  };
}

function emptyText(held: number, log: boolean): string {
  if (held > 0 && log) return "Nothing above zero to show on a log axis.";
  if (held > 0) return "Every value so far is NaN or infinite.";
  return "Curves appear with the first number that a run logs.";
}

function hintText(shown: number, clipped: number, { view }: Frame): string {
  if (shown === 0) return "";
  const parts = [plural(shown, "run"), "by step"];
  if (view.logY) parts.push("log y");
  if (view.smoothing > 0) parts.push(`smoothing ${formatNumber(view.smoothing)}`);
  if (clipped > 0) parts.push(`${clipped} off the scale`);
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
  tip.replaceChildren(
    swatch,
    element("span", { class: "nbs-tip-name" }, curve.run.name),
    element("b", {}, formatNumber(curve.values[index]!)),
    element("span", { class: "nbs-dim" }, `step ${formatNumber(curve.steps[index]!)}`),
  );
  const right = left_px + x_px + 12;
  const fits = right + tip.offsetWidth <= box.clientWidth;
  const left = fits ? right : Math.max(0, left_px + x_px - tip.offsetWidth - 12);
  tip.style.transform = `translate(${left}px, ${Math.max(0, y_px - 28)}px)`;
}
