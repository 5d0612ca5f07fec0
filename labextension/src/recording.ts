/**
 * A recorded sweep as a Feed: what a kernel would answer, answered from one block of bytes.
 *
 * In: the block of a report (nbsweep/notebook/report.py), or what a notebook's snapshot was unpacked to. Out:
 * messages in the kernel's protocol. Requests for what a kernel alone can do get a notice that says so.
 */
import type { Feed, FeedListener } from "./feed";
import type {
  ImportanceMessage,
  KernelMessage,
  PageRequest,
  RunDetail,
  SeriesView,
  Snapshot,
} from "./protocol";

/** What the block's JSON holds; `lengths` are the bytes of each array after it. */
export interface Recording {
  readonly snapshot: Omit<Snapshot, "to">;
  readonly details: Readonly<Record<string, Omit<RunDetail, "to">>>;
  readonly importance: Readonly<Record<string, Omit<ImportanceMessage, "to">>>;
  readonly lengths: readonly number[];
  /** When it was recorded, for people. */
  readonly recorded: string;
}

/** `refusal` is what is said to who asks for what only a kernel can do. */
export function recordedFeed(
  recording: Recording,
  buffers: readonly DataView[],
  refusal = `A report of ${recording.recorded} cannot do that.`,
): Feed {
  const listeners = new Set<FeedListener>();
  const tell = (message: KernelMessage, data: readonly DataView[] = []): void => {
    // Later, as from a kernel: who asks is not told while asking.
    setTimeout(() => {
      for (const listener of [...listeners]) listener(message, data);
    });
  };
  return {
    subscribe(listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(request): void {
      const answer = answerTo(recording, buffers, request, refusal);
      if (answer) tell(...answer);
    },
  };
}

type Answer = [message: KernelMessage, data?: readonly DataView[]];

export function answerTo(
  { snapshot, details, importance, recorded }: Recording,
  buffers: readonly DataView[],
  request: PageRequest,
  refusal = `A report of ${recorded} cannot do that.`,
): Answer | null {
  const to = request.session;
  const refused: Answer = [{ type: "notice", to, level: "info", text: refusal }];
  switch (request.type) {
    case "hello":
      if (Object.keys(request.cursors).length === 0) return [{ ...snapshot, to }, buffers];
      return [{ ...snapshot, type: "delta", to, series: [] }]; // the page holds all there is
    case "run_detail": {
      const detail = Object.hasOwn(details, request.run) ? details[request.run] : undefined;
      return detail ? [{ ...detail, to }] : refused;
    }
    case "importance": {
      const { metric } = request;
      const found = Object.hasOwn(importance, metric) ? importance[metric] : undefined;
      const reason = "This metric's importance was not recorded.";
      const none = { type: "importance" as const, metric, rows: [], runs_used: 0 };
      return [{ ...(found ?? { ...none, left_out: {}, reason }), to }];
    }
    case "zoom":
      return zoomed(snapshot.series, buffers, request);
    case "selection":
    case "here":
      return null;
    case "command":
    case "narrow":
      return refused;
  }
}

type Zoom = Extract<PageRequest, { type: "zoom" }>;

/** The recorded points between two steps: a report has no finer ones. */
function zoomed(
  series: readonly SeriesView[],
  buffers: readonly DataView[],
  { session, key, from, until }: Zoom,
): Answer {
  const data: DataView[] = [];
  const inside = series
    .filter((each) => each.key === key)
    .map((each) => {
      const steps = floats(buffers[each.steps]);
      const kept = steps.flatMap((step, place) => (step >= from && step <= until ? [place] : []));
      const columns = [each.steps, each.times, each.values].map((column) => {
        const values = floats(buffers[column]);
        return new DataView(new Float64Array(kept.map((place) => values[place] ?? NaN)).buffer);
      });
      const at = data.push(...columns) - columns.length;
      return { run: each.run, steps: at, times: at + 1, values: at + 2 };
    });
  return [{ type: "zoom", to: session, key, from, until, series: inside }, data];
}

function floats(view: DataView | undefined): number[] {
  if (!view) return [];
  const count = view.byteLength / 8;
  return Array.from({ length: count }, (_, place) => view.getFloat64(8 * place, true));
}

/** The block: four bytes with the JSON's length (little-endian), the JSON, the arrays. */
export function readBlock(block: ArrayBuffer): [Recording, DataView[]] {
  const length = new DataView(block).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(block, 4, length));
  const recording = JSON.parse(text) as Recording;
  let at = 4 + length;
  const buffers = recording.lengths.map((bytes) => {
    const view = new DataView(block.slice(at, at + bytes));
    at += bytes;
    return view;
  });
  return [recording, buffers];
}
