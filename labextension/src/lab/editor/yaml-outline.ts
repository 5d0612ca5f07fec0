/**
 * YAML in blocks, half typed, as the mappings and lists that its indentation makes; what stands in
 * brackets is left to `flow`. Anchors, tags and block scalars are taken as plain text.
 */
import {
  flow,
  scalar,
  type Entry,
  type List,
  type Mapping,
  type Scalar,
  type Value,
} from "./outline";

/** A mapping of blocks, and the column that its keys stand in. */
interface Level {
  readonly column: number;
  readonly mapping: Mapping;
}

const KEY =
  /^("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s#{}[\],:'"-][^\n#:]*?|-?[^\s#{}[\],:'"-][^\n#:]*?)\s*:(?=\s|$)/;

/** The mapping that a YAML text is. */
export function block(text: string): Mapping {
  const root: Mapping = mapping(0);
  const levels: Level[] = [{ column: 0, mapping: root }];
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const start = at + /^ */.exec(text.slice(at, end))![0].length;
    at = Math.max(read(text, start, end, start - at, levels), end) + 1;
  }
  for (const { mapping } of levels) mapping.to = text.length;
  return root;
}

/** Reads one line into what it belongs to; where what it holds ends. */
function read(text: string, start: number, end: number, column: number, levels: Level[]): number {
  const line = text.slice(start, end);
  if (!line.trim() || line.startsWith("#") || line.startsWith("---")) return end;
  if (/^-(\s|$)/.test(line)) return item(text, start, end, column, levels);
  while (levels.length > 1 && levels.at(-1)!.column > column) levels.pop()!.mapping.to = start;
  let level = levels.at(-1)!;
  const above = level.mapping.entries.at(-1);
  if (column > level.column && above?.colon != null && !isScalar(above.value)) {
    const inner = above.value?.kind === "mapping" ? above.value : mapping(start);
    above.value = inner;
    level = { column, mapping: inner };
    levels.push(level);
  }
  const key = KEY.exec(line);
  if (!key) {
    const to = start + line.replace(/\s+#.*$/, "").trimEnd().length;
    level.mapping.entries.push({ key: unquoted(text, start, to), colon: null, value: null });
    return end;
  }
  const colon = start + key[0].length;
  const entry: Entry = { key: unquoted(text, start, start + key[1]!.length), colon, value: null };
  level.mapping.entries.push(entry);
  entry.value = inline(text, colon, end);
  return entry.value?.to ?? end;
}

/** `- value`: an item of the list that the last key of a level to the left has. */
function item(text: string, start: number, end: number, column: number, levels: Level[]): number {
  while (levels.length > 1 && levels.at(-1)!.column > column) levels.pop()!.mapping.to = start;
  const above = levels.at(-1)!.mapping.entries.at(-1);
  if (above?.colon == null || (above.value && above.value.kind !== "list")) return end;
  const list: List = above.value ?? {
    kind: "list",
    from: start,
    to: end,
    items: [],
    closed: false,
  };
  above.value = list;
  const value = inline(text, start + 1, end);
  if (value) list.items.push(value);
  list.to = Math.max(end, value?.to ?? end);
  return list.to;
}

/** The value that follows on the same line. */
function inline(text: string, from: number, end: number): Value | null {
  const start = from + /^\s*/.exec(text.slice(from, end))![0].length;
  if (start >= end || text[start] === "#") return null;
  if (text[start] === "{" || text[start] === "[") return flow(text, start, true);
  const to =
    start +
    text
      .slice(start, end)
      .replace(/\s+#.*$/, "")
      .trimEnd().length;
  return unquoted(text, start, to);
}

function unquoted(text: string, from: number, to: number): Scalar {
  const quote = text[from];
  if (quote !== '"' && quote !== "'") return scalar(text, from, to);
  const closed = to - from > 1 && text[to - 1] === quote;
  return {
    kind: "scalar",
    from,
    to,
    text: text.slice(from + 1, closed ? to - 1 : to),
    quote,
    closed,
  };
}

function isScalar(value: Value | null): boolean {
  return value?.kind === "scalar";
}

function mapping(from: number): Mapping {
  return { kind: "mapping", from, to: from, entries: [], style: "block", closed: false };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
