/** Which cells are sweep cells, where their body begins, and what language it is written in. */

export type BodyLanguage = "python" | "yaml";

export interface SweepCell {
  readonly magic: "define" | "train";
  /** Offset of the first character below the magic's line. */
  readonly bodyFrom: number;
  readonly language: BodyLanguage;
}

const FIRST_LINE = /^\s*%%(sweep[ \t]+define|sweep_train)(?![\w-])[^\n]*(\n|$)/;
/** A dict, `dict(…)`, `NAME = …` or the name of a variable: what the kernel reads as Python. */
const PYTHON = /^(\{|dict\s*\(|[A-Za-z_]\w*\s*(=(?!=)|\(|\[|\.|\||$))/;

/** The sweep cell that a text is; null for all others. */
export function sweepCell(text: string): SweepCell | null {
  const line = FIRST_LINE.exec(text);
  if (!line) return null;
  const bodyFrom = line[0].length;
  if (line[1] === "sweep_train") return { magic: "train", bodyFrom, language: "python" };
  return { magic: "define", bodyFrom, language: bodyLanguage(text.slice(bodyFrom)) };
}

/** As the kernel decides, without parsing: an editor asks at every key. */
export function bodyLanguage(body: string): BodyLanguage {
  const code = body.replace(/^(\s*(#[^\n]*)?\n)+/, "").trimStart();
  if (!PYTHON.test(code.slice(0, 500).trimEnd())) return "yaml";
  // A lone word is a key that is still being typed, unless there is nothing else it could become.
  return /^[A-Za-z_]\w*$/.test(code.trim()) ? "yaml" : "python";
}
