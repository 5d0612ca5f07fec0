/**
 * Parallel coordinates: a line a run over all parameters and the metric, in the metric's colour.
 *
 * In: a Frame. Out: brushes (which runs stay lit everywhere), the order and sense of the axes, the
 * wish to search the brushed region next. Two canvases: all lines, and above them the brushed ones.
 */
import { axisName, everyAxis, type AxisId } from "./axes";
import { shadeColor } from "./color";
import { button, element, setAttribute, setText, show } from "./dom";
import { formatNumber, plural } from "./format";
import { metricValue } from "./frames";
import { createChecklist, createMenu } from "./menu";
import { createMetricSelect } from "./metric-select";
import { createAxes } from "./parallel-axes";
import { AXES_HEIGHT, layOut, shownAxes, type Layout } from "./parallel-layout";
import { createLines, drawLit, nearestRun } from "./parallel-lines";
import type { Actions, Frame, Part } from "./parts";
import type { SweepView } from "./protocol";
import { brushText, withBrush, NO_BRUSH } from "./selection";
import { isBusy } from "./state";

const NARROW_PX = 560;

export function createParallel(actions: Actions, resized: () => void): Part {
  const heading = createHeading(actions);
  const all = element("canvas", { class: "nbs-lines" });
  const inside = element("canvas", { class: "nbs-lines" });
  const lit = element("canvas", { class: "nbs-lines", hidden: "" });
  const axes = createAxes(actions);
  const tip = element("div", { class: "nbs-tip", hidden: "" });
  const empty = element("div", { class: "nbs-empty" });
  const plot = element("div", { class: "nbs-parallel-plot" }, all, inside, lit, axes.node, tip);
  const scroller = element("div", { class: "nbs-parallel-scroll" }, plot);
  const node = element(
    "section",
    { class: "nbs-parallel", "data-testid": "nbs-parallel", "aria-label": "Parallel coordinates" },
    ...[heading.node, scroller, empty, heading.brushed],
  );
  const whole = (): void => {
    setAttribute(node, "data-drawn", String(Number(node.dataset.drawn ?? 0) + 1));
  };
  const allLines = createLines(all, whole);
  const insideLines = createLines(inside, whole);
  const observer = new ResizeObserver(resized);
  observer.observe(scroller);
  let frame: Frame | null = null;
  let layout: Layout | null = null;
  let drawn = -1;
  let selection: ReadonlySet<string> | null = null;

  plot.addEventListener("mousemove", (event) => {
    if (!frame || !layout || event.buttons !== 0) return;
    const box = plot.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top - HEAD_PX];
    const run = nearestRun(frame, layout, x, y, chosen(frame));
    actions.hover(run);
    show(tip, run !== null);
    if (run !== null) placeTip(tip, frame, run, x, y + HEAD_PX, layout.width);
  });
  plot.addEventListener("mouseleave", () => {
    actions.hover(null);
    show(tip, false);
  });
  plot.addEventListener("click", (event) => {
    if (!frame || !layout || event.target instanceof HTMLButtonElement) return;
    const box = plot.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top - HEAD_PX];
    const run = nearestRun(frame, layout, x, y, chosen(frame));
    const onAxis = event.target instanceof HTMLElement && event.target.closest(".nbs-track");
    if (run !== null && !onAxis) actions.pick(run);
  });

  return {
    node,
    update(next: Frame): void {
      frame = next;
      const ids = shownAxes(next);
      show(node, (next.state.sweep?.parameters.length ?? 0) > 0);
      heading.update(next);
      setAttribute(node, "data-axes", ids.map(axisName).join("|"));
      setAttribute(node, "data-inside", String(next.selection?.size ?? next.runs.length));
      show(empty, next.runs.length === 0);
      setText(empty, emptyText(next.state.sweep));
      const focused = scroller.contains(document.activeElement);
      show(scroller, next.runs.length > 0 && ids.length > 0);
      if (focused && scroller.hidden) heading.focus(); // the last axis was hidden
      const width = Math.floor(scroller.clientWidth);
      if (width < 80 || scroller.hidden) return;
      const fresh = next.revision !== drawn || !layout;
      if (fresh || !layout) {
        drawn = next.revision;
        const height = width < NARROW_PX ? AXES_HEIGHT.narrow : AXES_HEIGHT.wide;
        layout = layOut(next, width, height);
        plot.style.width = `${layout.width}px`;
        plot.style.height = `${HEAD_PX + (layout.missing ? layout.lane : layout.bottom) + 12}px`;
        allLines.draw(next, layout, () => true);
      }
      axes.update(next, layout);
      if (fresh || next.selection !== selection) {
        selection = next.selection;
        plot.classList.toggle("nbs-brushed", selection !== null);
        if (selection) insideLines.draw(next, layout, chosen(next));
        else insideLines.clear();
      }
      plot.classList.toggle("nbs-lit", next.lit !== null);
      drawLit(lit, next, layout);
    },
    dispose(): void {
      observer.disconnect();
      allLines.stop();
      insideLines.stop();
    },
  };
}

/** What stands instead of the lines; of a sweep that waits, also who could train it. */
function emptyText(sweep: SweepView | null): string {
  const first = "A line for each run, from the first one on.";
  if (sweep?.state !== "running" || isBusy(sweep)) return first;
  return `${first} %%sweep_train in a cell or “nbsweep agent ${sweep.id}” in a terminal trains them.`;
}

