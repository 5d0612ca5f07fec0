/**
 * A Feed whose source may change under a dashboard that stays: a notebook is closed and opened again.
 */
import type { Disposer, Feed, FeedListener } from "../feed";
import type { PageRequest } from "../protocol";

export interface Switch extends Feed {
  watch(watcher: (connected: boolean) => void): Disposer;
  /** Be fed by this from now on; null: by nothing. */
  connect(source: Feed | null): void;
}

export function createSwitch(): Switch {
  const listeners = new Set<FeedListener>();
  const watchers = new Set<(connected: boolean) => void>();
  let source: Feed | null = null;
  let leave: Disposer[] = [];
  const tell: FeedListener = (message, buffers) => {
    for (const listener of [...listeners]) listener(message, buffers);
  };
  const tellWatchers = (connected: boolean): void => {
    for (const watcher of [...watchers]) watcher(connected);
  };
  const join = (): void => {
    if (!source || listeners.size === 0 || leave.length > 0) return;
    leave = [source.subscribe(tell)];
    const unwatch = source.watch?.(tellWatchers);
    if (unwatch) leave.push(unwatch);
  };
  const part = (): void => {
    for (const end of leave) end();
    leave = [];
  };
  return {
    subscribe(listener): Disposer {
      listeners.add(listener);
      join();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) part();
      };
    },
    send(request: PageRequest): void {
      source?.send(request);
    },
    watch(watcher): Disposer {
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
      };
    },
    connect(to: Feed | null): void {
      part();
      source = to;
      join();
      tellWatchers(to !== null);
    },
  };
}
