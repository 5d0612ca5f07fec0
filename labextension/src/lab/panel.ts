/**
 * The Sweeps panel: all sweeps of the active notebook's store, as its kernel tells them.
 *
 * In: the links. It draws only while it is seen. What can be done to a sweep is in `sweep-actions.ts`, what stands here
 * when there is nothing to list in `panel-model.ts`.
 */
import type { TranslationBundle } from "@jupyterlab/translation";
import { CommandRegistry } from "@lumino/commands";
import { Menu, Widget } from "@lumino/widgets";
import { button, element, setAttribute, setText, show } from "../dom";
import type { ISweepLinks, KernelLink } from "./link";
import { emptyState, matches, type Empty, type Way } from "./panel-model";
import { Row } from "./panel-row";
import css from "./panel.css";
import { possible, SweepActions, type ActionName } from "./sweep-actions";
import type { SweepItem } from "./wire";

export interface PanelHooks {
  /** Open a sweep's dashboard. */
  open(item: SweepItem): void;
  /** Go a way that an empty panel offers. */
  go(way: Way): void;
  /** The active notebook's name. */
  notebook(): string;
  /** The example's cells, to show. */
  readonly example: readonly string[];
}

export class SweepsPanel extends Widget {
  private readonly filter: HTMLInputElement;
  private readonly of = element("span", { class: "nbs-panel-of" });
  private readonly head: HTMLElement;
  private readonly trouble = element("div", { class: "nbs-panel-trouble", role: "alert" });
  private readonly words = element("div", {
    ...{ class: "nbs-panel-words", role: "status", "data-testid": "nbs-panel-words" },
  });
  private readonly list = element("ul", { class: "nbs-list", role: "list" });
  private readonly rows = new Map<string, Row>();
  private readonly menu: Menu;
  private readonly actions: SweepActions;
  private link: KernelLink | null = null;
  private shown: SweepItem | null = null;
  private current: string | null = null;
  private said = "";

  constructor(
    private readonly links: ISweepLinks,
    private readonly hooks: PanelHooks,
    private readonly trans: TranslationBundle,
  ) {
    super();
    this.id = "nbsweep-sweeps";
    this.addClass("nbs-panel");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", trans.__("Sweeps"));
    this.actions = new SweepActions(trans);
    this.filter = element("input", {
      ...{ type: "search", class: "nbs-panel-filter", placeholder: trans.__("Filter sweeps") },
      "aria-label": trans.__("Filter sweeps"),
    });
    this.filter.addEventListener("input", () => {
      this.update();
    });
    const title = element("div", { class: "nbs-panel-title" });
    title.append(element("h2", {}, trans.__("Sweeps")), this.of);
    this.head = element("div", { class: "nbs-panel-head" }, title, this.filter);
    this.list.setAttribute("aria-label", trans.__("Sweeps"));
    this.list.addEventListener("keydown", this.pressed);
    this.list.addEventListener("focusin", this.focused);
    this.node.append(element("style", {}, css), this.head, this.trouble, this.words, this.list);
    this.menu = this.makeMenu();
    links.activeChanged.connect(this.follow);
    this.follow();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.links.activeChanged.disconnect(this.follow);
    this.unlink();
    this.menu.dispose();
    super.dispose();
  }

  protected override onAfterShow(): void {
    this.update();
  }

  protected override onActivateRequest(): void {
    this.filter.focus();
  }

  protected override onUpdateRequest(): void {
    if (!this.isVisible) return;
    const { link, trans } = this;
    const state = link?.state ?? null;
    const sweeps = link?.sweeps ?? [];
    const notebook = this.hooks.notebook();
    setText(this.of, notebook, link?.storage ?? notebook);
    show(this.filter, sweeps.length > 0);
    show(this.trouble, link?.trouble != null);
    setText(this.trouble, link?.trouble ?? "");
    const filter = sweeps.length > 0 ? this.filter.value : "";
    const left = sweeps.filter((item) => matches(item, filter));
    const nothing = { text: trans.__("No sweep matches the filter."), ways: [] };
    const empty = emptyState(state, sweeps.length, notebook, trans, link?.trouble ?? null);
    this.say(empty ?? (left.length === 0 ? nothing : null));
    show(this.list, left.length > 0);
    this.list.dataset.live = String(state === "live");
    this.showRows(left, state === "live");
  }

  private readonly follow = (): void => {
    this.unlink();
    this.link = this.links.active;
    this.link?.stateChanged.connect(this.changed);
    this.link?.sweepsChanged.connect(this.changed);
    this.update();
  };

  private readonly changed = (): void => {
    this.update();
  };

  private unlink(): void {
    this.link?.stateChanged.disconnect(this.changed);
    this.link?.sweepsChanged.disconnect(this.changed);
    this.link = null;
  }

