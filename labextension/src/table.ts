/**
 * The runs table: a row a run in the colour of its curve; sorted, filtered, with the columns that
 * are wanted, each row opening its details.
 *
 * In: a Frame. Out: sort, filter, columns, hover, expand, and per row what its menu offers. Rows are
 * kept and patched, never rebuilt; beyond `view.rows` they wait until they are asked for.
 */
import {
  cellTexts,
  columnLabel,
  defaultColumns,
  everyColumn,
  headingsOf,
  type Heading,
} from "./columns";
import { button, element, setAttribute, setNameInCell, setText, show } from "./dom";
import { filterOf } from "./filter";
import { plural, shortName } from "./format";
import { createChecklist, createMenu } from "./menu";
import { ROWS_AT_ONCE, type Actions, type Frame, type Part } from "./parts";
import type { RunView } from "./protocol";
import { createRowMenu } from "./row-menu";
import { heldOrder, nextSort, sortRuns, type Column } from "./rows";
import { trendKey } from "./sparkline";
import { runDuration_s } from "./state";
import { createRow, type Row } from "./table-row";

export function createTable(actions: Actions): Part {
  const tools = createTools(actions);
  const head = element("tr");
  const body = element("tbody");
  const table = element("table", { "data-testid": "nbs-table" }, element("thead", {}, head), body);
  const scroller = element("div", { class: "nbs-scroll", tabindex: "0", role: "region" }, table);
  scroller.setAttribute("aria-label", "Runs, scrollable");
  const more = button(
    { class: "nbs-link nbs-more-rows", "data-testid": "nbs-more-rows" },
    "",
    () => {
      if (frame) actions.change({ rows: frame.view.rows + ROWS_AT_ONCE });
    },
  );
  const menu = createRowMenu(actions);
  const node = element(
    "section",
    { class: "nbs-runs", "aria-label": "Runs" },
    ...[tools.node, scroller, more, menu.node],
  );
  const openMenu = (run: string, from: HTMLElement): void => {
    menu.open(run, from);
  };
  const rows = new Map<string, Row>();
  let frame: Frame | null = null;
  let columns = "";
  let order: readonly string[] = [];
  const redraw = (): void => {
    actions.change({});
  };
  const settled = createSettling(redraw);
  const hold = createHold(node, body, () => !menu.node.hidden, redraw);

  return {
    node,
    update(next: Frame): void {
      frame = next;
      menu.update(next);
      show(node, next.runs.length > 0);
      const headings = headingsOf(next);
      const wanted = JSON.stringify(headings);
      if (wanted !== columns) {
        columns = wanted;
        rows.clear();
        order = [];
        hold.forget();
        body.replaceChildren();
        head.replaceChildren(...headings.map((heading) => headCell(heading)), element("th"));
      }
      updateHead(head, headings, next, actions);
      const duration = (run: RunView): number | null => runDuration_s(run, next.state, next.now_ms);
      const matches = filterOf(next.view.filter);
      const matching = matches ? next.runs.filter(matches) : next.runs;
      const sorted = sortRuns(matching, next.view.sort, sortGoal(next), duration);
      const brushed = settled(next);
      const first = brushedFirst(sorted, brushed).slice(0, next.view.rows);
      const shown = hold.order(first, [next.view.sort, next.view.filter, next.view.rows, brushed]);
      const look = {
        texts: headings.map((heading) => cellTexts(heading, next)),
        trend: trendKey(next),
      };
      for (const run of shown) {
        let row = rows.get(run.id);
        if (!row) rows.set(run.id, (row = createRow(run.id, headings, actions, openMenu)));
        row.update(run, next, look);
      }
      const ids = shown.map((run) => run.id);
      if (ids.length !== order.length || ids.some((id, index) => id !== order[index])) {
        order = ids;
        arrange(body, ids, rows);
      }
      show(more, sorted.length > shown.length);
      setText(more, plural(sorted.length - shown.length, "more run"));
      setAttribute(node, "data-matching", String(matching.length));
      tools.update(next, matching.length);
    },
  };
}

/** The goal of the sweep's own metric, whichever metric colours. */
function sortGoal({ state }: Frame): "minimize" | "maximize" {
  return state.sweep?.metric?.goal ?? "minimize";
}

/** A hand that brushes moves on: rows are put in another order once it has rested so long. */
const SETTLES_MS = 250;

/** The brushed runs as they were when the hand last rested; `rested` is called when it rests anew. */
function createSettling(rested: () => void): (frame: Frame) => ReadonlySet<string> | null {
  let last: ReadonlySet<string> | null = null;
  let kept: ReadonlySet<string> | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  return ({ view, selection }) => {
    const brushed = view.brushes.size > 0 ? selection : null;
    if (brushed !== last) {
      last = brushed;
      clearTimeout(resting);
      resting = setTimeout(() => {
        kept = last;
        rested();
      }, SETTLES_MS);
    }
    return kept;
  };
}

interface Hold {
  /** The runs as they stand now, or as `wanted` where nobody is at the rows or something else was `asked` for. */
  order(wanted: readonly RunView[], asked: readonly unknown[]): readonly RunView[];
  forget(): void;
}

