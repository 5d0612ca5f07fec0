/**
 * The runs table: a row a run in the colour of its curve, sortable, each row opening its details.
 *
 * In: a Frame. Out: sort, hover, expand, stop-this-run. Rows are kept and patched, never rebuilt:
 * 200 rows live under a stream of deltas, and focus must survive them.
 */
import { shadeColor } from "./color";
import { createDetails, type Details } from "./details";
import { button, element, setAttribute, setText, show } from "./dom";
import {
  columnFormatter,
  formatConfigValue,
  formatDuration,
  formatLiteral,
  plural,
} from "./format";
import type { Actions, Frame, Part } from "./parts";
import { tone } from "./progress";
import { toFloat, type RunView } from "./protocol";
import { nextSort, sortRuns, type Column } from "./rows";
import { isPending, runDuration_s } from "./state";

interface Row {
  readonly node: HTMLTableRowElement;
  readonly details: Details;
  update(run: RunView, frame: Frame, format: (value: number | null) => string): void;
}

interface Heading {
  readonly column: Column;
  readonly label: string;
  readonly numeric: boolean;
}

export function createTable(actions: Actions): Part {
  const hint = element("span", { class: "nbs-dim" });
  const head = element("tr");
  const body = element("tbody");
  const table = element("table", { "data-testid": "nbs-table" }, element("thead", {}, head), body);
  const scroller = element("div", { class: "nbs-scroll", tabindex: "0", role: "region" }, table);
  scroller.setAttribute("aria-label", "Runs, scrollable");
  const node = element(
    "section",
    { class: "nbs-runs", "aria-label": "Runs" },
    element("div", { class: "nbs-heading" }, element("span", { class: "nbs-title" }, "Runs"), hint),
    scroller,
  );
  const rows = new Map<string, Row>();
  let columns = "";
  let order: readonly string[] = [];

  return {
    node,
    update(frame: Frame): void {
      const runs = [...frame.state.runs.values()];
      show(node, runs.length > 0);
      const headings = headingsOf(frame, runs);
      const wanted = JSON.stringify(headings);
      if (wanted !== columns) {
        columns = wanted;
        rows.clear();
        order = [];
        body.replaceChildren();
        head.replaceChildren(...headings.map((heading) => headCell(heading)), element("th"));
      }
      updateHead(head, headings, frame, actions);
      const duration = (run: RunView): number | null =>
        runDuration_s(run, frame.state, frame.now_ms);
      const sorted = sortRuns(runs, frame.view.sort, frame.goal, duration);
      const format = columnFormatter(runs.map((run) => toFloat(run.value)));
      for (const run of sorted) {
        let row = rows.get(run.id);
        if (!row) rows.set(run.id, (row = createRow(run.id, headings, actions)));
        row.update(run, frame, format);
      }
      const ids = sorted.map((run) => run.id);
      if (ids.length !== order.length || ids.some((id, index) => id !== order[index])) {
        order = ids;
        arrange(body, ids, rows);
      }
      setText(hint, hintText(frame, runs.length));
    },
  };
}

/** Put rows in order by moving only those that are out of place: a moved node loses its focus. */
function arrange(body: HTMLElement, ids: readonly string[], rows: Map<string, Row>): void {
  const focused = document.activeElement;
  let at: Element | null = body.firstElementChild;
  for (const id of ids) {
    const row = rows.get(id)!;
    for (const node of [row.node, row.details.node]) {
      if (at === node) at = at.nextElementSibling;
      else body.insertBefore(node, at);
    }
  }
  for (const [id, row] of rows) {
    if (ids.includes(id)) continue;
    row.node.remove();
    row.details.node.remove();
    rows.delete(id);
  }
  if (focused instanceof HTMLElement && focused !== document.activeElement) {
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  }
}

function headingsOf(frame: Frame, runs: readonly RunView[]): Heading[] {
  const sweep = frame.state.sweep;
  const parameters = (sweep?.parameters ?? []).map(({ name }): Heading => {
    const values = runs.map((run) => run.config[name]).filter((value) => value !== undefined);
    const numeric = values.length > 0 && values.every((value) => typeof value === "number");
    return { column: `param:${name}`, label: name, numeric };
  });
  return [
    { column: "name", label: "run", numeric: false },
    { column: "state", label: "state", numeric: false },
    { column: "metric", label: sweep?.metric?.name ?? "metric", numeric: true },
    ...parameters,
    { column: "duration", label: "time", numeric: true },
  ];
}

