/**
 * The line above the curves: which key (a select when there is a choice), against what, log y,
 * smoothing.
 *
 * In: the keys there are and the one shown. Out: the user's choices.
 */
import { button, element, setAttribute, setText, show } from "./dom";
import { orderKeys } from "./keys";
import type { Actions, CurveX, Frame } from "./parts";

type Way = readonly [CurveX, string];
const WAYS: readonly Way[] = [
  ["step", "step"],
  ["time", "time"],
  ["runs", "run, best so far"],
];
const asWay = (key: string): Way => [`key:${key}`, key];

export interface CurveControls {
  readonly heading: HTMLElement;
  readonly node: HTMLElement;
  update(frame: Frame, keys: readonly string[], key: string | null): void;
}

export function createCurveControls(actions: Actions): CurveControls {
  const title = element("span", { class: "nbs-title" });
  const select = element("select", { class: "nbs-select", "aria-label": "Metric to draw" });
  select.addEventListener("change", () => {
    actions.change({ key: select.value });
  });
  const along = element("select", { class: "nbs-select nbs-quiet", "aria-label": "x-axis" });
  along.addEventListener("change", () => {
    actions.change({ x: along.value as CurveX, zoom: null });
  });
  const reset = button({ class: "nbs-link", "data-testid": "nbs-unzoom" }, "whole", () => {
    actions.change({ zoom: null });
  });
  reset.title = "Show all again (or double-click in the plot)";
  let logY = false;
  const log = button({ class: "nbs-toggle" }, "log y", () => {
    actions.change({ logY: !logY });
  });
  const smoothing = element("input", {
    ...{ type: "range", min: "0", max: "0.98", step: "0.02", class: "nbs-slider" },
    "aria-label": "Smoothing",
  });
  smoothing.addEventListener("input", () => {
    actions.change({ smoothing: Number(smoothing.value) });
  });
  const label = element("label", { class: "nbs-dim" }, "smoothing", smoothing);
  const by = element("label", { class: "nbs-dim nbs-choice" }, "by", along);
  const node = element("div", { class: "nbs-right" }, reset, by, log, label);
  let offered = "";
  let alongOffered = "";

  return {
    heading: element("div", { class: "nbs-heading" }, title, select),
    node,
    update(frame: Frame, keys: readonly string[], key: string | null): void {
      const ordered = orderKeys(keys, frame.state.sweep?.metric?.name ?? null);
      const history = frame.view.x === "runs";
      const choice = ordered.length > 1 && !history;
      show(title, !choice);
      show(select, choice);
      setText(title, key ?? "metric", key ?? "");
      const wanted = JSON.stringify(ordered);
      if (wanted !== offered) {
        offered = wanted;
        select.replaceChildren(...ordered.map((name) => element("option", { value: name }, name)));
      }
      if (key !== null && select.value !== key) select.value = key;
      const ways = [...WAYS, ...ordered.filter((name) => name !== key).map(asWay)];
      const waysWanted = JSON.stringify(ways);
      if (waysWanted !== alongOffered) {
        alongOffered = waysWanted;
        along.replaceChildren(...ways.map(([value, name]) => element("option", { value }, name)));
      }
      if (along.value !== frame.view.x) along.value = frame.view.x;
      show(reset, frame.view.zoom !== null);
      show(label, !history);
      logY = frame.view.logY;
      setAttribute(log, "aria-pressed", String(logY));
      const value = String(frame.view.smoothing);
      if (smoothing.value !== value) smoothing.value = value;
    },
  };
}
