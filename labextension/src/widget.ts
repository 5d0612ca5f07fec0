/**
 * The anywidget entry: one ESM file that JupyterLab, Notebook 7, VS Code and Colab load alike.
 *
 * The default export is a factory, which anywidget calls once a model: what the user chose (key,
 * log y, sort…) and what the kernel told live in its closure, so a re-rendered view looks the same. The model itself could
 * not be the key to it, since each render is handed a new proxy of it.
 */
import { anywidgetFeed, type WidgetModel } from "./anywidget-feed";
import { mountDashboard, newMemory } from "./dashboard";
import type { Disposer } from "./feed";

interface RenderArguments {
  readonly model: WidgetModel;
  readonly el: HTMLElement;
}

export default function createWidget(): { render(args: RenderArguments): Disposer } {
  const memory = newMemory();
  return { render: ({ model, el }) => mountDashboard(el, anywidgetFeed(model), memory) };
}