  private showRows(items: readonly SweepItem[], live: boolean): void {
    const ids = new Set(items.map(({ id }) => id));
    const held = this.rows.get(this.current ?? "");
    const hadFocus = held?.node.contains(document.activeElement) === true && !ids.has(held.item.id);
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    if (this.current === null || !ids.has(this.current)) this.current = items[0]?.id ?? null;
    items.forEach((item, place) => {
      const row = this.rows.get(item.id) ?? this.makeRow(item);
      const there = this.list.children[place] ?? null;
      if (there !== row.node) this.list.insertBefore(row.node, there);
      row.current = item.id === this.current;
      row.update(item, live);
    });
    // The row that had it was deleted; without this, focus would fall to the page.
    if (hadFocus) (this.rows.get(this.current ?? "")?.main ?? this.filter).focus();
  }

  private makeRow(item: SweepItem): Row {
    const row = new Row(
      item,
      {
        open: (chosen) => {
          this.hooks.open(chosen);
        },
        act: (action, chosen) => {
          this.act(action, chosen);
        },
        menu: (chosen, x, y) => {
          this.openMenu(chosen, x, y);
        },
      },
      this.trans,
    );
    this.rows.set(item.id, row);
    return row;
  }

  private act(action: ActionName, item: SweepItem): void {
    if (this.link) void this.actions.run(action, this.link, item);
  }

  private openMenu(item: SweepItem, x: number, y: number): void {
    this.shown = item;
    this.menu.open(x, y);
  }

  private readonly focused = ({ target }: FocusEvent): void => {
    const row = [...this.rows.values()].find(
      ({ node }) => target instanceof Node && node.contains(target),
    );
    if (!row || row.item.id === this.current) return;
    const before = this.rows.get(this.current ?? "");
    if (before) before.current = false;
    row.current = true;
    this.current = row.item.id;
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    const rows = [...this.list.children].map((node) => (node as HTMLElement).dataset.sweep ?? "");
    const row = this.rows.get(this.current ?? "");
    const at = rows.indexOf(this.current ?? "");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const places: Record<string, number> = {
      ...{ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 },
    };
    const place = places[event.key];
    if (place !== undefined) {
      const next = this.rows.get(rows[Math.max(0, Math.min(rows.length - 1, place))] ?? "");
      next?.main.focus();
    } else if (event.key === "Delete") {
      if (this.link?.state === "live" && possible("delete", row.item)) this.act("delete", row.item);
    } else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const { left, bottom } = row.main.getBoundingClientRect();
      this.openMenu(row.item, left, bottom);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  private say(empty: Empty | null): void {
    const said = JSON.stringify(empty);
    show(this.words, empty !== null);
    if (said === this.said) return; // what a screen reader has said once it need not say again
    this.said = said;
    this.words.replaceChildren();
    if (!empty) return;
    this.words.append(element("p", {}, empty.text));
    if (empty.more !== undefined) this.words.append(element("p", {}, empty.more));
    if (empty.example === true)
      this.words.append(element("pre", { tabindex: "0" }, this.hooks.example.join("\n\n")));
    this.words.append(wayButtons(empty.ways, this.hooks, this.trans));
  }

  private makeMenu(): Menu {
    const { trans } = this;
    const commands = new CommandRegistry();
    commands.addCommand("open", {
      label: trans.__("Open Dashboard"),
      execute: () => {
        if (this.shown) this.hooks.open(this.shown);
      },
    });
    const labels: Readonly<Record<ActionName, string>> = {
      pause: trans.__("Pause"),
      resume: trans.__("Resume"),
      stop: trans.__("Stop…"),
      copy: trans.__("Copy Id"),
      export: trans.__("Export CSV"),
      delete: trans.__("Delete…"),
    };
    for (const action of Object.keys(labels) as ActionName[]) {
      commands.addCommand(action, {
        label: labels[action],
        isEnabled: () =>
          (action === "copy" || this.link?.state === "live") &&
          this.shown !== null &&
          possible(action, this.shown),
        execute: () => {
          if (this.shown) this.act(action, this.shown);
        },
      });
    }
    const menu = new Menu({ commands });
    for (const command of ["open", "-", "pause", "resume", "stop", "-", "copy", "export", "delete"])
      menu.addItem(command === "-" ? { type: "separator" } : { command });
    menu.title.label = trans.__("Sweep");
    return menu;
  }
}

/** Buttons for what a user can do where there is nothing to show. */
export function wayButtons(
  ways: readonly Way[],
  hooks: { go(way: Way): void },
  trans: TranslationBundle,
): HTMLElement {
  const labels: Readonly<Record<Way, string>> = {
    load: trans.__("Load nbsweep"),
    example: trans.__("Insert an Example Sweep"),
    kernel: trans.__("Choose a Kernel"),
    open: trans.__("Open the Notebook"),
  };
  const node = element("div", { class: "nbs-ways" });
  for (const way of ways) {
    const made = button({ class: "nbs-way", "data-way": way }, labels[way], () => {
      hooks.go(way);
    });
    setAttribute(made, "title", labels[way]);
    node.append(made);
  }
  show(node, ways.length > 0);
  return node;
}
