/** Where in a config the cursor is: in which mapping, at a key or at a value, in quotes or not. */
import { flow, type Entry, type List, type Mapping, type Scalar, type Value } from "./outline";
import type { BodyLanguage } from "./sweep-cell";
import { block } from "./yaml-outline";

export interface Place {
  /** The keys that lead to the mapping that the cursor is in. */
  readonly path: readonly string[];
  readonly at: "key" | "value";
  /** At a value: whose. */
  readonly key: string | null;
  readonly inList: boolean;
  /** What is being typed there, its quotes included; empty at the cursor when nothing is. */
  readonly token: Scalar;
  /** The other keys of the mapping, with their values where these are scalars. */
  readonly siblings: ReadonlyMap<string, string | null>;
  readonly style: Mapping["style"];
  /** At a key: whether its colon is there. */
  readonly hasColon: boolean;
}

/** The place of a cursor in a body; null where no config is written, as beside its brackets. */
export function placeAt(body: string, cursor: number, language: BodyLanguage): Place | null {
  if (inComment(body, cursor)) return null;
  if (language === "yaml") return blockPlace(body, block(body), cursor);
  const start = /^(?:\s|#[^\n]*\n)*(?:[A-Za-z_]\w*\s*=(?!=)\s*)?/.exec(body)![0].length;
  const config = flow(body, start, false);
  return config && within(config, cursor)
    ? inside(config, [], null, cursor, new Map(), "dict")
    : null;
}

function inside(
  value: Value,
  path: readonly string[],
  key: string | null,
  cursor: number,
  siblings: ReadonlyMap<string, string | null>,
  style: Mapping["style"],
): Place | null {
  if (value.kind === "mapping") {
    return inMapping(value, key === null ? path : [...path, key], cursor);
  }
  if (value.kind === "list") {
    const item = value.items.find((each) => touches(each, cursor));
    if (item && item.kind !== "scalar") return null; // a mapping in a list of values is data
    return atValue(path, key, true, item ?? empty(cursor), siblings, style);
  }
  return atValue(path, key, false, value, siblings, style);
}

function inMapping(mapping: Mapping, path: readonly string[], cursor: number): Place | null {
  for (const [number, entry] of mapping.entries.entries()) {
    const siblings = siblingsOf(mapping, entry);
    if (touches(entry.key, cursor)) return atKey(path, entry, siblings, mapping.style);
    if (entry.colon === null || cursor < entry.colon) continue;
    const value = entry.value;
    if (value && within(value, cursor)) {
      return inside(value, path, entry.key.text, cursor, siblings, mapping.style);
    }
    const next = mapping.entries[number + 1]?.key.from ?? Infinity;
    if (!value && cursor < next) {
      return atValue(path, entry.key.text, false, empty(cursor), siblings, mapping.style);
    }
  }
  return atKey(path, null, siblingsOf(mapping, null), mapping.style, cursor);
}

/** In blocks it is the column that says which mapping a key that is not there yet belongs to. */
function blockPlace(body: string, root: Mapping, cursor: number): Place | null {
  const found = inBlocks(root, [], cursor, body);
  if (found) return found;
  const lineStart = body.lastIndexOf("\n", cursor - 1) + 1;
  if (body.slice(lineStart, cursor).trim()) return null;
  const { mapping, path } = belongsTo(root, cursor - lineStart, cursor, body);
  return mapping && atKey(path, null, siblingsOf(mapping, null), "block", cursor);
}

function inBlocks(
  mapping: Mapping,
  path: readonly string[],
  cursor: number,
  body: string,
): Place | null {
  for (const entry of mapping.entries) {
    const siblings = siblingsOf(mapping, entry);
    if (touches(entry.key, cursor)) return atKey(path, entry, siblings, "block");
    if (entry.colon === null || cursor < entry.colon) continue;
    const value = entry.value;
    if (value?.kind === "mapping" && value.style === "block") {
      const deeper = inBlocks(value, [...path, entry.key.text], cursor, body);
      if (deeper) return deeper;
      continue;
    }
    if (value && within(value, cursor))
      return inside(value, path, entry.key.text, cursor, siblings, "block");
    if (body.slice(entry.colon, cursor).includes("\n")) {
      if (value?.kind === "list" && /(^|\n)\s*-\s*$/.test(body.slice(0, cursor))) {
        if (cursor <= value.to + 1)
          return atValue(path, entry.key.text, true, empty(cursor), siblings, "block");
      }
      continue;
    }
    if (!value && cursor > entry.colon) {
      return atValue(path, entry.key.text, false, empty(cursor), siblings, "block");
    }
  }
  return null;
}

/** The mapping that a key in a column belongs to: of the nearest key above that stands further left. */
function belongsTo(
  root: Mapping,
  column: number,
  cursor: number,
  body: string,
): { mapping: Mapping | null; path: string[] } {
  let mapping: Mapping = root;
  const path: string[] = [];
  for (;;) {
    const first = mapping.entries[0];
    if (column === 0 || (first && columnOf(first, body) >= column)) return { mapping, path };
    const above: Entry | undefined = mapping.entries.filter(({ key }) => key.from < cursor).at(-1);
    if (above?.colon == null) return { mapping: mapping === root ? null : mapping, path };
    if (above.value === null) {
      path.push(above.key.text);
      const none: Mapping = {
        kind: "mapping",
        from: cursor,
        to: cursor,
        entries: [],
        style: "block",
        closed: false,
      };
      return { mapping: none, path };
    }
    if (above.value.kind !== "mapping" || above.value.style !== "block")
      return { mapping: null, path };
    mapping = above.value;
    path.push(above.key.text);
  }
}

function columnOf({ key }: Entry, body: string): number {
  return key.from - (body.lastIndexOf("\n", key.from - 1) + 1);
}

function siblingsOf(mapping: Mapping, besides: Entry | null): Map<string, string | null> {
  const written = mapping.entries.filter((entry) => entry !== besides && entry.colon !== null);
  return new Map(
    written.map(({ key, value }) => [key.text, value?.kind === "scalar" ? value.text : null]),
  );
}

function atKey(
  path: readonly string[],
  entry: Entry | null,
  siblings: Map<string, string | null>,
  style: Mapping["style"],
  cursor = 0,
): Place {
  const token = entry?.key ?? empty(cursor);
  const hasColon = entry !== null && entry.colon !== null;
  return { path, at: "key", key: null, inList: false, token, siblings, style, hasColon };
}

function atValue(
  path: readonly string[],
  key: string | null,
  inList: boolean,
  token: Scalar,
  siblings: ReadonlyMap<string, string | null>,
  style: Mapping["style"],
): Place {
  return { path, at: "value", key, inList, token, siblings, style, hasColon: true };
}

/** Whether the cursor is inside a value: behind its opening bracket, before its closing one. */
function within(value: Value, cursor: number): boolean {
  if (value.kind === "scalar") return touches(value, cursor);
  return cursor > value.from && (cursor < value.to || (!value.closed && cursor <= value.to));
}

function touches({ from, to }: Scalar | List | Mapping, cursor: number): boolean {
  return cursor >= from && cursor <= to;
}

function empty(at: number): Scalar {
  return { kind: "scalar", from: at, to: at, text: "", quote: null, closed: false };
}

function inComment(body: string, cursor: number): boolean {
  const line = body.slice(body.lastIndexOf("\n", cursor - 1) + 1, cursor);
  const code = line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "");
  return /(^|\s)#/.test(code) && !/["'][^"']*#[^"']*$/.test(code);
}