/** The names of the axes stand above the canvases. */
const HEAD_PX = 26;

function chosen({ selection }: Frame): (run: string) => boolean {
  return (run) => selection === null || selection.has(run);
}

function placeTip(
  tip: HTMLElement,
  frame: Frame,
  id: string,
  x: number,
  y: number,
  width: number,
): void {
  const run = frame.state.runs.get(id);
  if (!run) return;
  const swatch = element("span", { class: "nbs-swatch" });
  swatch.style.background = shadeColor(frame.shades.get(id) ?? null, frame.theme);
  const value = metricValue(run, frame.metric);
  const words = value === null ? run.state : `${frame.metric ?? ""} ${formatNumber(value)}`;
  tip.replaceChildren(
    swatch,
    element("span", { class: "nbs-tip-name" }, run.name),
    element("span", { class: "nbs-dim" }, words),
  );
  const right = x + 14 + tip.offsetWidth <= width;
  const left = right ? x + 14 : Math.max(0, x - 14 - tip.offsetWidth);
  tip.style.transform = `translate(${left}px, ${Math.max(0, y - 30)}px)`;
}

interface Heading {
  readonly node: HTMLElement;
  /** What is brushed, and what can be done with it: below the plot, which must not move while a hand drags in it. */
  readonly brushed: HTMLElement;
  /** Focus what brings axes back. */
  focus(): void;
  update(frame: Frame): void;
}

function createHeading(actions: Actions): Heading {
  const hint = element("span", { class: "nbs-dim" });
  const chips = element("span", { class: "nbs-chips" });
  const narrow = button(
    { class: "nbs-button nbs-small nbs-needs-kernel", "data-testid": "nbs-narrow" },
    "Search here next",
    () => {
      actions.narrow();
    },
  );
  narrow.title = "A cell that defines a sweep of the brushed region";
  const python = button(
    { class: "nbs-button nbs-small nbs-needs-kernel", "data-testid": "nbs-python" },
    "Use in Python",
    () => {
      const id = frame?.state.sweep?.id ?? "";
      const code = `import nbsweep\n\nruns = nbsweep.Sweep(${JSON.stringify(id)}).selected\nruns`;
      actions.offerCell("The brushed runs as a DataFrame", code);
    },
  );
  const clear = button({ class: "nbs-link", "data-testid": "nbs-clear" }, "clear", () => {
    actions.change({ brushes: new Map() });
  });
  const metric = createMetricSelect(actions, "colour", "Metric that colours the runs");
  const menu = createMenu("axes ▾", { "aria-label": "Axes" }, () => {
    actions.change({});
  });
  const list = createChecklist(menu.panel, (id, checked) => {
    if (!frame) return;
    const shown = shownAxes(frame).filter((other) => other !== id);
    actions.change({
      parallel: { ...frame.view.parallel, axes: checked ? [...shown, id as AxisId] : shown },
    });
  });
  const title = element("span", { class: "nbs-title" }, "Parallel coordinates");
  const right = element("div", { class: "nbs-right" }, metric.node, menu.node);
  const node = element("div", { class: "nbs-line" }, title, right);
  const brushed = element(
    "div",
    { class: "nbs-heading nbs-wrap nbs-brushed-runs" },
    ...[hint, chips, clear, narrow, python],
  );
  let frame: Frame | null = null;
  let drawn = "";
  const focus = (): void => {
    menu.opener.focus({ preventScroll: true });
  };

  return {
    node,
    brushed,
    focus,
    update(next: Frame): void {
      frame = next;
      show(brushed, next.runs.length > 0);
      const focused = document.activeElement;
      const { brushes } = next.view;
      const selected = next.selection;
      setText(
        hint,
        selected
          ? `${selected.size} of ${plural(next.runs.length, "run")} ${brushes.size > 0 ? "in the brushed region" : "match the filter"}`
          : "drag along an axis to select",
      );
      for (const each of [clear, narrow, python]) show(each, brushes.size > 0);
      show(python, selected !== null);
      if (focused && [clear, narrow, python].some((each) => each === focused && each.hidden))
        focus();
      metric.update(next);
      show(menu.node, next.runs.length > 0);
      const words = [...brushes].map(
        ([id, brush]) => [id, brushText(axisName(id), brush)] as const,
      );
      const wanted = JSON.stringify(words);
      if (wanted !== drawn) {
        drawn = wanted;
        const at = [...chips.children].findIndex((each) => each === focused);
        chips.replaceChildren(
          ...words.map(([id, text]) => {
            const chip = button({ class: "nbs-chip", "data-chip": axisName(id) }, text, () => {
              if (frame) actions.change({ brushes: withBrush(frame.view.brushes, id, NO_BRUSH) });
            });
            chip.title = `${text}: press to clear`;
            chip.append(element("span", { class: "nbs-chip-x", "aria-hidden": "true" }, " ×"));
            return chip;
          }),
        );
        const beside = chips.children[Math.min(at, words.length - 1)];
        if (at >= 0 && beside instanceof HTMLElement) beside.focus({ preventScroll: true });
        else if (at >= 0) focus();
      }
      if (menu.panel.hidden) return;
      const shown = new Set(shownAxes(next));
      list(
        everyAxis(next.state).map((id) => ({ id, label: axisName(id), checked: shown.has(id) })),
      );
    },
  };
}
