/** A button in the status bar: what runs in the active notebook's kernel. It opens the Sweeps panel. */
import type { TranslationBundle } from "@jupyterlab/translation";
import { Signal, type ISignal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import type { ISweepLinks, KernelLink } from "./link";
import { statusText } from "./status-text";

export class StatusItem extends Widget {
  private shown = "";
  private link: KernelLink | null = null;
  private readonly button = document.createElement("button");
  private readonly signal = new Signal<this, void>(this);

  constructor(
    private readonly links: ISweepLinks,
    private readonly trans: TranslationBundle,
    open: () => void,
  ) {
    super();
    this.button.type = "button";
    this.button.className = "nbs-status";
    this.button.dataset.testid = "nbs-status";
    this.button.title = trans.__("Open the Sweeps panel");
    // The status bar's own items are inline text; a button without the browser's looks is the same to the eye.
    Object.assign(this.button.style, {
      ...{ font: "inherit", color: "inherit", background: "none", border: "0" },
      ...{ padding: "0 4px", lineHeight: "24px", cursor: "pointer", whiteSpace: "nowrap" },
    });
    this.button.addEventListener("click", open);
    this.node.append(this.button);
    links.activeChanged.connect(this.follow);
    this.follow();
  }

  get text(): string {
    return this.shown;
  }

  /** Whether it is shown may have changed. */
  get changed(): ISignal<this, void> {
    return this.signal;
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.links.activeChanged.disconnect(this.follow);
    this.link?.sweepsChanged.disconnect(this.read);
    this.link?.stateChanged.disconnect(this.read);
    Signal.clearData(this);
    super.dispose();
  }

  private readonly follow = (): void => {
    this.link?.sweepsChanged.disconnect(this.read);
    this.link?.stateChanged.disconnect(this.read);
    this.link = this.links.active;
    this.link?.sweepsChanged.connect(this.read);
    this.link?.stateChanged.connect(this.read);
    this.read();
  };

  private readonly read = (): void => {
    // What a lost kernel said last is no state of now.
    const text = this.link?.state === "live" ? statusText(this.link.sweeps, this.trans) : "";
    if (text === this.shown) return;
    this.shown = text;
    this.button.textContent = text;
    this.button.setAttribute(
      "aria-label",
      this.trans.__("Sweeps: %1. Open the Sweeps panel.", text),
    );
    this.signal.emit();
  };
}
