/**
 * The levels of a category: which values are one level, what names it, and how it reads.
 *
 * In: values of configs. Out: Levels. Two values are the same as nbsweep/support.py's `identity` says:
 * 1 and 1.0 are one, True, "True" and 1 are three, the order of a dict's keys does not count.
 */
import { formatConfigValue, formatLiteral, formatNumber, tellingDigits } from "./format";
import type { Json } from "./protocol";

export interface Level {
  /** What brushes name it by, in full: no other value has it, on whatever axis. */
  readonly label: string;
  /** What is shown: as short as it can be beside the other levels of its axis. */
  readonly shown: string;
  readonly value: Json;
}

/** Numbers ascending, all else as it came. */
export function levelsOf(values: readonly Json[]): Level[] {
  const distinct = new Map<string, Json>();
  for (const value of values) {
    const label = levelLabel(value);
    if (!distinct.has(label)) distinct.set(label, value);
  }
  const found = [...distinct];
  if (found.every(([, value]) => typeof value === "number"))
    found.sort(([, a], [, b]) => Number(a) - Number(b));
  const texts = levelTexts(found.map(([, value]) => value));
  return found.map(([label, value], index) => ({ label, shown: texts[index] ?? label, value }));
}

/** A value as a Python literal, but for strings, which are bare unless they read as something else. */
export function levelLabel(value: Json): string {
  return typeof value === "string" && !readsAsOther(value) ? value : literal(value);
}

/** How each of some different values reads: the fewest digits and quotes that keep them apart. */
export function levelTexts(values: readonly Json[]): string[] {
  const numbers = values.filter((value) => typeof value === "number");
  const digits = digitsApart(numbers);
  const plain = values.map((value) =>
    typeof value === "number" ? formatNumber(value, digits) : formatConfigValue(value),
  );
  const counts = countsOf(plain);
  const texts = values.map((value, index) => {
    const text = plain[index]!;
    const mistakable = text === "" || (counts.get(text) ?? 0) > 1;
    return typeof value === "string" && mistakable ? JSON.stringify(value) : text;
  });
  return countsOf(texts).size === texts.length ? texts : values.map(levelLabel);
}

/** As many digits as a float can have; with fewer two of them may read alike. */
const MOST_DIGITS = 17;

function digitsApart(numbers: readonly number[]): number {
  const distinct = new Set(numbers).size;
  let digits = Math.max(3, ...numbers.map((number) => tellingDigits(number)));
  const apart = (): number => countsOf(numbers.map((each) => formatNumber(each, digits))).size;
  while (digits < MOST_DIGITS && apart() < distinct) digits += 1;
  return digits;
}

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** The wire's words for numbers that JSON lacks, which are strings here, are those numbers. */
const WORDS_OF_THE_WIRE = ["NaN", "Infinity", "-Infinity"];

function readsAsOther(text: string): boolean {
  if (text === "" || /^["[{]/.test(text)) return true;
  if (text === "None" || text === "True" || text === "False") return true;
  return String(Number(text)) === text && !WORDS_OF_THE_WIRE.includes(text);
}

function literal(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}: ${literal(value[key]!)}`).join(", ")}}`;
  }
  return formatLiteral(value);
}
