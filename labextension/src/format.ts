/**
 * How numbers, durations and config values read: short, tabular, and in Python's words.
 *
 * In: values; out: plain text that goes into `textContent`. Nothing here knows a DOM.
 */
import type { Json } from "./protocol";

/** Four significant digits at most, without trailing zeros: 0.0767, 168, 5.7e-5, 1.23e+8. More only if asked. */
export function formatNumber(value: number | null, digits = 4): string {
  if (value === null) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return String(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    return value.toExponential(digits > 4 ? digits - 1 : 2).replace(/\.?0+e/, "e");
  }
  return String(Number(value.toPrecision(digits)));
}

/** Three digits, and as many more as it takes that 0.9999 does not read as a whole number. */
export function tellingDigits(value: number): number {
  const size = Math.abs(value);
  if (Number.isInteger(value) || !(size < 1e7)) return 3;
  // From here on the digits are those of rounding.
  for (let digits = 3; digits <= 12; digits++) {
    if (!Number.isInteger(Number(value.toPrecision(digits)))) return digits;
  }
  return 3;
}

/**
 * One formatter for a whole column: the same decimals in each row, so that digits line up, and as many
 * as tell the rows apart, up to six digits.
 */
export function columnFormatter(
  values: readonly (number | null)[],
): (value: number | null) => string {
  const finite = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const sizes = finite
    .map(Math.abs)
    .filter((size) => size > 0)
    .sort((a, b) => a - b);
  // The small ones (a loss' best) get three significant digits; a single tiny value has no say.
  const small = sizes[Math.floor(sizes.length / 10)] ?? 1;
  const median = sizes[Math.floor(sizes.length / 2)] ?? 1;
  const spread = spreadOf(finite, median);
  // Decimals that reach two digits into what the rows differ by, and those of six digits in all.
  const apart = spread > 0 ? 1 - Math.floor(Math.log10(spread)) : -Infinity;
  const most = 5 - Math.floor(Math.log10(median));
  if (finite.every(Number.isInteger) || small < 1e-3 || median >= 1e6) {
    const digits = Math.max(4, 6 - Math.max(0, most - apart));
    return (value) => formatNumber(value, digits);
  }
  const usual = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(small))));
  const decimals = Math.max(usual, Math.min(apart, most));
  return (value) => {
    if (value === null || !Number.isFinite(value)) return formatNumber(value);
    const size = Math.abs(value);
    // One diverged run must not widen the column, nor a tiny value be shown as zero.
    const fits = size < FAR * median && (size === 0 || size >= 0.5 * 10 ** -decimals);
    return fits ? value.toFixed(decimals) : formatNumber(value);
  };
}

/** What is this many times as large as the median diverged. */
const FAR = 1000;

/** What most rows of a column differ by; where most are equal, what any do. */
function spreadOf(values: readonly number[], median: number): number {
  const usual = values.filter((value) => Math.abs(value) < FAR * median).sort((a, b) => a - b);
  const at = (share: number): number => usual[Math.floor(share * (usual.length - 1))] ?? 0;
  return at(0.9) - at(0.1) || at(1) - at(0);
}

/** Less than a tenth of a second; 0.4 s, 12 s, 3 min 05 s, 1 h 02 min. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds > 0 && seconds < 0.05) return "< 0.1 s";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${pad(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** A duration of which nobody wants the seconds: 40 s, 6 min, 2 h 10 min. */
export function formatRoughly(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 || hours >= 10 ? `${hours} h` : `${hours} h ${pad(minutes % 60)} min`;
}

/** A config value as its author wrote it: Python's words for true, false and none. */
export function formatConfigValue(value: Json | undefined): string {
  if (value === undefined) return "–";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return formatNumber(value, tellingDigits(value));
  if (typeof value === "string") return value;
  return formatLiteral(value);
}

/** A value as a Python literal, in full: for the detail panel and tooltips. */
export function formatLiteral(value: Json): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return isLargeWhole(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(formatLiteral).join(", ")}]`;
  const items = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${formatLiteral(v)}`);
  return `{${items.join(", ")}}`;
}

/** Whole numbers that a float cannot hold come as text. */
function isLargeWhole(text: string): boolean {
  return /^-?[1-9]\d{15,}$/.test(text) && !Number.isSafeInteger(Number(text));
}

/** A user's name within a sentence: of a very long one its beginning and its end. */
export function shortName(name: string, most = 36): string {
  const letters = Array.from(name);
  if (letters.length <= most) return name;
  const tail = Math.floor(most / 3);
  return `${letters.slice(0, most - 1 - tail).join("")}…${letters.slice(-tail).join("")}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
