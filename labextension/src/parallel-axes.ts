/**
 * The axes of the parallel coordinates as elements: names to drag and click, tracks to brush, ticks.
 *
 * In: a Frame and its Layout. Out: brushes, and the user's order, inversions and hidings.
 */
import type { Axis, AxisId } from "./axes";
import {
  clickedAway,
  dragged,
  gripAt,
  levelsBetween,
  placesOf,
  pressed,
  toggledLevel,
} from "./brushing";
import { button, element, setAttribute, setName, show } from "./dom";
import { formatNumber } from "./format";
import {
  levelAt,
  orderAfterDrop,
  placeAt,
  shownAxes,
  type Layout,
  type PlacedAxis,
} from "./parallel-layout";
import type { Actions, Frame } from "./parts";
import { brushText, isEmptyBrush, NO_BRUSH, withBrush, type Brush } from "./selection";

export interface AxesPart {
  readonly node: HTMLElement;
  update(frame: Frame, layout: Layout): void;
}

interface AxisNode {
  readonly node: HTMLElement;
  focus(): void;
  update(frame: Frame, layout: Layout, placed: PlacedAxis): void;
}

/** Less than this is a click, not a drag. */
const DRAG_PX = 4;

export function createAxes(actions: Actions): AxesPart {
  const node = element("div", { class: "nbs-axes" });
  const axes = new Map<AxisId, AxisNode>();
  return {
    node,
    update(frame, layout): void {
      const ids = layout.axes.map(({ axis }) => axis.id);
      const focused = document.activeElement;
      const at = [...node.children].findIndex((each) => each.contains(focused));
      for (const placed of layout.axes) {
        const id = placed.axis.id;
        let axis = axes.get(id);
        if (!axis) {
          axis = createAxis(id, actions);
          axes.set(id, axis);
        }
        axis.update(frame, layout, placed);
      }
      for (const [id, axis] of axes) {
        if (ids.includes(id)) continue;
        axis.node.remove();
        axes.delete(id);
      }
      // In reading order for the keyboard; only what is out of place moves.
      ids.forEach((id, index) => {
        const wanted = axes.get(id)!.node;
        if (node.children[index] !== wanted)
          node.insertBefore(wanted, node.children[index] ?? null);
      });
      // What is moved or goes loses the focus: it stays, or goes to the axis that stands there now.
      if (at < 0 || node.contains(document.activeElement)) return;
      if (node.contains(focused)) (focused as HTMLElement).focus({ preventScroll: true });
      else axes.get(ids[Math.min(at, ids.length - 1)]!)?.focus();
    },
  };
}

