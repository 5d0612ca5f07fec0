/**
 * Panels that float above everything: a menu that opened inside what scrolls or cuts would be cut with it.
 *
 * In: a panel and what opens it. Out: the panel in the browser's top layer, below its opener, or above it where there is
 * more room, and within the page. It follows its opener when something scrolls, and is closed with it out of sight.
 */
import { show } from "./dom";

export interface Floating {
  open(from: HTMLElement): void;
  close(): void;
}

/** `closed` is called when the panel closes because its opener cannot be seen any more. */
export function createFloating(panel: HTMLElement, closed: () => void): Floating {
  panel.setAttribute("popover", "manual");
  let opener: HTMLElement | null = null;
  const follow = (event?: Event): void => {
    if (event?.target instanceof Node && panel.contains(event.target)) return;
    if (!opener) return;
    const at = opener.getBoundingClientRect();
    if (!opener.checkVisibility() || at.bottom < 0 || at.top > innerHeight) {
      closed();
      return;
    }
    panel.style.removeProperty("--nbs-room");
    const { offsetWidth, offsetHeight } = panel;
    const page = { width: document.documentElement.clientWidth, height: innerHeight };
    const place = placeAt(at, { width: offsetWidth, height: offsetHeight }, page);
    panel.style.setProperty("--nbs-room", `${place.height}px`);
    panel.style.left = `${place.left}px`;
    panel.style.top = `${place.top}px`;
  };
  const listen = (how: "addEventListener" | "removeEventListener"): void => {
    document[how]("scroll", follow, { capture: true });
    window[how]("resize", follow);
  };
  // A list of things to tick is filled by the next redraw.
  const grown = new ResizeObserver(() => {
    follow();
  });
  return {
    open(from): void {
      opener = from;
      show(panel, true);
      if (!panel.matches(":popover-open")) panel.showPopover();
      follow();
      listen("addEventListener");
      grown.observe(panel);
    },
    close(): void {
      listen("removeEventListener");
      grown.disconnect();
      opener = null;
      if (panel.matches(":popover-open")) panel.hidePopover();
      show(panel, false);
    },
  };
}

const GAP_PX = 4;
/** So much stays free at the edges of the page. */
const EDGE_PX = 4;

interface Box {
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a panel stands on the page, ending where its opener ends, and how high it may be: what is more scrolls. */
export function placeAt(
  opener: Box,
  panel: Size,
  page: Size,
): { readonly left: number; readonly top: number; readonly height: number } {
  const below = page.height - EDGE_PX - (opener.bottom + GAP_PX);
  const above = opener.top - GAP_PX - EDGE_PX;
  const upwards = panel.height > below && above > below;
  const room = Math.max(0, upwards ? above : below);
  const height = Math.min(panel.height, room);
  const farthest = page.width - EDGE_PX - panel.width;
  return {
    left: Math.max(EDGE_PX, Math.min(opener.right - panel.width, farthest)),
    top: upwards ? opener.top - GAP_PX - height : opener.bottom + GAP_PX,
    height: room,
  };
}
