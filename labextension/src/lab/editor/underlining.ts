/**
 * What is wrong with a config, underlined where it is, in the kernel's words.
 *
 * The kernel judges (request "check"), beside a running cell too; the page only underlines. Without
 * a kernel that has loaded nbsweep nothing is underlined: the page knows nothing that it could say
 * in the kernel's words.
 */
import { linter, type Diagnostic } from "@codemirror/lint";
import { StateEffect, type Extension } from "@codemirror/state";
import { EditorView, ViewPlugin } from "@codemirror/view";
import type { KernelLink } from "../link";
import { sweepCell } from "./sweep-cell";

const DELAY_MS = 400;

/** One problem, as the kernel's `nbsweep.notebook.checking` has it; offsets are in the body. */
interface Found {
  readonly path: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

const checkAgain = StateEffect.define();

/** The editors that are open, so that they can be checked again when a kernel comes or goes. */
export class CheckedEditors {
  private readonly views = new Set<EditorView>();

  /** The editor extension; `linkOf` is asked at each check, because a cell gets its notebook after its editor. */
  extension(linkOf: () => KernelLink | null): Extension {
    const views = this.views;
    const known = ViewPlugin.define((view) => {
      views.add(view);
      return {
        destroy() {
          views.delete(view);
        },
      };
    });
    const source = (view: EditorView): Promise<Diagnostic[]> => check(view, linkOf());
    const needsRefresh = ({
      transactions,
    }: {
      transactions: readonly { effects: readonly StateEffect<unknown>[] }[];
    }) => transactions.some(({ effects }) => effects.some((effect) => effect.is(checkAgain)));
    return [known, linter(source, { delay: DELAY_MS, needsRefresh }), LOOK];
  }

  get size(): number {
    return this.views.size;
  }

  /** Another kernel may judge otherwise. */
  checkAll(): void {
    for (const view of this.views) {
      if (sweepCell(view.state.sliceDoc())?.magic === "define")
        view.dispatch({ effects: checkAgain.of(null) });
    }
  }
}

async function check(view: EditorView, link: KernelLink | null): Promise<Diagnostic[]> {
  const cell = sweepCell(view.state.sliceDoc());
  if (cell?.magic !== "define" || link?.state !== "live") return [];
  const body = view.state.sliceDoc(cell.bodyFrom);
  const length = view.state.doc.length;
  let problems: readonly Found[];
  try {
    problems = (await link.request<{ problems: Found[] }>("check", { body })).problems;
  } catch {
    return []; // the kernel went away while it was asked; when it is back it is asked again
  }
  return problems.map(({ message, start, end }) => {
    const from = Math.min(cell.bodyFrom + start, length);
    const to = Math.min(Math.max(cell.bodyFrom + end, from), length);
    return { from, to, severity: "error", source: "nbsweep", message };
  });
}

const LOOK = EditorView.baseTheme({
  ".cm-tooltip .cm-diagnostic": {
    whiteSpace: "pre-wrap",
    maxWidth: "60ch",
    fontFamily: "var(--jp-ui-font-family)",
  },
  ".cm-tooltip .cm-diagnosticSource": { display: "none" },
  ".cm-tooltip.cm-tooltip-lint, .cm-tooltip.cm-tooltip-hover": {
    backgroundColor: "var(--jp-layout-color1)",
    color: "var(--jp-ui-font-color1)",
    border: "1px solid var(--jp-border-color1)",
  },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--jp-error-color1)" },
  ".nbs-hover": {
    padding: "6px 10px",
    maxWidth: "60ch",
    fontFamily: "var(--jp-ui-font-family)",
    fontSize: "var(--jp-ui-font-size1)",
    lineHeight: "1.4",
  },
  ".nbs-hover-title": { fontWeight: "600", fontFamily: "var(--jp-code-font-family)" },
  ".nbs-hover-code": {
    fontFamily: "var(--jp-code-font-family)",
    whiteSpace: "pre-wrap",
    margin: "4px 0",
  },
  ".nbs-hover-label": { color: "var(--jp-ui-font-color2)" },
  ".nbs-hover-keys": {
    display: "grid",
    gridTemplateColumns: "max-content 1fr",
    gap: "0 12px",
    margin: "4px 0",
  },
  ".nbs-hover-keys dt": { fontFamily: "var(--jp-code-font-family)" },
  ".nbs-hover-keys dd": { margin: "0" },
});
