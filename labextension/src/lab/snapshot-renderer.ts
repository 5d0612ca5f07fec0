/**
 * A sweep in a notebook's output: the dashboard, from the snapshot in the file or live from the kernel that has it.
 *
 * In: the output's bundle, the kernel's link. Out: a widget of the output area. A dashboard is two outputs: the
 * widget, and below it the static twins with the snapshot. Whoever draws (`standing.ts`), there is one to be seen: either
 * both outputs are what they are without this extension, or the first hides and the second is the dashboard.
 */
import type { IRenderMime, IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Signal } from "@lumino/signaling";
import { Panel, Widget } from "@lumino/widgets";
import { mountDashboard } from "../dashboard";
import { element } from "../dom";
import type { Disposer } from "../feed";
import { recordedFeed } from "../recording";
import { Unreadable } from "../shapes";
import { MIME, readHead, readSnapshot, type Head } from "../snapshot";
import { createSwitchFeed } from "../switch-feed";
import looks from "./snapshot.css";
import type { KernelWidgets } from "./kernel-widgets";
import type { KernelLink } from "./link";
import { OtherOutput } from "./other-output";
import { drawer, minute, stillness, type Situation } from "./standing";

export interface SnapshotOptions {
  readonly rendermime: IRenderMimeRegistry;
  /** null where nothing links this page to kernels. */
  readonly link: KernelLink | null;
  readonly widgets: KernelWidgets;
  readonly trans: TranslationBundle;
}

export class SnapshotRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(private readonly options: SnapshotOptions) {
    super();
    this.addClass("nbs-output");
    this.standing = new Widget({ node: element("div", { class: "nbs-standing", role: "status" }) });
    this.host = new Widget();
    this.other = new OtherOutput(options.rendermime);
    this.node.append(element("style", {}, looks));
    for (const part of [this.standing, this.host, this.other]) {
      part.hide();
      this.addWidget(part);
    }
    const { link, widgets } = options;
    link?.stateChanged.connect(this.refresh, this);
    link?.sweepsChanged.connect(this.refresh, this);
    widgets.changed.connect(this.refresh, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    this.fresh = true;
    this.head = headOf(model.data[MIME]);
    await this.draw();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    Signal.clearData(this);
    this.unmount?.();
    this.feed.dispose();
    super.dispose();
  }

  protected override onAfterAttach(): void {
    void this.draw();
  }

  private readonly refresh = (): void => {
    void this.draw();
  };

  private get situation(): Situation {
    const { link, widgets } = this.options;
    const { sweep, widget } = this.head;
    const listed = link?.sweeps.some(({ id }) => id === sweep) ?? false;
    return { widget: widgets.stateOf(widget), link: link?.state ?? "no-kernel", listed };
  }

  private async draw(): Promise<void> {
    const { model } = this;
    // A dashboard reads its theme from the page around it.
    if (!model || !this.isAttached || this.isDisposed) return;
    const who = drawer(this.situation);
    if (this.head.below) {
      await this.drawAbove(model, who === "widget");
    } else if (who === "widget") {
      await this.drawOther(model, "");
    } else if (who === "kernel" && this.options.link) {
      this.drawLive(this.options.link);
    } else {
      await this.drawRecorded(model);
    }
  }

  /** The first of the two outputs: the widget, or nothing. */
  private async drawAbove(model: IRenderMime.IMimeModel, alive: boolean): Promise<void> {
    const child = this.parent?.hasClass("jp-OutputArea-child") ? this.parent : this;
    child.setHidden(!alive);
    if (alive) await this.drawOther(model, "");
  }

  private drawLive(link: KernelLink): void {
    if (this.fed !== "kernel") {
      this.feed.connect(link.feed(this.head.sweep), false);
      this.fed = "kernel";
    }
    delete this.host.node.dataset.nbsKernel;
    this.say("live", this.options.trans.__("live"), "");
    this.standing.node.title = link.storage ?? "";
    this.mount();
  }

  private async drawRecorded(model: IRenderMime.IMimeModel): Promise<void> {
    const { trans } = this.options;
    const refusal = trans.__("That needs a kernel that has this sweep.");
    if (this.fed === "kernel") {
      this.when = minute(Date.now() / 1000);
      this.feed.hold(this.when, refusal);
      this.fed = "held";
    } else if (this.fed !== "held" && this.fresh) {
      this.fresh = false;
      this.when = this.head.recorded === null ? "" : minute(this.head.recorded);
      try {
        const { recording, buffers } = await readSnapshot(model.data[MIME], this.when);
        // The kernel, or another output, was quicker.
        if (this.isDisposed || this.model !== model || drawer(this.situation) !== "file") return;
        this.feed.connect(recordedFeed(recording, buffers, refusal), true);
        this.fed = "file";
        this.unreadable = "";
      } catch (error) {
        this.unreadable = error instanceof Unreadable ? error.message : String(error);
      }
    }
    if (this.unreadable !== "" && this.fed !== "held") {
      await this.drawOther(
        model,
        trans.__("The saved dashboard cannot be shown: %1.", this.unreadable),
      );
      return;
    }
    if (this.fed === "nothing") return; // being read
    this.host.node.dataset.nbsKernel = "none";
    const said = [
      trans.__("recorded %1", this.when),
      stillness(this.situation, this.options.trans),
    ];
    const notes = this.fed === "file" ? this.head.notes : [];
    this.say("recorded", said.filter(Boolean).join(", "), notes.join(" "));
    this.mount();
  }

  /** As without this extension; `complaint` says why, where something is wrong. */
  private async drawOther(model: IRenderMime.IMimeModel, complaint: string): Promise<void> {
    this.host.hide();
    this.other.show();
    this.say("unreadable", complaint, "");
    await this.other.renderModel(model);
  }

  private mount(): void {
    this.other.hide();
    this.host.show();
    this.unmount ??= mountDashboard(this.host.node, this.feed);
  }

  private say(state: string, text: string, more: string): void {
    const { node } = this.standing;
    this.standing.setHidden(text === "");
    node.dataset.state = state;
    node.title = "";
    node.replaceChildren(
      element("span", { class: "nbs-standing-dot", "aria-hidden": "true" }),
      element("span", {}, text),
      element("span", { class: "nbs-standing-more" }, more),
    );
  }

  private readonly standing: Widget;
  private readonly host: Widget;
  private readonly other: OtherOutput;
  private readonly feed = createSwitchFeed();
  private unmount: Disposer | null = null;
  private model: IRenderMime.IMimeModel | null = null;
  private head: Head = headOf(null);
  /** The model's snapshot has not been read yet. */
  private fresh = true;
  private fed: "nothing" | "file" | "kernel" | "held" = "nothing";
  private unreadable = "";
  private when = "";
}

/** Of what cannot be read, what is needed to show the output as if nbsweep were not there. */
function headOf(data: unknown): Head {
  try {
    return readHead(data);
  } catch {
    const nothing = { sweep: "", widget: null, below: false, recorded: null, notes: [] };
    const { widget, below } = Object(data) as { widget?: unknown; below?: unknown };
    return {
      ...nothing,
      widget: typeof widget === "string" ? widget : null,
      below: below === true,
    };
  }
}
