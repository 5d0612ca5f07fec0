/**
 * What Tab and typing offer in sweep cells and on lines of `%sweep`: keys and values of a config from
 * its schema, and commands, options and names from the kernel, by the link, also while a cell runs.
 *
 * Only the text before the cursor is replaced, so that the kernel's own completions can stand beside.
 */
import type { ISessionContext } from "@jupyterlab/apputils";
import { CompletionTriggerKind } from "@jupyterlab/completer";
import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider,
} from "@jupyterlab/completer";
import { NotebookPanel } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { ISweepLinks } from "../link";
import { completeBody, documentation, inserted } from "./offers";
import type { Place } from "./place";
import type { Offer } from "./schema";
import { sweepCell } from "./sweep-cell";

type Reply = CompletionHandler.ICompletionItemsReply;
type Item = CompletionHandler.ICompletionItem;

const MAGIC_LINE = /^\s*%{1,2}sweep(_train)?\s.*$/;
const NOTHING: Reply = { start: 0, end: 0, items: [] };

export class SweepCompletions implements ICompletionProvider {
  readonly identifier = "nbsweep:completions";
  readonly rank = 1100;
  readonly renderer = null;

  constructor(
    private readonly links: ISweepLinks,
    private readonly trans: TranslationBundle,
  ) {}

  isApplicable(context: ICompletionContext): Promise<boolean> {
    const text = context.editor?.model.sharedModel.getSource() ?? "";
    return Promise.resolve(sweepCell(text)?.magic === "define" || /^\s*%{1,2}sweep/m.test(text));
  }

  async fetch(
    _request: CompletionHandler.IRequest,
    context: ICompletionContext,
    trigger?: CompletionTriggerKind,
  ): Promise<Reply> {
    const { editor } = context;
    if (!editor) return NOTHING;
    const text = editor.model.sharedModel.getSource();
    const cursor = editor.getOffsetAt(editor.getCursorPosition());
    const cell = sweepCell(text);
    const line = text.slice(text.lastIndexOf("\n", cursor - 1) + 1, cursor);
    const inBody = cell !== null && cursor >= cell.bodyFrom && text[cell.bodyFrom - 1] === "\n";
    if (!inBody && MAGIC_LINE.test(line)) return this.ofLine(line, cursor, context);
    if (!inBody || cell.magic !== "define") return NOTHING;
    const body = text.slice(cell.bodyFrom);
    const reply = completeBody(body, cursor - cell.bodyFrom, cell.language);
    if (!reply || (trigger === CompletionTriggerKind.TriggerCharacter && reply.items.length === 0))
      return NOTHING;
    const items = reply.offers.map((offer) => this.item(offer, reply.place));
    return { start: reply.from + cell.bodyFrom, end: cursor, items };
  }

  /** While typing: after a letter, an opened quote, and the colon or space before a value that can be listed. */
  shouldShowContinuousHint(
    visible: boolean,
    changed: { sourceChange?: { insert?: unknown }[] },
  ): boolean {
    const typed = changed.sourceChange
      ?.map(({ insert }) => insert)
      .find((insert) => typeof insert === "string");
    return !visible && typeof typed === "string" && typed.length === 1 && /[\w"'-]/.test(typed);
  }

  private item(offer: Offer, place: Place): Item {
    return {
      label: offer.name,
      insertText: inserted(offer, place),
      type: place.at === "key" ? this.trans.__("key") : this.trans.__("value"),
      documentation: documentation(offer, place),
    };
  }

  private async ofLine(line: string, cursor: number, context: ICompletionContext): Promise<Reply> {
    const session = sessionOf(context);
    const link = session && this.links.of(session);
    if (link?.state !== "live") return NOTHING;
    const found = await link.request<{ items: { text: string; kind: string; about: string }[] }>(
      "complete",
      { line },
    );
    const typed = /\S*$/.exec(line)![0];
    const items = found.items.map(({ text, kind, about }) => ({
      label: text,
      insertText: text,
      type: kind,
      documentation: about,
    }));
    return { start: cursor - typed.length, end: cursor, items };
  }
}

function sessionOf({ widget }: ICompletionContext): ISessionContext | null {
  return widget instanceof NotebookPanel ? widget.sessionContext : null;
}
