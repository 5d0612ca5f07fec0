/**
 * A Feed whose source can be changed under a dashboard that stays as it is: first a recording, then a kernel.
 *
 * In: sources. Out: what the source of the moment tells. A new source is asked for its whole picture, since
 * what a recording told was thinned; until it comes nothing else of the new source is passed on, and so what the user
 * brushed, sorted and opened stays. When a kernel has gone, what it told last is a recording, too.
 */
import type { Disposer, Feed, FeedListener } from "./feed";
import { PROTOCOL, type Hello, type PageRequest, type RunView, type SweepView } from "./protocol";
import { recordedFeed, type Recording } from "./recording";

export interface SwitchFeed extends Feed {
  /** Be fed by this from now on. Of a recording no finer points are asked: it has none. */
  connect(source: Feed, recorded: boolean): void;
  /** The source has gone: go on with what it told. `when` and `refusal` are for people. */
  hold(when: string, refusal: string): void;
  dispose(): void;
}

export function createSwitchFeed(): SwitchFeed {
  const listeners = new Set<FeedListener>();
  let source: Feed | null = null;
  let fromFile = false;
  let leave: Disposer | null = null;
  let hello: Hello | null = null;
  /** Until the source's whole picture has come. */
  let waiting = false;
  let sweep: SweepView | null = null;
  let runs = new Map<string, RunView>();
  const details = new Map<string, Recording["details"][string]>();
  const importance = new Map<string, Recording["importance"][string]>();

  const tell: FeedListener = (message, buffers) => {
    if (message.type === "snapshot") {
      waiting = false;
      runs = new Map();
    } else if (waiting && message.type !== "notice") return;
    if (message.type === "snapshot" || message.type === "delta") {
      sweep = message.sweep ?? sweep;
      for (const run of message.runs) runs.set(run.id, run);
    }
    if (message.type === "run_detail") details.set(message.run, message);
    if (message.type === "importance") importance.set(message.metric, message);
    for (const listener of [...listeners]) listener(message, buffers);
  };
  const send = (request: PageRequest): void => {
    source?.send(request.type === "hello" && waiting ? { ...request, cursors: {} } : request);
  };
  const connect = (to: Feed, recorded: boolean): void => {
    leave?.();
    source = to;
    fromFile = recorded;
    waiting = true;
    leave = to.subscribe((message, buffers) => {
      if (source === to) tell(message, buffers);
    });
    if (hello) send(hello);
  };

  return {
    subscribe(listener): Disposer {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(request): void {
      if (request.type === "hello") hello = request;
      if (request.type !== "zoom" || !fromFile) send(request);
    },
    connect,
    hold(when, refusal): void {
      if (!sweep) return;
      const still = [...runs.values()].map((run) =>
        run.state === "running" ? { ...run, started_at: null } : run,
      );
      const snapshot = {
        ...{ type: "snapshot" as const, protocol: PROTOCOL, series: [] },
        ...{ sweep: { ...sweep, left_s: null }, runs: still },
      };
      const recording = {
        snapshot,
        details: Object.fromEntries(details),
        importance: Object.fromEntries(importance),
        ...{ lengths: [], recorded: when },
      };
      leave?.();
      leave = null;
      waiting = false;
      fromFile = true;
      source = recordedFeed(recording, [], refusal);
      leave = source.subscribe(tell);
      tell({ ...snapshot, type: "delta", to: null }, []);
    },
    dispose(): void {
      leave?.();
      source = null;
      listeners.clear();
    },
  };
}