/** Keeps rows in place while the pointer or the keyboard is among them; `released` is called if that was another order. */
function createHold(
  table: HTMLElement,
  body: HTMLElement,
  busy: () => boolean,
  released: () => void,
): Hold {
  let [last, lastAsked]: readonly [readonly string[], readonly unknown[]] = [[], []];
  let late = false;
  const isHeld = (): boolean =>
    body.matches(":hover") || body.querySelector(":focus-visible") !== null || busy();
  const release = (): void => {
    // What has left is known only after the event.
    setTimeout(() => {
      if (late && !isHeld()) released();
    });
  };
  body.addEventListener("mouseleave", release);
  table.addEventListener("focusout", release); // the menu of a row stands beside the body
  return {
    order(wanted, asked) {
      const ids = wanted.map(({ id }) => id);
      const same = asked.every((each, index) => each === lastAsked[index]);
      const held = same && isHeld() ? heldOrder(last, ids) : ids;
      late = held.some((id, index) => id !== ids[index]);
      [last, lastAsked] = [held, asked];
      if (!late) return wanted;
      const runs = new Map(wanted.map((run) => [run.id, run]));
      return held.map((id) => runs.get(id)!);
    },
    forget() {
      last = [];
    },
  };
}

/** What is brushed is what the user wants to read: it comes first, each part in its order. */
function brushedFirst(runs: RunView[], selection: ReadonlySet<string> | null): RunView[] {
  if (!selection) return runs;
  const inside = runs.filter(({ id }) => selection.has(id));
  return [...inside, ...runs.filter(({ id }) => !selection.has(id))];
}

/** Put rows in order by moving only those that are out of place: a moved node loses its focus. */
function arrange(body: HTMLElement, ids: readonly string[], rows: Map<string, Row>): void {
  const focused = document.activeElement;
  const kept = new Set(ids);
  let at: Element | null = body.firstElementChild;
  for (const id of ids) {
    const row = rows.get(id)!;
    for (const node of [row.node, row.details.node]) {
      if (at === node) at = at.nextElementSibling;
      else body.insertBefore(node, at);
    }
  }
  for (const [id, row] of rows) {
    if (kept.has(id)) continue;
    row.node.remove();
    row.details.node.remove();
    rows.delete(id);
  }
  if (focused instanceof HTMLElement && focused !== document.activeElement) {
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  }
}

function headCell(heading: Heading): HTMLElement {
  const cell = element("th", { scope: "col", class: heading.numeric ? "nbs-num" : "" });
  if (heading.column === "trend") cell.setAttribute("aria-label", "trend");
  else {
    const sorter = element("button", { type: "button" });
    setNameInCell(sorter, heading.label);
    cell.append(sorter);
  }
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
    const sorter = cell.firstElementChild;
    if (!(sorter instanceof HTMLButtonElement)) return;
    const own = sort?.column === column;
    setAttribute(cell, "aria-sort", !own ? "none" : sort.descending ? "descending" : "ascending");
    sorter.onclick = () => {
      actions.change({ sort: nextSort(sort, column, sortGoal(frame)) });
    };
  });
}

function createTools(actions: Actions): {
  node: HTMLElement;
  update(frame: Frame, matching: number): void;
} {
  const hint = element("span", { class: "nbs-dim" });
  const filter = element("input", {
    ...{ type: "search", class: "nbs-filter", placeholder: "filter: name, state, lr=0.1" },
    "aria-label": "Filter runs by words",
  });
  filter.addEventListener("input", () => {
    actions.change({ filter: filter.value });
  });
  const menu = createMenu("columns ▾", { "aria-label": "Columns" }, () => {
    actions.change({});
  });
  let frame: Frame | null = null;
  const list = createChecklist(menu.panel, (id, checked) => {
    if (!frame) return;
    const shown = frame.view.columns ?? defaultColumns(frame);
    const others = shown.filter((column) => column !== id);
    actions.change({ columns: checked ? [...others, id as Column] : others });
  });
  const title = element("span", { class: "nbs-title" }, "Runs");
  const heading = element("div", { class: "nbs-heading" }, title, hint);
  const right = element("div", { class: "nbs-right" }, filter, menu.node);
  return {
    node: element("div", { class: "nbs-line" }, heading, right),
    update(next: Frame, matching: number): void {
      frame = next;
      if (filter.value !== next.view.filter) filter.value = next.view.filter;
      setText(hint, hintText(next, matching));
      if (menu.panel.hidden) return;
      const shown = new Set(next.view.columns ?? defaultColumns(next));
      list(
        everyColumn(next).map((id) => ({
          id,
          label: columnLabel(id, next),
          checked: shown.has(id),
        })),
      );
    },
  };
}

function hintText(frame: Frame, matching: number): string {
  const { sort, filter, brushes } = frame.view;
  const metric = frame.state.sweep?.metric?.name;
  const by = sort ? columnLabel(sort.column, frame) : metric;
  const count = plural(frame.runs.length, "run");
  const parts = by === undefined ? [] : [`sorted by ${shortName(by)}`];
  parts.push(filter.trim() === "" ? count : `${matching} of ${count}`);
  if (brushes.size > 0) parts.push(`${frame.selection?.size ?? 0} brushed ones first`);
  return parts.join(" · ");
}
