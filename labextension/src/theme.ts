/**
 * Light or dark, and whose palette: JupyterLab's variables where they can be trusted, else our own.
 *
 * In: the element the dashboard lives in. Out: a Theme, and a watch that tells when it changes
 * (a canvas does not follow CSS by itself). Colab and VS Code set JupyterLab's variables too, but
 * to light values in a dark page: there the page's own word is believed and the variables are not.
 */
import type { ThemeName } from "./color";
import type { Disposer } from "./feed";

export interface Theme {
  readonly name: ThemeName;
  readonly palette: "jupyter" | "own";
}

export function detectTheme(element: HTMLElement): Theme {
  const probe = getComputedStyle(element).getPropertyValue("--jp-layout-color1").trim();
  const jupyter = probe === "" ? null : luminanceOf(element, probe);
  const said = declaredTheme(element.ownerDocument);
  if (jupyter !== null) {
    const name = jupyter < 0.5 ? "dark" : "light";
    if (said === null || said === name) return { name, palette: "jupyter" };
  }
  return { name: said ?? backgroundTheme(element), palette: "own" };
}

/** What the page says of itself: JupyterLab, VS Code and Colab each have their own word. */
function declaredTheme(page: Document): ThemeName | null {
  const { body, documentElement: html } = page;
  const light = body.dataset.jpThemeLight;
  if (light !== undefined) return light === "true" ? "light" : "dark";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) {
    return "dark";
  }
  if (body.classList.contains("vscode-light")) return "light";
  const theme = html.getAttribute("theme") ?? html.dataset.theme;
  return theme === "dark" || theme === "light" ? theme : null;
}

/** The first opaque background behind the element decides; with none, the system's preference. */
function backgroundTheme(element: HTMLElement): ThemeName {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const luminance = luminanceOfRgb(getComputedStyle(at).backgroundColor);
    if (luminance !== null) return luminance < 0.5 ? "dark" : "light";
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// Only the browser can read every way of writing a colour.
function luminanceOf(element: HTMLElement, color: string): number | null {
  const swatch = element.ownerDocument.createElement("span");
  swatch.style.cssText = `display:none;background-color:${color}`;
  element.append(swatch);
  const luminance = luminanceOfRgb(getComputedStyle(swatch).backgroundColor);
  swatch.remove();
  return luminance;
}

/** Perceived lightness in 0..1 of a computed `rgb(…)`; null when it is transparent. */
export function luminanceOfRgb(color: string): number | null {
  const parts = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)(?:[,/\s]+([\d.]+))?/.exec(color);
  if (!parts || Number(parts[4] ?? 1) < 0.5) return null;
  return (0.299 * Number(parts[1]) + 0.587 * Number(parts[2]) + 0.114 * Number(parts[3])) / 255;
}

export function watchTheme(page: Document, changed: () => void): Disposer {
  const observer = new MutationObserver(changed);
  const filter = ["class", "style", "theme", "data-theme", "data-jp-theme-name"];
  const options = { attributes: true, attributeFilter: [...filter, "data-jp-theme-light"] };
  observer.observe(page.body, options);
  observer.observe(page.documentElement, options);
  const preference = matchMedia("(prefers-color-scheme: dark)");
  preference.addEventListener("change", changed);
  // JupyterLab sets its attributes before the new theme's style sheet has arrived.
  const loaded = (event: Event): void => {
    if (event.target instanceof HTMLLinkElement) changed();
  };
  page.addEventListener("load", loaded, true);
  return () => {
    observer.disconnect();
    preference.removeEventListener("change", changed);
    page.removeEventListener("load", loaded, true);
  };
}
