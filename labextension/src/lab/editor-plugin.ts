/** The plugin `nbsweep:editor`: sweep cells are completed, checked, explained and highlighted. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import { EditorExtensionRegistry, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { ICompletionProviderManager } from "@jupyterlab/completer";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { cellLanguage } from "./editor/cell-language";
import { SweepCompletions } from "./editor/completion";
import { hoverText } from "./editor/hover";
import { CheckedEditors } from "./editor/underlining";
import { ISweepLinks, type KernelLink } from "./link";

export const editorPlugin: JupyterFrontEndPlugin<void> = {
  id: "nbsweep-labextension:editor",
  description: "Completes, checks, explains and highlights the cells of sweeps.",
  autoStart: true,
  requires: [INotebookTracker, ISweepLinks, IEditorExtensionRegistry],
  optional: [ICompletionProviderManager, ITranslator],
  activate(
    _app: JupyterFrontEnd,
    tracker: INotebookTracker,
    links: ISweepLinks,
    extensions: IEditorExtensionRegistry,
    completions: ICompletionProviderManager | null,
    translator: ITranslator | null,
  ) {
    const trans = (translator ?? nullTranslator).load("nbsweep");
    const editors = new CheckedEditors();
    const linkOf = (model: CodeEditor.IModel): KernelLink | null => {
      const panel = tracker.find(({ content }) =>
        content.widgets.some((cell) => cell.model === model),
      );
      return panel ? links.of(panel.sessionContext) : null;
    };
    extensions.addExtension({
      name: "nbsweep",
      factory: ({ inline, model }) => {
        const isCode = !("type" in model) || model.type === "code";
        if (!inline || !isCode) return null; // files have no cells, and Markdown no magics
        return EditorExtensionRegistry.createImmutableExtension([
          cellLanguage(),
          hoverText(trans),
          editors.extension(() => linkOf(model)),
        ]);
      },
    });
    tracker.widgetAdded.connect((_, { sessionContext }) => {
      links.of(sessionContext).stateChanged.connect(() => {
        editors.checkAll();
      });
    });
    completions?.registerProvider(new SweepCompletions(links, trans));
  },
};
