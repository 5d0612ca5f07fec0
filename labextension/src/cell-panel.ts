/**
 * Code offered to the user: handed to whoever can insert a cell, else shown to copy.
 *
 * `insertCell` asks the page by an event that bubbles; a labextension that knows which notebook the
 * dashboard stands in inserts the cell below and says so by preventDefault. Elsewhere nobody listens.
 */
import { INSERT_CELL } from "./insert-cell";
import { button, element, setText, show } from "./dom";
import type { Actions, Frame, Part } from "./parts";

/** Whether somebody took the code and inserted it. */
export function insertCell(from: HTMLElement, code: string): boolean {
  const options = { detail: { code }, bubbles: true, cancelable: true, composed: true };
  return !from.dispatchEvent(new CustomEvent(INSERT_CELL, options));
}

export function createCellPanel(actions: Actions): Part {
  const title = element("span", { class: "nbs-dim" });
  const code = element("pre", { class: "nbs-pre", tabindex: "0", "aria-label": "Code to copy" });
  const copied = button({ class: "nbs-button" }, "Copy", () => {
    void copyText(code).then((done) => {
      setText(copied, done ? "Copied" : "Press Ctrl+C");
    });
  });
  const close = button({ class: "nbs-icon", "aria-label": "Close" }, "×", () => {
    actions.dismissCell();
  });
  const right = element("div", { class: "nbs-right" }, copied, close);
  const line = element("div", { class: "nbs-line" }, title, right);
  const node = element("section", { class: "nbs-cell", "data-testid": "nbs-cell" }, line, code);
  node.setAttribute("aria-label", "Code for a new cell");
  return {
    node,
    update({ state }: Frame): void {
      show(node, state.cell !== null);
      if (!state.cell || code.textContent === state.cell.code) return;
      setText(title, state.cell.title);
      setText(code, state.cell.code);
      setText(copied, "Copy");
    },
  };
}

/** Copy an element's text; where the clipboard is closed to us, mark it for Ctrl+C. */
async function copyText(node: HTMLElement): Promise<boolean> {
  if (await copyString(node.textContent)) return true;
  document.getSelection()?.selectAllChildren(node);
  return false;
}

/** Put text on the clipboard; false where it is closed to us (a page without https, a sandbox). */
export async function copyString(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
