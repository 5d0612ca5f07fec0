/**
 * Sweep cells read as what they are: a line for IPython, and below it Python or YAML.
 *
 * Only where a cell is one does it get a language of its own, in the place of the notebook's, which
 * reads `%%sweep define` as broken Python. CodeMirror parses the body as it does any nested
 * language: in slices, as far as one looks, and again only what was changed.
 */
import { pythonLanguage } from "@codemirror/lang-python";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { defineLanguageFacet, Language, language, languageDataProp } from "@codemirror/language";
import { Prec, type Extension } from "@codemirror/state";
import {
  NodeSet,
  NodeType,
  Parser,
  parseMixed,
  Tree,
  type Input,
  type PartialParse,
  type TreeFragment,
} from "@lezer/common";
import { styleTags, tags } from "@lezer/highlight";
import { sweepCell } from "./sweep-cell";

const data = defineLanguageFacet({ commentTokens: { line: "#" } });
const cell = NodeType.define({
  id: 0,
  name: "SweepCell",
  top: true,
  props: [[languageDataProp, data]],
});
const line = NodeType.define({ id: 1, name: "Line" });
const magic = NodeType.define({ id: 2, name: "Magic" });
const option = NodeType.define({ id: 3, name: "Option" });
const pythonBody = NodeType.define({ id: 4, name: "PythonBody" });
const yamlBody = NodeType.define({ id: 5, name: "YamlBody" });
const types = new NodeSet([cell, line, magic, option, pythonBody, yamlBody]).extend(
  styleTags({ Magic: tags.meta, Option: tags.attributeName }),
);
const [CELL, LINE, MAGIC, OPTION, PYTHON, YAML] = types.types as [
  NodeType,
  NodeType,
  NodeType,
  NodeType,
  NodeType,
  NodeType,
];

const nested = parseMixed((node) => {
  if (node.name === "PythonBody") return { parser: pythonLanguage.parser };
  return node.name === "YamlBody" ? { parser: yamlLanguage.parser } : null;
});

class CellParser extends Parser {
  override createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly { from: number; to: number }[],
  ): PartialParse {
    return nested(new LineParse(input), input, fragments, ranges);
  }
}

/** Parses the first line, which takes one step; the bodies are left to the nested parsers. */
class LineParse implements PartialParse {
  stoppedAt: number | null = null;
  parsedPos = 0;

  constructor(private readonly input: Input) {}

  advance(): Tree {
    const length = this.stoppedAt ?? this.input.length;
    const text = this.input.read(0, Math.min(length, LONGEST_HEAD));
    this.parsedPos = length;
    const found = sweepCell(text);
    if (!found) return new Tree(CELL, [], [], length);
    const head = lineTree(text.slice(0, found.bodyFrom));
    if (length <= found.bodyFrom) return new Tree(CELL, [head], [0], length);
    const body = new Tree(
      found.language === "python" ? PYTHON : YAML,
      [],
      [],
      length - found.bodyFrom,
    );
    return new Tree(CELL, [head, body], [0, found.bodyFrom], length);
  }

  stopAt(at: number): void {
    this.stoppedAt = at;
  }
}

/** More than the first line and the beginning of the body, from which the body's language is told. */
const LONGEST_HEAD = 4000;

function lineTree(text: string): Tree {
  const parts: Tree[] = [];
  const places: number[] = [];
  for (const word of text.matchAll(/%%sweep(?:_train|\s+define)|--[\w-]+/g)) {
    parts.push(new Tree(word[0].startsWith("%") ? MAGIC : OPTION, [], [], word[0].length));
    places.push(word.index);
  }
  return new Tree(LINE, parts, places, text.trimEnd().length);
}

// Its own extension is not used: the notebook's language already answers for comments, by what is parsed where.
const sweepLanguage = new Language(data, new CellParser(), [], "nbsweep");

/** The editor extension: in sweep cells, and only there, their language. */
export function cellLanguage(): Extension {
  const ours = language.computeN(["doc"], ({ doc }) => {
    const head = doc.sliceString(0, Math.min(doc.length, LONGEST_HEAD));
    return sweepCell(head) ? [sweepLanguage] : [];
  });
  return Prec.highest(ours);
}
