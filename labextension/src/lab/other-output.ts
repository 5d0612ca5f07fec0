/**
 * An output as JupyterLab shows it without nbsweep's renderer: by the best of the other types in its bundle.
 */
import type { IRenderMime, IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { Panel } from "@lumino/widgets";
import { MIME } from "../snapshot";

export class OtherOutput extends Panel {
  constructor(private readonly rendermime: IRenderMimeRegistry) {
    super();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const others = Object.fromEntries(Object.entries(model.data).filter(([type]) => type !== MIME));
    const type = this.rendermime.preferredMimeType(others, model.trusted ? "any" : "ensure");
    if (type !== this.type) {
      this.renderer?.dispose();
      this.renderer = type === undefined ? null : this.rendermime.createRenderer(type);
      this.type = type;
      if (this.renderer) this.addWidget(this.renderer);
    }
    await this.renderer?.renderModel(model);
  }

  private renderer: IRenderMime.IRenderer | null = null;
  private type: string | undefined;
}