function createAxis(id: AxisId, actions: Actions): AxisNode {
  const name = element("button", { type: "button", class: "nbs-axis-name" });
  const hide = button({ class: "nbs-icon nbs-axis-hide" }, "×", () => {
    actions.change({
      parallel: { ...frame.view.parallel, axes: shownAxes(frame).filter((other) => other !== id) },
    });
  });
  const track = element("div", { class: "nbs-track", tabindex: "0", role: "group" });
  const ranges = element("div", { class: "nbs-ranges" });
  const ticks = element("div", { class: "nbs-ticks" });
  const lane = button({ class: "nbs-lane" }, "none", () => {
    changeBrush({ ...brushNow(), missing: !brushNow().missing });
  });
  lane.title = "Runs that have no value here: missing, not used, NaN, or not there yet";
  const head = element("div", { class: "nbs-axis-head" }, name, hide);
  const node = element("div", { class: "nbs-axis" }, head, track, ranges, ticks, lane);
  let frame: Frame;
  let layout: Layout;
  let placed: PlacedAxis;
  let drawnTicks = "";

  const brushNow = (): Brush => frame.view.brushes.get(id) ?? NO_BRUSH;
  const changeBrush = (brush: Brush): void => {
    actions.brush(withBrush(frame.view.brushes, id, brush));
  };
  const invert = (): void => {
    const inverted = new Set(frame.view.parallel.inverted);
    if (!inverted.delete(id)) inverted.add(id);
    actions.change({ parallel: { ...frame.view.parallel, inverted } });
  };
  const moveTo = (axes: readonly AxisId[]): void => {
    actions.change({ parallel: { ...frame.view.parallel, axes } });
  };

  dragging(name, {
    move: (dx) => {
      node.style.transform = `translateX(${placed.x + dx}px)`;
      node.classList.add("nbs-moving");
    },
    end: (dx, moved) => {
      node.classList.remove("nbs-moving");
      node.style.transform = `translateX(${placed.x}px)`;
      if (moved) moveTo(orderAfterDrop(layout, id, placed.x + dx));
      else invert();
    },
  });
  name.addEventListener("click", (event) => {
    if (event.detail === 0) invert(); // by the keyboard; a pointer's click ends a drag of no length
  });
  name.addEventListener("keydown", (event) => {
    const ids = shownAxes(frame);
    const at = ids.indexOf(id);
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    const to = at + by;
    if (by !== 0 && to >= 0 && to < ids.length) {
      ids.splice(at, 1);
      ids.splice(to, 0, id);
      moveTo(ids);
    } else if (event.key === "Delete") hide.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  dragging(track, brushDrag());
  track.addEventListener("keydown", (event) => {
    const brush = pressed(placed.axis, brushNow(), event.key, event.shiftKey);
    if (!brush) return;
    event.preventDefault();
    event.stopPropagation();
    changeBrush(brush);
  });
  track.addEventListener("dblclick", () => {
    changeBrush(NO_BRUSH);
  });

  function brushDrag(): Drag {
    let before = NO_BRUSH;
    let from = 0;
    const placeOf = (offset: number): number => placeAt(layout, placed, layout.top + offset);
    const after = (to: number): Brush => {
      const { axis } = placed;
      if (axis.kind === "category")
        return levelsBetween(axis, before, levelAt(axis, from), levelAt(axis, to));
      return dragged(axis, before, gripAt(axis, before, from), from, to);
    };
    return {
      start(_x, y): void {
        before = brushNow();
        from = placeOf(y);
      },
      move(_dx, _dy, y): void {
        changeBrush(after(placeOf(y)));
      },
      end(_dx, moved): void {
        if (moved) return;
        if (placed.axis.kind === "category") changeBrush(after(from));
        else changeBrush(clickedAway(placed.axis, before, from));
      },
    };
  }

  return {
    node,
    focus(): void {
      name.focus({ preventScroll: true });
    },
    update(nextFrame, nextLayout, nextPlaced): void {
      [frame, layout, placed] = [nextFrame, nextLayout, nextPlaced];
      const { axis, x, inverted } = placed;
      const brush = brushNow();
      setAttribute(node, "data-axis", axis.label);
      setAttribute(node, "data-axis-id", id);
      setAttribute(node, "data-inverted", String(inverted));
      if (!node.classList.contains("nbs-moving")) node.style.transform = `translateX(${x}px)`;
      const at = layout.axes.indexOf(placed);
      const last = at > 0 && at === layout.axes.length - 1;
      node.classList.toggle("nbs-axis-last", last);
      const log = axis.kind === "number" && axis.log ? " log" : "";
      const hint = `${axis.label}${log}: drag to move, click to turn upside down`;
      setName(name, axis.label, `${log}${inverted ? " ↓" : ""}`, hint);
      name.style.maxWidth = `${nameRoom(layout, at)}px`;
      setAttribute(hide, "aria-label", `Hide ${axis.label}`);
      hide.title = "Hide this axis";
      const height = layout.bottom - layout.top;
      track.style.height = `${height}px`;
      setAttribute(track, "aria-label", trackLabel(axis, brush));
      drawRanges(ranges, placed, brush, height);
      show(lane, placed.missing);
      setAttribute(lane, "aria-pressed", String(brush.missing));
      setAttribute(lane, "aria-label", `${axis.label}: runs without a value`);
      lane.style.top = `${layout.lane - layout.top}px`;
      const wanted = JSON.stringify(placed.ticks) + axis.kind;
      if (wanted !== drawnTicks) {
        drawnTicks = wanted;
        ticks.replaceChildren(
          ...placed.ticks.map((tick) => {
            const { level } = tick;
            const label =
              level === undefined
                ? element("span", { class: "nbs-tick" }, tick.label)
                : button(
                    { class: "nbs-tick", "data-level": level, title: level },
                    tick.label,
                    () => {
                      changeBrush(toggledLevel(brushNow(), level));
                    },
                  );
            label.style.top = `${tick.y - layout.top}px`;
            return label;
          }),
        );
      }
      if (axis.kind === "category") {
        for (const tick of ticks.children as Iterable<Element>) {
          const level = tick.getAttribute("data-level") ?? "";
          setAttribute(tick as HTMLElement, "aria-pressed", String(brush.levels.includes(level)));
        }
      }
    },
  };
}

/** The heads of the first and the last axis reach so far outside of it; parallel.css has the same. */
const OUTSIDE_PX = { first: 44, last: 50 } as const;
const BETWEEN_PX = 14;
const LEAST_NAME_PX = 60;

/** How wide an axis' name may be: heads stand over their axes, but the outermost reach inwards only half a step. */
export function nameRoom({ axes, width }: Pick<Layout, "axes" | "width">, at: number): number {
  const [first, second] = axes;
  if (!first || !second) return width / 2;
  const step = second.x - first.x - BETWEEN_PX;
  if (at === 0) return Math.max(LEAST_NAME_PX, step / 2 + OUTSIDE_PX.first);
  if (at === axes.length - 1) return Math.max(LEAST_NAME_PX, step / 2 + OUTSIDE_PX.last);
  return Math.max(LEAST_NAME_PX, step);
}

function trackLabel(axis: Axis, brush: Brush): string {
  if (!isEmptyBrush(brush)) return `brushed: ${brushText(axis.label, brush)}`;
  if (axis.kind === "category") return `${axis.label}: press a level to select its runs`;
  const span = `${formatNumber(axis.low, 3)} to ${formatNumber(axis.high, 3)}`;
  return `${axis.label}, ${span}: arrow up or down selects a range, with shift changes its size`;
}

function drawRanges(
  host: HTMLElement,
  { axis, inverted }: PlacedAxis,
  brush: Brush,
  height: number,
): void {
  const spans: (readonly [number, number])[] =
    axis.kind === "number"
      ? brush.ranges.map((range) => placesOf(axis, range))
      : axis.levels.flatMap(({ label }, index) =>
          brush.levels.includes(label)
            ? [[index / axis.levels.length, (index + 1) / axis.levels.length] as const]
            : [],
        );
  while (host.children.length > spans.length) host.lastElementChild?.remove();
  while (host.children.length < spans.length) host.append(element("div", { class: "nbs-range" }));
  spans.forEach(([low, high], index) => {
    const rect = host.children[index] as HTMLElement;
    rect.style.top = `${(inverted ? low : 1 - high) * height}px`;
    rect.style.height = `${Math.max(2, (high - low) * height)}px`;
  });
}

export interface Drag {
  start?(x: number, y: number): void;
  /** How far the pointer is from where it went down, and where it is now within the element. */
  move(dx: number, dy: number, y: number, x: number): void;
  end(dx: number, moved: boolean): void;
}

/** Pointer drags on an element, kept to it by capture. */
export function dragging(node: HTMLElement, drag: Drag): void {
  let from: { x: number; y: number; left: number; top: number } | null = null;
  let moved = false;
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const box = node.getBoundingClientRect();
    from = { x: event.clientX, y: event.clientY, left: box.left, top: box.top };
    moved = false;
    node.setPointerCapture(event.pointerId);
    drag.start?.(event.clientX - box.left, event.clientY - box.top);
  });
  node.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    moved ||= Math.hypot(dx, dy) >= DRAG_PX;
    if (moved) drag.move(dx, dy, event.clientY - from.top, event.clientX - from.left);
  });
  const end = (event: PointerEvent): void => {
    if (!from) return;
    const dx = event.clientX - from.x;
    from = null;
    drag.end(dx, moved);
  };
  node.addEventListener("pointerup", end);
  node.addEventListener("pointercancel", end);
}
