/**
 * A button that opens a small panel under it: closed by Escape, by a click elsewhere, by losing focus; ↑ and ↓ go through it.
 */
import { button, element, setAttribute, show } from "./dom";
import { createFloating } from "./floating";

export interface Menu {
  readonly node: HTMLElement;
  readonly opener: HTMLButtonElement;
  readonly panel: HTMLElement;
  close(): void;
}

/** `opened` is called when it opens: what fills the panel only while it is seen must fill it now. */
export function createMenu(
  label: string,
  names: Readonly<Record<string, string>>,
  opened: () => void = () => undefined,
): Menu {
  const panel = element("div", { class: "nbs-menu", hidden: "", ...names });
  const opener = button(
    { class: "nbs-toggle", "aria-haspopup": "true", "aria-expanded": "false" },
    label,
    () => {
      open(panel.hidden);
    },
  );
  const node = element("span", { class: "nbs-split" }, opener, panel);
  const floating = createFloating(panel, () => {
    open(false);
  });
  const open = (open: boolean): void => {
    setAttribute(opener, "aria-expanded", String(open));
    if (!open) {
      floating.close();
      return;
    }
    show(panel, true);
    opened();
    floating.open(opener);
  };
  node.addEventListener("keydown", (event) => {
    if (panel.hidden || walked(panel, event)) return;
    if (event.key !== "Escape") return;
    event.stopPropagation();
    open(false);
    opener.focus();
  });
  node.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) open(false);
  });
  // Safari gives buttons no focus by a click, so losing it is not enough to know.
  panel.addEventListener("pointerdown", (event) => {
    if (!(event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
    }
  });
  return {
    ...{ node, opener, panel },
    close(): void {
      open(false);
    },
  };
}

/** ↑ and ↓ go from one of what a panel offers to the next, and around; whether this was such a key. */
export function walked(panel: HTMLElement, event: KeyboardEvent): boolean {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (by === 0 || event.ctrlKey || event.altKey || event.metaKey) return false;
  const focused = document.activeElement;
  if (focused instanceof HTMLInputElement && focused.type === "number") return false; // they count there
  const items = [...panel.querySelectorAll<HTMLElement>("button, input")].filter((each) =>
    each.checkVisibility(),
  );
  const at = items.findIndex((each) => each === focused);
  const to = at < 0 && by < 0 ? items.length - 1 : (at + by + items.length) % items.length;
  items[to]?.focus();
  event.preventDefault();
  return true;
}

/** A list of things to tick, patched in place. */
export function createChecklist(
  host: HTMLElement,
  changed: (id: string, checked: boolean) => void,
): (
  items: readonly { readonly id: string; readonly label: string; readonly checked: boolean }[],
) => void {
  let drawn = "";
  const boxes = new Map<string, HTMLInputElement>();
  return (items) => {
    const wanted = JSON.stringify(items.map(({ id, label }) => [id, label]));
    if (wanted !== drawn) {
      drawn = wanted;
      boxes.clear();
      host.replaceChildren(
        ...items.map(({ id, label }) => {
          const box = element("input", { type: "checkbox" });
          box.addEventListener("change", () => {
            changed(id, box.checked);
          });
          boxes.set(id, box);
          return element(
            "label",
            { class: "nbs-check", title: label },
            box,
            element("span", {}, label),
          );
        }),
      );
    }
    for (const { id, checked } of items) {
      const box = boxes.get(id);
      if (box && box.checked !== checked) box.checked = checked;
    }
  };
}
