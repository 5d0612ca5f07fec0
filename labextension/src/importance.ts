/**
 * What matters: each parameter's importance to the metric, with its interval, beside what noise reaches.
 *
 * In: the kernel's ImportanceMessage. Out: sort, opened categories, the metric. What lies inside the
 * band of noise is grey and says how many more runs would tell.
 */
import { button, element, setAttribute, setName, setText, show } from "./dom";
import { formatNumber, plural, shortName } from "./format";
import { levelLabel, levelTexts } from "./levels";
import { createMetricSelect } from "./metric-select";
import type { Actions, Frame, ImportanceView, Part } from "./parts";
import {
  toFloat,
  type ImportanceMessage,
  type LevelEffect,
  type ParameterImportance,
} from "./protocol";

type SortBy = ImportanceView["sort"];

const COLUMNS: readonly (readonly [SortBy, string])[] = [
  ["name", "parameter"],
  ["importance", "importance"],
  ["correlation", "correlation"],
];
/** An importance of 1 takes this share of its cell; the rest is for words. */
const BAR_SHARE = 0.7;

export function createImportance(actions: Actions): Part {
  const hint = element("span", { class: "nbs-dim" });
  const metric = createMetricSelect(
    actions,
    "for",
    "Metric whose importance is shown",
    "a metric …",
  );
  const head = element("tr");
  const body = element("tbody");
  const table = element("table", { class: "nbs-imp-table" }, element("thead", {}, head), body);
  const scroller = element(
    "div",
    { class: "nbs-imp-scroll", tabindex: "0", role: "region" },
    table,
  );
  scroller.setAttribute("aria-label", "Importance, scrollable");
  const foot = element("div", { class: "nbs-dim nbs-imp-foot" });
  const empty = element("div", { class: "nbs-empty" });
  const title = element("span", { class: "nbs-title" }, "What matters");
  const heading = element("div", { class: "nbs-heading" }, title, hint);
  const right = element("div", { class: "nbs-right" }, metric.node);
  const node = element(
    "section",
    { class: "nbs-importance", "data-testid": "nbs-importance", "aria-label": "What matters" },
    ...[element("div", { class: "nbs-line" }, heading, right), scroller, foot, empty],
  );
  let drawn = "";
  for (const [column, label] of COLUMNS) {
    const cell = element(
      "th",
      { scope: "col" },
      button({}, label, () => {
        sortBy(column);
      }),
    );
    head.append(cell);
  }
  let view: ImportanceView | null = null;
  const sortBy = (column: SortBy): void => {
    if (!view) return;
    const descending = view.sort === column ? !view.descending : column !== "name";
    actions.change({ importance: { ...view, sort: column, descending } });
  };
  const toggle = (name: string): void => {
    if (!view) return;
    const expanded = new Set(view.expanded);
    if (!expanded.delete(name)) expanded.add(name);
    actions.change({ importance: { ...view, expanded } });
  };

  return {
    node,
    update(frame: Frame): void {
      view = frame.view.importance;
      const parameters = frame.state.sweep?.parameters.length ?? 0;
      show(node, parameters > 0 && frame.metric !== null && frame.runs.length > 0);
      metric.update(frame);
      const answer = frame.metric === null ? undefined : frame.state.importance.get(frame.metric);
      // Where nothing can be computed the reason says more than bars as wide as their column.
      const rows = sorted(answer?.reason ? [] : (answer?.rows ?? []), view);
      setAttribute(node, "data-runs-used", String(answer?.runs_used ?? ""));
      setText(hint, hintText(answer));
      setText(foot, footText(answer), leftOutText(answer));
      show(scroller, rows.length > 0);
      show(foot, rows.length > 0);
      show(empty, rows.length === 0);
      setText(empty, answer?.reason ?? emptyText(frame));
      [...head.children].forEach((cell, index) => {
        const own = view?.sort === COLUMNS[index]![0];
        setAttribute(
          cell as HTMLElement,
          "aria-sort",
          !own ? "none" : view!.descending ? "descending" : "ascending",
        );
      });
      const wanted = JSON.stringify([rows, [...view.expanded]]);
      if (wanted === drawn) return;
      drawn = wanted;
      const focused = document.activeElement?.getAttribute("data-opens");
      body.replaceChildren(
        ...rows.flatMap((row) => rowNodes(row, view!.expanded.has(row.name), toggle)),
      );
      if (focused) body.querySelector<HTMLElement>(`[data-opens=${CSS.escape(focused)}]`)?.focus();
    },
  };
}

function sorted(
  rows: readonly ParameterImportance[],
  { sort, descending }: ImportanceView,
): ParameterImportance[] {
  const sign = descending ? -1 : 1;
  const correlation = (row: ParameterImportance): number =>
    Math.abs(row.correlation ?? strongest(row.levels)?.correlation ?? 0);
  return [...rows].sort((a, b) => {
    if (sort === "name") return sign * a.name.localeCompare(b.name, undefined, { numeric: true });
    if (sort === "correlation") return sign * (correlation(a) - correlation(b));
    // What can be told comes first whichever way the rest is turned.
    return Number(b.important) - Number(a.important) || sign * (a.importance - b.importance);
  });
}

