/**
 * A snapshot in a notebook's output (nbsweep/notebook/snapshot.py), read as a recording.
 *
 * In: what stands under `MIME`, from whatever file. Out: a head at once, and the recording when it is
 * unpacked; or an `Unreadable` that says why not. Nothing else is thrown, whatever the file holds.
 */
import { unpack } from "./packing";
import { PROTOCOL, type RunDetail } from "./protocol";
import type { Recording } from "./recording";
import { isRecord, readTable, Unreadable, type Table } from "./shapes";

export const MIME = "application/vnd.nbsweep.v1+json";
const VERSION = 1;
/** What a block may grow to: hundreds of times what nbsweep writes, and no danger to a page. */
const MOST_BYTES = 64_000_000;
const NOT_KEPT = "(not kept in the notebook)"; // as nbsweep/notebook/snapshot.py says it

/** What every snapshot says in the clear. */
export interface Head {
  readonly sweep: string;
  /** The widget that shows the same sweep, in this output or the one above. */
  readonly widget: string | null;
  /** This is the widget's own output: the snapshot is in the next one. */
  readonly below: boolean;
  /** Unix seconds; null where nothing was recorded. */
  readonly recorded: number | null;
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/** @throws Unreadable for what is no snapshot, or one of a later version. */
export function readHead(data: unknown): Head {
  if (!isRecord(data)) throw new Unreadable("it is not a JSON object");
  const { version, protocol, sweep, widget, below, recorded, notes } = data;
  if (typeof version === "number" && version > VERSION) {
    throw new Unreadable(`it was written by a later nbsweep, in version ${version} of the format`);
  }
  if (version !== VERSION || typeof sweep !== "string") throw new Unreadable("it has no version");
  if (protocol !== undefined && protocol !== PROTOCOL) {
    throw new Unreadable(`it was written by an nbsweep of another protocol`);
  }
  return {
    sweep,
    widget: typeof widget === "string" ? widget : null,
    below: below === true,
    recorded: typeof recorded === "number" && Number.isFinite(recorded) ? recorded : null,
    notes: Array.isArray(notes) ? notes.filter((note) => typeof note === "string") : [],
  };
}

export interface Playable {
  readonly recording: Recording;
  readonly buffers: readonly DataView[];
}

/**
 * The recording in a snapshot, whose head was read.
 *
 * @param when - the time of the recording, for people.
 * @throws Unreadable, also for a snapshot without a recording.
 */
export async function readSnapshot(data: unknown, when: string): Promise<Playable> {
  try {
    const { sweep } = readHead(data);
    const { table, curves } = data as Readonly<Record<string, unknown>>;
    if (typeof table !== "string") throw new Unreadable("nothing was recorded");
    const read = readTable(JSON.parse(new TextDecoder().decode(await inflated(table))));
    if (read.sweep.id !== sweep) throw new Unreadable("it holds another sweep than it says");
    const ids = read.runs.map(({ id }) => id);
    const { series, buffers } =
      typeof curves === "string" && curves !== ""
        ? unpack(await inflated(curves), ids)
        : { series: [], buffers: [] };
    return { recording: recordingOf(read, series, when), buffers };
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable("it is damaged");
  }
}

function recordingOf(
  { sweep, runs, details, codes, importance }: Table,
  series: Recording["snapshot"]["series"],
  when: string,
): Recording {
  const detailed = runs.map((run): [string, Omit<RunDetail, "to">] => {
    const more = details && Object.hasOwn(details, run.id) ? details[run.id] : undefined;
    const hash = run.code ?? "";
    return [
      run.id,
      {
        ...{ type: "run_detail", run: run.id, traceback: more?.traceback ?? run.error },
        console: more?.console ?? (details ? "" : NOT_KEPT),
        config: more?.config ?? run.config,
        code: Object.hasOwn(codes, hash) ? (codes[hash] ?? null) : null,
      },
    ];
  });
  const told = Object.entries(importance).map(([metric, found]) => [
    metric,
    { ...found, type: "importance" as const, metric },
  ]);
  return {
    snapshot: { type: "snapshot", protocol: PROTOCOL, sweep, runs, series },
    // A run or a metric may be called "__proto__".
    details: Object.fromEntries(detailed),
    importance: Object.fromEntries(told) as Recording["importance"],
    lengths: [],
    recorded: when,
  };
}

async function inflated(base64: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const reader = new Blob([packed])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"))
    .getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
    if (size > MOST_BYTES) {
      void reader.cancel();
      throw new Unreadable("it would be too large");
    }
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
