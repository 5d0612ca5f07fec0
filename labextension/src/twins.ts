/**
 * A dashboard leaves a second output beside it: its static twin, for exported pages and where no widget can live. While
 * the dashboard itself is on the page, the twins of its sweep are not shown.
 */
import type { Disposer } from "./feed";

/** The class and the attribute are those of `nbsweep/notebook/pages.py`. */
export function hideTwins(page: Document, sweep: string): Disposer {
  const style = page.createElement("style");
  style.textContent = `.nbsweep-twin[data-sweep="${CSS.escape(sweep)}"] { display: none; }`;
  page.head.append(style);
  return () => {
    style.remove();
  };
}