function rowNodes(
  row: ParameterImportance,
  open: boolean,
  toggle: (name: string) => void,
): HTMLElement[] {
  const name = element("td", { class: "nbs-imp-name", title: row.name });
  if (row.levels.length > 0) {
    const label = `${row.name}, ${plural(row.levels.length, "value")}`;
    const names = { "aria-expanded": String(open), "aria-label": label, "data-opens": row.name };
    const opener = button({ class: "nbs-imp-opener", ...names }, "", () => {
      toggle(row.name);
    });
    setName(opener, row.name);
    opener.setAttribute("aria-label", label);
    name.append(opener);
  } else {
    const plain = element("span", { class: "nbs-imp-plain" });
    setName(plain, row.name);
    name.append(plain);
  }
  const node = element(
    "tr",
    { "data-parameter": row.name, "data-important": String(row.important) },
    ...[name, importanceCell(row), correlationCell(row.correlation ?? null, strongest(row.levels))],
  );
  const texts = levelTexts(row.levels.map(({ level }) => level));
  const levels = open ? row.levels.map((level, at) => levelNode(level, texts[at]!)) : [];
  return [node, ...levels];
}

function importanceCell(row: ParameterImportance): HTMLElement {
  const at = (share: number): string => `${100 * BAR_SHARE * Math.min(1, Math.max(0, share))}%`;
  const part = (kind: string, from: number, to: number): HTMLElement => {
    const span = element("span", { class: kind });
    span.style.left = at(from);
    span.style.width = `calc(${at(to)} - ${at(from)})`;
    return span;
  };
  const band = part("nbs-imp-null", 0, row.null_high);
  const bar = part("nbs-imp-bar", 0, row.importance);
  const whisker = part("nbs-imp-whisker", row.low, row.high);
  const words = row.important
    ? formatNumber(Number(row.importance.toFixed(2)))
    : row.more_runs === null
      ? "makes little difference, below 5\u00a0%"
      : `cannot tell yet, about ${plural(row.more_runs, "more run")}`;
  const label = element("span", { class: "nbs-imp-words" }, words);
  const end = `${at(Math.max(row.importance, row.high, row.null_high))} + 8px`;
  label.style.left = `calc(${end})`;
  label.style.maxWidth = `calc(100% - (${end}))`;
  const cell = element("td", { class: "nbs-imp-cell" }, band, bar, whisker, label);
  const share = `${formatNumber(row.importance, 2)}, between ${formatNumber(row.low, 2)} and ${formatNumber(row.high, 2)}`;
  const noise = `noise alone reaches ${formatNumber(row.null_high, 2)}`;
  const more =
    row.more_runs === null ? "" : `; about ${plural(row.more_runs, "more run")} would tell`;
  cell.title = `${share}; ${noise}${row.important ? "" : more}`;
  return cell;
}

/** A bar from the middle; of a category, that of its level that says most. */
function correlationCell(value: number | null, level: LevelEffect | null): HTMLElement {
  const shown = value ?? level?.correlation ?? null;
  const cell = element("td", { class: "nbs-corr-cell" });
  if (shown === null) return cell;
  const bar = element("span", { class: "nbs-corr-bar", "data-sign": shown < 0 ? "minus" : "plus" });
  bar.style.width = `calc(${Math.abs(shown)} * var(--nbs-corr-half))`;
  const text = `${shown < 0 ? "−" : "+"}${Math.abs(shown).toFixed(2)}`;
  const label = element("span", { class: "nbs-corr-words" }, text);
  cell.append(element("span", { class: "nbs-corr-zero" }), bar, label);
  const whose = value === null && level ? ` of being ${levelLabel(level.level)}` : "";
  cell.title = `rank correlation${whose} with the metric: ${text}`;
  return cell;
}

function levelNode(level: LevelEffect, label: string): HTMLElement {
  const words = `mean ${formatNumber(toFloat(level.mean))} · ${plural(level.runs, "run")}`;
  return element(
    "tr",
    { class: "nbs-imp-level", "data-level": label },
    element(
      "td",
      { class: "nbs-imp-name", title: label },
      element("span", { class: "nbs-imp-plain" }, label),
    ),
    element("td", { class: "nbs-dim" }, words),
    correlationCell(level.correlation, null),
  );
}

function strongest(levels: readonly LevelEffect[]): LevelEffect | null {
  let found: LevelEffect | null = null;
  for (const level of levels) {
    if (Math.abs(level.correlation ?? 0) > Math.abs(found?.correlation ?? 0)) found = level;
  }
  return found;
}

function hintText(answer: ImportanceMessage | undefined): string {
  if (!answer || answer.reason || answer.rows.length === 0) return "";
  return `random forest on ${plural(answer.runs_used, "run")}, with interval`;
}

/** Fewer ended runs than these are not worth a wait. */
const FEW_RUNS = 8;

function emptyText({ runs }: Frame): string {
  const ended = runs.filter(({ state }) => state !== "running" && state !== "pending").length;
  return ended < FEW_RUNS
    ? "Importance is computed when runs have ended."
    : "Computing importance…";
}

function footText(answer: ImportanceMessage | undefined): string {
  if (!answer) return "";
  const parts = [`shaded: what noise alone reaches with ${plural(answer.runs_used, "run")}`];
  const next = [...answer.rows]
    .filter((row) => !row.important && row.more_runs !== null)
    .sort((a, b) => (a.more_runs ?? 0) - (b.more_runs ?? 0))[0];
  if (next)
    parts.push(
      `about ${plural(next.more_runs ?? 0, "more run")} would tell of ${shortName(next.name)}`,
    );
  const left = leftOutText(answer);
  if (left !== "") parts.push(left);
  return parts.join(" · ");
}

function leftOutText(answer: ImportanceMessage | undefined): string {
  const reasons = Object.entries(answer?.left_out ?? {}).filter(([, count]) => count > 0);
  if (reasons.length === 0) return "";
  return `left out: ${reasons.map(([why, count]) => `${count} ${why}`).join(", ")}`;
}
