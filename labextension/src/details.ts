/**
 * What a row opens: the traceback, what the run printed, its whole config and its code, all as text,
 * and the last image, histogram or table of each key.
 *
 * In: a run and the kernel's RunDetail once it has come. The console keeps to its end, as a
 * terminal does, unless the reader has scrolled up.
 */
import { element, setText, show } from "./dom";
import { formatLiteral } from "./format";
import type { Json, MediaView, RunDetail, RunView } from "./protocol";

export interface Details {
  readonly node: HTMLTableRowElement;
  update(run: RunView, detail: RunDetail | null, open: boolean): void;
}

let made = 0;

export function createDetails(run: string, columns: number): Details {
  const traceback = block("Traceback");
  const output = block("Output");
  const basis = block("Suggested by");
  const config = block("Config");
  const code = block("Code");
  const media = mediaBlock();
  const waiting = element("div", { class: "nbs-dim" }, "Asking the kernel…");
  const inner = element("div", { class: "nbs-details" });
  inner.append(
    waiting,
    traceback.node,
    output.node,
    media.node,
    basis.node,
    config.node,
    code.node,
  );
  const cell = element("td", { colspan: String(columns) }, inner);
  const node = element("tr", { class: "nbs-detail-row", "data-detail-of": run, hidden: "" }, cell);
  node.id = `nbs-details-${++made}`;

  return {
    node,
    update(view: RunView, detail: RunDetail | null, open: boolean): void {
      show(node, open);
      if (!open) return;
      show(waiting, detail === null);
      traceback.set(detail?.traceback ?? view.error ?? "");
      const silence = detail === null ? "" : "nothing printed";
      output.set(detail?.console === undefined || detail.console === "" ? silence : detail.console);
      basis.set(view.basis ?? "");
      config.set(configText(detail?.config ?? view.config));
      code.set(detail?.code ?? "");
      media.set(detail?.media ?? []);
    },
  };
}

interface Block {
  readonly node: HTMLElement;
  set(text: string): void;
}

function block(title: string): Block {
  const pre = element("pre", { class: "nbs-pre", tabindex: "0", "aria-label": title });
  const node = element("div", {}, element("div", { class: "nbs-dim" }, title), pre);
  return {
    node,
    set(text: string): void {
      show(node, text !== "");
      const atEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 24;
      if (pre.textContent === text) return;
      setText(pre, text);
      if (atEnd && title !== "Config" && title !== "Code") pre.scrollTop = pre.scrollHeight;
    },
  };
}

/** An image is shown from PNG's own bytes only; names and captions are text. */
function mediaBlock(): { node: HTMLElement; set(views: readonly MediaView[]): void } {
  const list = element("div", { class: "nbs-media" });
  const node = element("div", { hidden: "" }, element("div", { class: "nbs-dim" }, "Logged"), list);
  let shown = "";
  return {
    node,
    set(views: readonly MediaView[]): void {
      show(node, views.length > 0);
      const told = JSON.stringify(views);
      if (told === shown) return;
      shown = told;
      list.replaceChildren(...views.map(figure));
    },
  };
}

function figure(view: MediaView): HTMLElement {
  const words = element("pre", { class: "nbs-pre" }, `${view.name}: ${view.text}`);
  const node = element("figure", {}, words);
  if (view.png !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(view.png))
    node.prepend(element("img", { src: `data:image/png;base64,${view.png}`, alt: view.name }));
  return node;
}

function configText(config: Readonly<Record<string, Json>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} = ${formatLiteral(value)}`)
    .join("\n");
}