function headCell(heading: Heading): HTMLElement {
  const cell = element("th", { scope: "col", class: heading.numeric ? "nbs-num" : "" });
  cell.append(element("button", { type: "button", title: heading.label }, heading.label));
  return cell;
}

function updateHead(
  head: HTMLElement,
  headings: readonly Heading[],
  frame: Frame,
  actions: Actions,
): void {
  const { sort } = frame.view;
  headings.forEach(({ column }, index) => {
    const cell = head.children[index] as HTMLElement;
    const own = sort?.column === column;
    setAttribute(cell, "aria-sort", !own ? "none" : sort.descending ? "descending" : "ascending");
    (cell.firstElementChild as HTMLButtonElement).onclick = () => {
      actions.change({ sort: nextSort(sort, column, frame.goal) });
    };
  });
}

function hintText(frame: Frame, count: number): string {
  const { sort } = frame.view;
  const metric = frame.state.sweep?.metric?.name;
  const by = sort
    ? sort.column.replace(/^param:/, "").replace(/^metric$/, metric ?? "metric")
    : metric;
  return by === undefined ? plural(count, "run") : `sorted by ${by} · ${plural(count, "run")}`;
}

function createRow(id: string, headings: readonly Heading[], actions: Actions): Row {
  const swatch = element("span", { class: "nbs-swatch" });
  const name = element("span", { class: "nbs-run-name" });
  const star = element("span", { class: "nbs-star", title: "the best so far" }, "★");
  star.setAttribute("aria-label", "the best so far");
  star.setAttribute("role", "img");
  const opener = element("button", { type: "button", class: "nbs-opener" }, swatch, name, star);
  const word = element("b");
  const why = element("span", { class: "nbs-dim nbs-why" });
  const kill = button({ class: "nbs-icon", "data-testid": "nbs-kill" }, "■", (event) => {
    event.stopPropagation();
    actions.command("kill_run", { run: id });
  });
  const cells = headings.map(({ numeric }) => element("td", numeric ? { class: "nbs-num" } : {}));
  cells[0]!.append(opener);
  cells[1]!.className = "nbs-state-cell";
  cells[1]!.append(word, why);
  const last = element("td", { class: "nbs-row-actions" }, kill);
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

  return {
    node,
    details,
    update(run: RunView, frame: Frame, format: (value: number | null) => string): void {
      expanded = frame.view.expanded;
      const open = expanded.has(id);
      setAttribute(node, "data-run-state", run.state);
      node.classList.toggle("nbs-hovered", frame.lit === id);
      node.classList.toggle("nbs-open", open);
      setAttribute(opener, "aria-expanded", String(open));
      swatch.style.background = shadeColor(frame.shades.get(id) ?? null, frame.theme);
      setText(name, run.name, run.name);
      show(star, run.best);
      setText(word, run.state);
      setAttribute(word, "data-tone", tone(run.state));
      setText(why, run.error ?? "", run.error ?? "");
      headings.forEach(({ column }, index) => {
        if (column === "metric") {
          const value = toFloat(run.value);
          setText(cells[index]!, format(value), value === null ? "" : String(value));
        } else if (column === "duration") {
          const seconds = runDuration_s(run, frame.state, frame.now_ms);
          setText(cells[index]!, formatDuration(seconds));
        } else if (column.startsWith("param:")) {
          const value = run.config[column.slice("param:".length)];
          const title = value === undefined ? "" : formatLiteral(value);
          setText(cells[index]!, formatConfigValue(value), title);
        }
      });
      const killing = isPending(frame.state, "kill_run", id);
      show(kill, run.state === "running");
      kill.disabled = killing;
      setAttribute(kill, "aria-label", killing ? `Stopping ${run.name}` : `Stop ${run.name}`);
      kill.title = killing ? "Stopping…" : "Stop this run";
      details.update(run, open ? (frame.state.details.get(id) ?? null) : null, open);
    },
  };
}
