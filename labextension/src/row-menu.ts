/**
 * What can be done with one run: a menu that any row opens, above everything that scrolls.
 *
 * In: a run and the button that was pressed. Out: commands, code for a cell, text on the clipboard.
 */
import { copyString } from "./cell-panel";
import { button, element, setText, show } from "./dom";
import { createFloating } from "./floating";
import { formatLiteral, formatNumber } from "./format";
import { walked } from "./menu";
import type { Actions, Frame } from "./parts";
import { toFloat, type Json, type RunView } from "./protocol";

export interface RowMenu {
  readonly node: HTMLElement;
  open(run: string, from: HTMLElement): void;
  update(frame: Frame): void;
}

export function createRowMenu(actions: Actions): RowMenu {
  const node = element("div", { class: "nbs-menu nbs-row-menu", role: "menu", hidden: "" });
  node.setAttribute("data-testid", "nbs-row-menu");
  let frame: Frame | null = null;
  let run: string | null = null;
  let opener: HTMLElement | null = null;

  const close = (): void => {
    floating.close();
    run = null;
  };
  const floating = createFloating(node, close);
  const item = (label: string, act: (run: RunView) => void): HTMLButtonElement =>
    button({ role: "menuitem" }, label, () => {
      const view = run === null ? undefined : frame?.state.runs.get(run);
      close();
      opener?.focus();
      if (view) act(view);
    });
  const stop = item("Stop this run", ({ id }) => {
    actions.command("kill_run", { run: id });
  });
  const expand = item("", ({ id }) => {
    const expanded = new Set(frame?.view.expanded);
    if (!expanded.delete(id)) expanded.add(id);
    actions.change({ expanded });
  });
  const rerun = item("Run it again", ({ id }) => {
    actions.command("rerun", { run: id });
  });
  const copy = item("Copy config as Python", (view) => {
    const code = configCode(view, frame);
    void copyString(code).then((done) => {
      if (!done) actions.showCode(`Config of ${view.name}`, code);
    });
  });
  const insert = item("Insert config as a cell", (view) => {
    actions.offerCell(`Config of ${view.name}`, configCode(view, frame));
  });
  for (const each of [stop, rerun]) each.classList.add("nbs-needs-kernel");
  node.append(expand, rerun, stop, copy, insert);
  node.addEventListener("keydown", (event) => {
    if (walked(node, event) || event.key !== "Escape") return;
    close();
    opener?.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  node.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) close();
  });

  return {
    node,
    open(id: string, from: HTMLElement): void {
      run = id;
      opener = from;
      actions.askDetail(id); // so that the config is whole when it is copied
      const view = frame?.state.runs.get(id);
      show(stop, view?.state === "running");
      setText(
        expand,
        frame?.view.expanded.has(id) ? "Hide output and config" : "Show output and config",
      );
      floating.open(from);
      expand.focus({ preventScroll: true });
    },
    update(next: Frame): void {
      frame = next;
    },
  };
}

/** A run's config as the cell that makes it again: a dict a key a line. */
export function configCode(run: RunView, frame: Frame | null): string {
  const detail = frame?.state.details.get(run.id);
  if (detail?.source !== undefined) return detail.source;
  const config: Readonly<Record<string, Json>> = detail?.config ?? run.config;
  const lines = Object.entries(config).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${formatLiteral(value)},\n`,
  );
  const metric = frame?.state.sweep?.metric?.name;
  const value = toFloat(run.value);
  const result = metric !== undefined && value !== null ? `, ${metric} ${formatNumber(value)}` : "";
  const comment = `# ${run.name}${result}`.replace(/\s+/g, " ");
  return `${comment}\nconfig = {\n${lines.join("")}}`;
}
