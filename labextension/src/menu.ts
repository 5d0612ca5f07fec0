/**
 * A button that opens a small panel under it: closed by Escape, by a click elsewhere, by losing focus.
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
    if (event.key !== "Escape" || panel.hidden) return;
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
