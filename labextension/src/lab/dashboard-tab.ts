/**
 * A sweep's dashboard as a tab of the main area.
 *
 * It belongs to a notebook by its path and to a sweep by its id, which is all that a saved layout keeps of it. It is fed
 * by the link of that notebook's kernel whenever there is one; while there is none, a line above says what is so, and
 * what was told last stays.
 */
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { mountDashboard, newMemory } from "../dashboard";
import { element, show } from "../dom";
import type { Disposer } from "../feed";
import { createSwitch, type Switch } from "./feed-switch";
import type { ISweepLinks, KernelLink } from "./link";
import { wayButtons } from "./panel";
import { emptyState, type Empty, type Way } from "./panel-model";
import css from "./panel.css";

export interface TabHooks {
  /** The open notebook of that path, or null. */
  find(path: string): NotebookPanel | null;
  go(way: Way, path: string): void;
}

export class DashboardTab extends Widget {
  private readonly line = element("div", {
    ...{ class: "nbs-panel nbs-panel-words", role: "status", "data-testid": "nbs-tab-line" },
  });
  private readonly host = element("div", { class: "nbs-tab-host" });
  private readonly feed: Switch = createSwitch();
  private readonly memory = newMemory();
  private unmount: Disposer | null = null;
  private link: KernelLink | null = null;
  private panel: NotebookPanel | null = null;
  private said = "";

  constructor(
    readonly sweepId: string,
    private notebookPath: string,
    name: string,
    private readonly links: ISweepLinks,
    private readonly hooks: TabHooks,
    private readonly trans: TranslationBundle,
  ) {
    super();
    this.addClass("nbs-tab");
    this.node.style.cssText = "overflow:auto;background:var(--jp-layout-color0)";
    this.host.style.cssText = "padding:4px 12px";
    this.line.style.height = "auto";
    this.node.append(element("style", {}, css), this.line, this.host);
    this.title.label = name;
    this.title.closable = true;
    this.follow();
  }

  /** Of the notebook whose kernel feeds it. */
  get path(): string {
    return this.notebookPath;
  }

  /** Be fed by another notebook's kernel, which has the same store. */
  rebind(path: string): void {
    this.notebookPath = path;
    this.follow();
  }

  /** Look again for the notebook: one was opened, closed or renamed. */
  follow(): void {
    const panel = this.hooks.find(this.notebookPath);
    const link = panel ? this.links.of(panel.sessionContext) : null;
    if (panel !== this.panel || link !== this.link || !panel) {
      this.unlink();
      this.panel = panel;
      this.link = link;
      panel?.context.pathChanged.connect(this.renamed);
      panel?.disposed.connect(this.closed);
      link?.stateChanged.connect(this.changed);
      link?.sweepsChanged.connect(this.changed);
      this.feed.connect(link?.feed(this.sweepId) ?? null);
    }
    this.node.dataset.nbsNotebook = this.notebookPath;
    this.title.caption = this.trans.__("Sweep %1 of %2", this.title.label, this.notebookPath);
    this.changed();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.unlink();
    this.feed.connect(null);
    this.unmount?.();
    this.unmount = null;
    super.dispose();
  }

  protected override onAfterAttach(): void {
    // JupyterLab takes a tab off and puts it on again to move it; what was drawn stays drawn.
    this.unmount ??= mountDashboard(this.host, this.feed, this.memory);
  }

  private readonly changed = (): void => {
    const state = this.link?.state ?? null;
    const item = this.link?.sweeps.find(({ id }) => id === this.sweepId);
    if (item && item.name !== this.title.label) {
      this.title.label = item.name;
      this.title.caption = this.trans.__("Sweep %1 of %2", item.name, this.notebookPath);
    }
    // While the store cannot be read nobody knows what is in it.
    const listed = state === "live" && this.link?.trouble === null;
    this.say(this.words(listed && item === undefined));
  };

  private readonly renamed = (): void => {
    if (this.panel) this.rebind(this.panel.context.path);
  };

  private readonly closed = (): void => {
    this.follow();
  };

  private words(gone: boolean): Empty | null {
    const { trans } = this;
    const name = this.notebookPath.split("/").pop() ?? this.notebookPath;
    if (!this.link)
      return {
        text: trans.__("%1 is not open.", name),
        more: trans.__("Its kernel feeds this dashboard, which goes on when the notebook is open."),
        ways: ["open"],
      };
    if (gone) return { text: trans.__("This sweep is no longer in the store."), ways: [] };
    const empty = emptyState(this.link.state, 1, name, trans);
    if (!empty) return null;
    const more =
      this.link.state === "lost" ? trans.__("This is how the sweep was.") : (empty.more ?? "");
    return { ...empty, more, ways: empty.ways.filter((way) => way !== "example") };
  }

  private say(words: Empty | null): void {
    const said = JSON.stringify(words);
    show(this.line, words !== null);
    if (said === this.said) return;
    this.said = said;
    this.line.replaceChildren();
    if (!words) return;
    this.line.append(element("p", {}, words.text));
    if (words.more !== undefined) this.line.append(element("p", {}, words.more));
    const go = (way: Way): void => {
      this.hooks.go(way, this.notebookPath);
    };
    this.line.append(wayButtons(words.ways, { go }, this.trans));
  }

  private unlink(): void {
    if (this.panel && !this.panel.isDisposed) {
      this.panel.context.pathChanged.disconnect(this.renamed);
      this.panel.disposed.disconnect(this.closed);
    }
    this.link?.stateChanged.disconnect(this.changed);
    this.link?.sweepsChanged.disconnect(this.changed);
    this.link = this.panel = null;
  }
}
