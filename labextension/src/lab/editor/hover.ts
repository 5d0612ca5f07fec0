/** What a key or a distribution means, where the pointer rests on it. */
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import type { TranslationBundle } from "@jupyterlab/translation";
import { DRAWINGS } from "./distributions";
import { placeAt } from "./place";
import { aboutKey, keysOf } from "./schema";
import { sweepCell } from "./sweep-cell";

export interface Explanation {
  readonly from: number;
  readonly to: number;
  readonly title: string;
  readonly about: string;
  readonly formula?: string | undefined;
  readonly keys?: readonly { name: string; about: string }[];
  readonly example?: string | undefined;
}

/** What there is to say of the word at an offset of a cell; null when there is nothing. */
export function explain(text: string, at: number): Explanation | null {
  const cell = sweepCell(text);
  if (cell?.magic !== "define" || at < cell.bodyFrom) return null;
  const place = placeAt(text.slice(cell.bodyFrom), at - cell.bodyFrom, cell.language);
  if (!place || place.token.to === place.token.from) return null;
  const from = place.token.from + cell.bodyFrom;
  const to = place.token.to + cell.bodyFrom;
  const title = place.token.text;
  if (place.at === "key") {
    const about = aboutKey(place.path, title, place.siblings);
    return about ? { from, to, title, about } : null;
  }
  const distribution =
    place.key === "distribution" && place.path.includes("parameters") ? keysOf(title) : null;
  if (!distribution) return null;
  const drawing = Object.hasOwn(DRAWINGS, title) ? DRAWINGS[title] : undefined;
  return { from, to, title, ...distribution, formula: drawing?.formula, example: drawing?.example };
}

/** The editor extension. */
export function hoverText(trans: TranslationBundle): Extension {
  return hoverTooltip((view, at) => {
    const found = explain(view.state.sliceDoc(), at);
    if (!found) return null;
    return {
      pos: found.from,
      end: found.to,
      above: true,
      create: () => ({ dom: drawn(found, trans) }),
    };
  });
}

function drawn(found: Explanation, trans: TranslationBundle): HTMLElement {
  const box = element("div", "nbs-hover");
  box.append(element("div", "nbs-hover-title", found.title), element("div", "", found.about));
  if (found.formula) box.append(element("div", "nbs-hover-code", found.formula));
  if (found.keys && found.keys.length > 0) {
    const list = element("dl", "nbs-hover-keys");
    for (const { name, about } of found.keys)
      list.append(element("dt", "", name), element("dd", "", about));
    box.append(list);
  }
  if (found.example) {
    box.append(
      element("div", "nbs-hover-label", trans.__("Example")),
      element("div", "nbs-hover-code", found.example),
    );
  }
  return box;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
