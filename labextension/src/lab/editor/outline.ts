/**
 * A half-typed config as mappings, lists and scalars with their places: for who must know where the
 * cursor is while nothing parses yet.
 *
 * `flow` reads what stands in brackets: a dict of Python, `dict(…)`, a flow mapping of YAML. It never
 * fails: a bracket that is not closed reaches to the end, a key without a value has none.
 */
export interface Scalar {
  readonly kind: "scalar";
  readonly from: number;
  readonly to: number;
  /** Without quotes. */
  readonly text: string;
  readonly quote: "'" | '"' | null;
  /** Whether the closing quote is there. */
  readonly closed: boolean;
}

export interface Entry {
  readonly key: Scalar;
  /** Where the value begins; null while there is no colon yet. */
  readonly colon: number | null;
  value: Value | null;
}

export interface Mapping {
  readonly kind: "mapping";
  readonly from: number;
  to: number;
  readonly entries: Entry[];
  readonly style: "dict" | "call" | "flow" | "block";
  closed: boolean;
}

export interface List {
  readonly kind: "list";
  readonly from: number;
  to: number;
  readonly items: Value[];
  closed: boolean;
}

export type Value = Scalar | Mapping | List;

const CALL = /dict\s*\(/y;

/** Reads one value at an offset. `bare`: keys and texts need no quotes, as in YAML. */
export function flow(text: string, at: number, bare: boolean): Value | null {
  return new FlowReader(text, bare).value(at, "");
}

class FlowReader {
  constructor(
    private readonly text: string,
    private readonly bare: boolean,
  ) {}

  value(at: number, enders: string): Value | null {
    CALL.lastIndex = at;
    const call = this.bare ? null : CALL.exec(this.text);
    if (call) return this.mapping(at, at + call[0].length, ")", "call");
    const char = this.text[at];
    if (char === undefined) return null;
    if (char === "{") return this.mapping(at, at + 1, "}", this.bare ? "flow" : "dict");
    if (char === "[" || char === "(") return this.list(at, char === "[" ? "]" : ")");
    if (char === '"' || char === "'") return this.string(at, char);
    return this.expression(at, enders);
  }

  private mapping(from: number, start: number, end: string, style: Mapping["style"]): Mapping {
    const mapping: Mapping = {
      kind: "mapping",
      from,
      to: start,
      entries: [],
      style,
      closed: false,
    };
    let at = this.skip(start);
    while (at < this.text.length) {
      const char = this.text[at]!;
      if (char === end) {
        mapping.closed = true;
        mapping.to = at + 1;
        return mapping;
      }
      if (char === ",") {
        at = this.skip(at + 1);
        continue;
      }
      const before = at;
      at = this.skip(this.entry(at, mapping, end));
      if (at === before) at = this.skip(at + 1);
    }
    mapping.to = this.text.length;
    return mapping;
  }

  /** Reads `key: value` into a mapping; where it ends. */
  private entry(at: number, mapping: Mapping, end: string): number {
    const char = this.text[at]!;
    const key = char === '"' || char === "'" ? this.string(at, char) : this.word(at);
    const after = this.skip(key.to);
    const colon = this.text[after] === ":" || (end === ")" && this.text[after] === "=");
    if (!colon) {
      mapping.entries.push({ key, colon: null, value: null });
      return key.to;
    }
    const entry: Entry = { key, colon: after + 1, value: null };
    mapping.entries.push(entry);
    const start = this.skip(after + 1);
    if (start >= this.text.length || this.text[start] === "," || this.text[start] === end)
      return start;
    if (this.nextLineIsAnEntry(after + 1, start)) return start;
    entry.value = this.value(start, `,${end}`);
    return entry.value?.to ?? start;
  }

  /** Whether what follows a colon is not its value but, on a line below, the next key. */
  private nextLineIsAnEntry(after: number, start: number): boolean {
    if (!this.text.slice(after, start).includes("\n")) return false;
    return /^("[^"\n]*"|'[^'\n]*'|\w+)\s*[:=]/.test(this.text.slice(start, start + 300));
  }

  private list(from: number, end: string): List {
    const list: List = { kind: "list", from, to: from + 1, items: [], closed: false };
    let at = this.skip(from + 1);
    while (at < this.text.length) {
      if (this.text[at] === end) {
        list.closed = true;
        list.to = at + 1;
        return list;
      }
      if (this.text[at] === ",") {
        at = this.skip(at + 1);
        continue;
      }
      const item = this.value(at, `,${end}`);
      if (!item) break;
      list.items.push(item);
      at = this.skip(Math.max(item.to, at + 1));
    }
    list.to = this.text.length;
    return list;
  }

  private string(from: number, quote: "'" | '"'): Scalar {
    let at = from + 1;
    while (at < this.text.length && this.text[at] !== quote && this.text[at] !== "\n") {
      at += this.text[at] === "\\" && !this.bare ? 2 : 1;
    }
    at = Math.min(at, this.text.length);
    const closed = this.text[at] === quote;
    const text = this.text.slice(from + 1, at);
    return { kind: "scalar", from, to: closed ? at + 1 : at, text, quote, closed };
  }

  private word(from: number): Scalar {
    let to = from;
    while (to < this.text.length && !/[\s,:={}[\]()"'#]/.test(this.text[to]!)) to++;
    if (to === from) to++;
    return scalar(this.text, from, to);
  }

  /** An expression or a plain scalar, up to the end of its line or of what it stands in. */
  private expression(from: number, enders: string): Scalar {
    let depth = 0;
    let at = from;
    for (; at < this.text.length; at++) {
      const char = this.text[at]!;
      if (depth === 0 && (enders.includes(char) || char === "\n" || "}])".includes(char))) break;
      if ("([{".includes(char)) depth++;
      else if (")]}".includes(char)) depth--;
      else if (char === "#") break;
    }
    const to = from + this.text.slice(from, at).trimEnd().length;
    return scalar(this.text, from, Math.max(to, from));
  }

  private skip(at: number): number {
    while (at < this.text.length) {
      if (/\s/.test(this.text[at]!)) at++;
      else if (this.text[at] === "#") {
        const line = this.text.indexOf("\n", at);
        at = line < 0 ? this.text.length : line;
      } else break;
    }
    return at;
  }
}

export function scalar(text: string, from: number, to: number): Scalar {
  return { kind: "scalar", from, to, text: text.slice(from, to), quote: null, closed: false };
}
