/**
 * One row of the runs table, and what it opens. It is patched in place: focus survives every delta.
 */
import { shadeColor } from "./color";
import type { CellText, Heading } from "./columns";
import { createDetails, type Details } from "./details";
import { button, element, ignorePending, setAttribute, setNameInCell, setText, show } from "./dom";
import type { Actions, Frame } from "./parts";
import { tone } from "./progress";
import type { RunView } from "./protocol";
import { createSparkline } from "./sparkline";
import { isPending } from "./state";

export interface Row {
  readonly node: HTMLTableRowElement;
  readonly details: Details;
  update(run: RunView, frame: Frame, look: Look): void;
}

/** What all rows of a drawing share. */
export interface Look {
  /** A heading's cells; null for those that are more than text. */
  readonly texts: readonly (((run: RunView) => CellText) | null)[];
  readonly trend: string | null;
}

export function createRow(
  id: string,
  headings: readonly Heading[],
  actions: Actions,
  openMenu: (run: string, from: HTMLElement) => void,
): Row {
  const swatch = element("span", { class: "nbs-swatch" });
  const name = element("span", { class: "nbs-run-name" });
  const star = element("span", { class: "nbs-star", title: "the best so far" }, "★");
  star.setAttribute("aria-label", "the best so far");
  star.setAttribute("role", "img");
  const opener = element("button", { type: "button", class: "nbs-opener" }, swatch, name, star);
  const word = element("b");
  const code = element("span", { class: "nbs-code-changed" }, "code changed");
  const why = element("span", { class: "nbs-dim nbs-why" });
  const kill = button({ class: "nbs-icon", "data-testid": "nbs-kill" }, "■", (event) => {
    event.stopPropagation();
    actions.command("kill_run", { run: id });
  });
  const rerun = button({ class: "nbs-icon", "data-testid": "nbs-rerun" }, "↻", (event) => {
    event.stopPropagation();
    actions.command("rerun", { run: id });
  });
  const more = button({ class: "nbs-icon", "aria-haspopup": "menu" }, "⋯", (event) => {
    event.stopPropagation();
    openMenu(id, more);
  });
  const spark = createSparkline();
  const cells = headings.map(({ column, numeric }) => {
    if (numeric) return element("td", { class: "nbs-num" });
    // Names that differ often differ at their end; a cell of a table cannot itself be cut before it.
    const named = column.startsWith("param:") || column.startsWith("config:");
    return element("td", {}, ...(named ? [element("span")] : []));
  });
  cells[0]!.append(opener);
  cells[1]!.className = "nbs-state-cell";
  cells[1]!.append(word, code, why);
  const trendCell = cells[headings.findIndex(({ column }) => column === "trend")];
  trendCell?.classList.add("nbs-trend");
  trendCell?.append(spark.node);
  const last = element("td", { class: "nbs-row-actions" }, kill, rerun, more);
  ignorePending(last);
  const node = element("tr", { class: "nbs-row", "data-run-id": id }, ...cells, last);
  const details = createDetails(id, headings.length + 1);
  opener.setAttribute("aria-controls", details.node.id);
  let expanded: ReadonlySet<string> = new Set();
  node.addEventListener("click", () => {
    // Marking text to copy it is not a click.
    if (String(document.getSelection() ?? "") !== "") return;
    const next = new Set(expanded);
    if (!next.delete(id)) next.add(id);
    actions.change({ expanded: next });
  });
  node.addEventListener("mouseenter", () => {
    actions.hover(id);
  });
  node.addEventListener("mouseleave", () => {
    actions.hover(null);
  });
  // A click focuses too, but the pointer lights its run up by itself, and goes elsewhere without a focusout.
  let litByKey = false;
  node.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof Element && target.matches(":focus-visible"))) return;
    litByKey = true;
    actions.hover(id);
  });
  node.addEventListener("focusout", ({ relatedTarget }) => {
    if (!litByKey || (relatedTarget instanceof Node && node.contains(relatedTarget))) return;
    litByKey = false;
    actions.hover(null);
  });

  return {
    node,
    details,
    update(run: RunView, frame: Frame, look: Look): void {
      expanded = frame.view.expanded;
      const open = expanded.has(id);
      setAttribute(node, "data-run-state", run.state);
      node.classList.toggle("nbs-hovered", frame.lit === id);
      node.classList.toggle("nbs-faded", frame.selection?.has(id) === false);
      node.classList.toggle("nbs-open", open);
      setAttribute(opener, "aria-expanded", String(open));
      swatch.style.background = shadeColor(frame.shades.get(id) ?? null, frame.theme);
      setNameInCell(name, run.name);
      show(star, run.best);
      setText(word, run.state);
      setAttribute(word, "data-tone", tone(run.state));
      show(code, run.code_changed === true);
      code.title = `Trained with other code than the run before it${run.code ? ` (now ${run.code})` : ""}`;
      setText(why, run.error ?? "", run.error ?? "");
      look.texts.forEach((textOf, index) => {
        if (!textOf) return;
        const { text, title } = textOf(run);
        const words = cells[index]!.firstElementChild;
        if (words instanceof HTMLElement) setNameInCell(words, text, title);
        else setText(cells[index]!, text, title);
      });
      if (trendCell) spark.update(run, frame, look.trend);
      const killing = isPending(frame.state, "kill_run", id);
      const running = run.state === "running";
      const focused = document.activeElement;
      show(kill, running);
      show(rerun, !running && run.state !== "pending");
      // Not to what stands there now: pressed once more it would start a run.
      if (focused === kill && !running) more.focus({ preventScroll: true });
      setAttribute(kill, "aria-disabled", String(killing));
      setAttribute(kill, "aria-label", killing ? `Stopping ${run.name}` : `Stop ${run.name}`);
      kill.title = killing ? "Stopping…" : "Stop this run";
      setAttribute(rerun, "aria-label", `Run the config of ${run.name} again`);
      rerun.title = "Run this config again";
      setAttribute(more, "aria-label", `More about ${run.name}`);
      details.update(run, open ? (frame.state.details.get(id) ?? null) : null, open);
    },
  };
}
