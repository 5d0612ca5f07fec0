/**
 * The anywidget entry: one ESM file that JupyterLab, Notebook 7, VS Code and Colab load alike.
 *
 * The default export is a factory, which anywidget calls once a model: what the user chose (key,
 * log y, sort…) lives in its closure, so a re-rendered view looks the same. The model itself could
 * not be the key to it, since each render is handed a new proxy of it.
 */
import { anywidgetFeed, type WidgetModel } from "./anywidget-feed";
import { mountDashboard } from "./dashboard";
import type { Disposer } from "./feed";
import { initialView } from "./parts";

interface RenderArguments {
  readonly model: WidgetModel;
  readonly el: HTMLElement;
}

export default function createWidget(): { render(args: RenderArguments): Disposer } {
  const view = initialView();
  return { render: ({ model, el }) => mountDashboard(el, anywidgetFeed(model), { view }) };
}
