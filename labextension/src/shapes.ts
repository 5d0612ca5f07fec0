/**
 * What came from a file is what it says it is, or is refused: the shapes of a recorded sweep, checked by name.
 *
 * A kernel's messages are our own and trusted; a notebook may have been cut, edited or made by anybody. After
 * this the dashboard can take its data as it takes a kernel's.
 */
import type {
  ImportanceMessage,
  ParameterImportance,
  ParameterView,
  RunView,
  SweepView,
} from "./protocol";

/** Why something from a file cannot be shown, as the end of a sentence. */
export class Unreadable extends Error {}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const truth: Check = (value) => typeof value === "boolean";
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const anything: Check = () => true;
const wireNumber: Check = (value) =>
  number(value) || value === "NaN" || value === "Infinity" || value === "-Infinity";
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapping =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check);
const shape =
  <T>(checks: Readonly<Record<keyof T & string, Check>>): Check =>
  (value) =>
    isRecord(value) &&
    Object.entries<Check>(checks).every(([name, check]) =>
      check(Object.hasOwn(value, name) ? value[name] : undefined),
    );

const parameter = shape<ParameterView>({
  name: text,
  kind: oneOf("number", "category"),
  integer: truth,
  log: truth,
  low: orNull(number),
  high: orNull(number),
  levels: orNull(list(anything)),
});

const sweep = shape<SweepView>({
  id: text,
  name: text,
  project: orNull(text),
  method: text,
  metric: orNull(shape({ name: text, goal: oneOf("minimize", "maximize") })),
  state: oneOf("running", "paused", "finished", "cancelled"),
  active: truth,
  count: orNull(number),
  counts: mapping(number),
  best: orNull(shape({ run: text, name: text, value: wireNumber })),
  note: orNull(text),
  note_kind: optional(text),
  parameters: list(parameter),
  keys: mapping(number),
  saved_s: orNull(number),
  trained_s: number,
  left_s: orNull(number),
  notice: optional(text),
  version: optional(number),
  outlook: orNull(text),
  now: number,
});

const run = shape<RunView>({
  id: text,
  number,
  name: text,
  state: oneOf("pending", "running", "finished", "failed", "stopped", "killed", "crashed"),
  config: mapping(anything),
  value: orNull(wireNumber),
  best: truth,
  summary: mapping(anything),
  started_at: orNull(number),
  duration_s: orNull(number),
  error: orNull(text),
  basis: optional(text),
  code: optional(text),
  code_changed: optional(truth),
});

const matter = shape<ParameterImportance>({
  name: text,
  kind: oneOf("number", "category"),
  importance: number,
  low: number,
  high: number,
  null_high: number,
  correlation: orNull(number),
  important: truth,
  more_runs: orNull(number),
  levels: list(
    shape({ level: anything, runs: number, mean: wireNumber, correlation: orNull(number) }),
  ),
});

const importance = shape<Omit<ImportanceMessage, "type" | "to">>({
  metric: text,
  rows: list(matter),
  runs_used: number,
  left_out: mapping(number),
  reason: orNull(text),
});

/** What opened rows show beyond the row; what is missing was left out. */
export interface MoreOfARun {
  readonly traceback?: string;
  readonly console?: string;
  readonly config?: RunView["config"];
}

const more = shape<MoreOfARun>({
  traceback: optional(text),
  console: optional(text),
  config: optional(mapping(anything)),
});

/** All of a recorded sweep but its curves. */
export interface Table {
  readonly sweep: SweepView;
  readonly runs: readonly RunView[];
  /** null: they were left out. */
  readonly details: Readonly<Record<string, MoreOfARun>> | null;
  /** By the hash that a run's row has. */
  readonly codes: Readonly<Record<string, string>>;
  readonly importance: Readonly<Record<string, Omit<ImportanceMessage, "to">>>;
}

const PARTS: Readonly<Record<keyof Table, [check: Check, what: string]>> = {
  sweep: [sweep, "its sweep"],
  runs: [list(run), "one of its runs"],
  details: [orNull(mapping(more)), "what it tells of a run"],
  codes: [mapping(text), "its code"],
  importance: [mapping(importance), "its importance"],
};

/** @throws Unreadable with the part that is not as it should be. */
export function readTable(value: unknown): Table {
  if (!isRecord(value)) throw new Unreadable("its table is no table");
  for (const [name, [check, what]] of Object.entries(PARTS)) {
    if (!check(value[name])) throw new Unreadable(`${what} cannot be read`);
  }
  return value as unknown as Table;
}
