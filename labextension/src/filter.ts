/**
 * The words that filter runs.
 *
 * In: what the user wrote, and a run; out: whether each word finds it. A bare word is sought anywhere in the run's name,
 * state, reason and settings. `name=value` is a setting whose value is just that, so that `optimizer=adam` does not find
 * adamw; `lr=0.1` finds a nested `model.lr` too. What has blanks in it stands in quotes.
 */
import { formatConfigValue } from "./format";
import type { Json, RunView } from "./protocol";

interface Word {
  readonly text: string;
  /** Of `name=value`; null for a bare word. */
  readonly setting: { readonly name: string; readonly value: string } | null;
}

/** Whether each run is what the words ask for; null where there are none. */
export function filterOf(written: string): ((run: RunView) => boolean) | null {
  const words = wordsOf(written);
  return words.length === 0 ? null : (run) => finds(words, run);
}

function wordsOf(written: string): Word[] {
  const found = written.toLowerCase().match(/(?:"[^"]*"|\S)+/g) ?? [];
  return found.map((word) => {
    const text = word.replace(/"([^"]*)"/g, "$1");
    const at = text.indexOf("=");
    const setting = at > 0 ? { name: text.slice(0, at), value: text.slice(at + 1) } : null;
    return { text, setting };
  });
}

function finds(words: readonly Word[], run: RunView): boolean {
  const settings = Object.entries(run.config);
  let all: string | null = null;
  return words.every(({ text, setting }) => {
    if (setting) return settings.some(([name, value]) => isSetting(setting, name, value));
    all ??= [
      ...[run.name, run.state, run.error ?? ""],
      ...settings.map(([name, value]) => `${name}=${formatConfigValue(value)}`),
    ]
      .join("\n")
      .toLowerCase();
    return all.includes(text);
  });
}

function isSetting(asked: NonNullable<Word["setting"]>, name: string, value: Json): boolean {
  const own = name.toLowerCase();
  if (own !== asked.name && !own.endsWith(`.${asked.name}`)) return false;
  // As long as no value has been written, all that have the parameter.
  return asked.value === "" || isValue(asked.value, value);
}

/** A number by its value, and by its digits in the table; all else by its text there, whatever its blanks. */
function isValue(asked: string, value: Json): boolean {
  if (typeof value === "number" && Number(asked) === value) return true;
  return unspaced(formatConfigValue(value)) === unspaced(asked);
}

/** A list reads `[1, 2]` in the table, and is a word as `[1,2]`. */
function unspaced(text: string): string {
  return text.toLowerCase().replace(/\s+/g, "");
}
