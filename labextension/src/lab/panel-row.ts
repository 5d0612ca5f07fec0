/**
 * One sweep in the panel's list: its name, what it is up to, a bar, its running runs with their curves, its buttons.
 *
 * Made once a sweep and updated in place, so that focus and the pointer stay where they are.
 */
import type { TranslationBundle } from "@jupyterlab/translation";
import {
  ellipsesIcon,
  pauseIcon,
  runIcon,
  stopIcon,
  type LabIcon,
} from "@jupyterlab/ui-components";
import { element, setAttribute, setName, setText, show } from "../dom";
import { drawTrend } from "../sparkline";
import {
  bestText,
  MOST_LINES,
  progressOf,
  rowLabel,
  runsText,
  standingOf,
  stateText,
} from "./panel-model";
import { possible, type ActionName } from "./sweep-actions";
import type { RunningRun, SweepItem } from "./wire";

export interface RowHooks {
  open(item: SweepItem): void;
  act(action: ActionName, item: SweepItem): void;
  menu(item: SweepItem, x: number, y: number): void;
}

export class Row {
  readonly node: HTMLLIElement;
  readonly main: HTMLButtonElement;
  private readonly name = element("span", { class: "nbs-list-name" });
  private readonly facts = element("span", { class: "nbs-list-facts" });
  private readonly best = element("span", { class: "nbs-list-best" });
  private readonly note = element("div", { class: "nbs-list-note" });
  private readonly bar = element("div", { class: "nbs-list-bar" });
  private readonly parts = (["finished", "failed", "running"] as const).map(
    (name) => [name, element("div", { class: `nbs-list-${name}` })] as const,
  );
  private readonly runs = element("div", { class: "nbs-list-runs" });
  private readonly buttons: readonly { node: HTMLButtonElement; action: ActionName | "more" }[];
  private readonly lines = new Map<string, RunLine>();
  private readonly more = element("div", { class: "nbs-list-more" });

  constructor(
    public item: SweepItem,
    private readonly hooks: RowHooks,
    private readonly trans: TranslationBundle,
  ) {
    this.main = element("button", { type: "button", class: "nbs-list-main", tabindex: "-1" });
    this.main.append(
      this.name,
      element("span", { class: "nbs-list-second" }, this.facts, this.best),
    );
    this.main.addEventListener("click", () => {
      hooks.open(this.item);
    });
    this.buttons = [
      this.makeButton("pause", pauseIcon, trans.__("Pause")),
      this.makeButton("resume", runIcon, trans.__("Resume")),
      this.makeButton("stop", stopIcon, trans.__("Stop…")),
      this.makeButton("more", ellipsesIcon, trans.__("More…")),
    ];
    const tools = element(
      "div",
      { class: "nbs-list-tools" },
      ...this.buttons.map(({ node }) => node),
    );
    this.bar.append(...this.parts.map(([, part]) => part));
    const top = element("div", { class: "nbs-list-top" }, this.main, tools);
    this.node = element("li", { class: "nbs-list-row", "data-testid": "nbs-list-row" });
    this.node.append(top, this.bar, this.note, this.runs, this.more);
    this.node.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      hooks.menu(this.item, event.clientX, event.clientY);
    });
  }

  /** Whether Tab stops here; arrow keys move it from row to row. */
  set current(current: boolean) {
    for (const node of [this.main, ...this.buttons.map((each) => each.node)])
      setAttribute(node, "tabindex", current ? "0" : "-1");
  }

  update(item: SweepItem, live: boolean): void {
    const { trans } = this;
    this.item = item;
    this.node.dataset.state = standingOf(item);
    this.node.dataset.sweep = item.id;
    setName(this.name, item.name);
    setAttribute(this.main, "aria-label", rowLabel(item, trans));
    // The method goes last, for the end is what a narrow sidebar cuts.
    const facts = [stateText(item, trans), runsText(item, trans), item.method];
    setText(this.facts, facts.join(" · "), facts.join(" · "));
    const best = bestText(item);
    setText(this.best, best, best === "" ? "" : trans.__("best %1", item.metric ?? ""));
    const progress = progressOf(item);
    show(this.bar, progress !== null);
    for (const [name, part] of this.parts) part.style.width = `${(progress?.[name] ?? 0) * 100}%`;
    show(this.note, item.note !== null);
    setText(this.note, item.note ?? "", item.note ?? "");
    for (const { node, action } of this.buttons) {
      show(node, action === "more" || possible(action, item));
      node.disabled = !live && action !== "more";
    }
    this.updateLines(item);
  }

  private updateLines({ running, running_count }: SweepItem): void {
    const shown = running.slice(0, MOST_LINES);
    const ids = new Set(shown.map(({ run }) => run));
    for (const [id, line] of this.lines) {
      if (ids.has(id)) continue;
      line.node.remove();
      this.lines.delete(id);
    }
    shown.forEach((run, place) => {
      const line = this.lines.get(run.run) ?? new RunLine();
      this.lines.set(run.run, line);
      if (this.runs.children[place] !== line.node)
        this.runs.insertBefore(line.node, this.runs.children[place] ?? null);
      line.update(run);
    });
    const more = running_count - shown.length;
    show(this.more, more > 0);
    setText(this.more, more > 0 ? this.trans._n("%1 more run", "%1 more runs", more) : "");
  }

  private makeButton(
    action: ActionName | "more",
    icon: LabIcon,
    label: string,
  ): { node: HTMLButtonElement; action: ActionName | "more" } {
    const node = element("button", {
      ...{ type: "button", class: "nbs-list-tool", title: label, "aria-label": label },
      ...{ "data-action": action, tabindex: "-1" },
    });
    if (action === "more") node.setAttribute("aria-haspopup", "menu");
    icon.element({ container: node, tag: "span", stylesheet: "toolbarButton" });
    node.addEventListener("click", () => {
      if (action !== "more") {
        this.hooks.act(action, this.item);
        return;
      }
      const { left, bottom } = node.getBoundingClientRect();
      this.hooks.menu(this.item, left, bottom);
    });
    return { node, action };
  }
}

class RunLine {
  readonly node: HTMLElement;
  private readonly name = element("span", { class: "nbs-list-run" });
  private readonly trend = element("canvas", { "aria-hidden": "true" });
  private drawn = "";

  constructor() {
    this.node = element("div", { class: "nbs-list-line" }, this.name, this.trend);
  }

  update({ name, tail }: RunningRun): void {
    setName(this.name, name);
    const color = getComputedStyle(this.node).getPropertyValue("--jp-brand-color1").trim();
    const wanted = `${tail.join(" ")} ${color} ${devicePixelRatio}`;
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    const values = Float64Array.from(tail);
    drawTrend(
      this.trend,
      values.map((_value, index) => index),
      values,
      values.length,
      color,
    );
  }
}
