/**
 * Which keys are the dashboard's own.
 *
 * In: keys that are pressed inside of it. A notebook has commands on single letters and arrows: x cuts the cell that the
 * dashboard stands in. So these end here, and what goes on to the page around are Escape, Shift Enter, and keys with
 * Ctrl, Alt or Cmd, but for those that edit a text field while one is written in.
 */
import type { Disposer } from "./feed";

/** Where keys that are pressed go to an element with this, no command of JupyterLab or Notebook takes them. */
const SUPPRESS = "data-lm-suppress-shortcuts";
const EDITING = new Set(["a", "c", "v", "x", "y", "z"]);

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "shiftKey">;

/** Whether a key is the dashboard's own; `written` where it is pressed in a text field. */
export function isOwn(event: Key, written: boolean): boolean {
  const { key, ctrlKey, altKey, metaKey, shiftKey } = event;
  if (ctrlKey || metaKey) return written && !altKey && EDITING.has(key.toLowerCase());
  if (altKey) return false;
  return key !== "Escape" && !(key === "Enter" && shiftKey);
}

/** Keep a dashboard's own keys from the page around it, until it is taken down. */
export function keepKeys(root: HTMLElement): Disposer {
  // JupyterLab listens when the event comes back up to the document, Notebook 7 before it goes down: only the window is
  // earlier, and to stop it there would keep it from the dashboard, too.
  // The commands are for whatever has the focus, so it is that which has to say so.
  const before = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof Element && root.contains(target))) return;
    target.toggleAttribute(SUPPRESS, isOwn(event, isTextField(target)));
  };
  window.addEventListener("keydown", before, { capture: true });
  root.addEventListener("keydown", (event) => {
    const { target } = event;
    if (target instanceof Element && isOwn(event, isTextField(target))) event.stopPropagation();
  });
  return () => {
    window.removeEventListener("keydown", before, { capture: true });
  };
}

function isTextField(target: Element): boolean {
  return target instanceof HTMLInputElement && ["search", "number", "text"].includes(target.type);
}
