/**
 * Greets the kernel, tells when nobody answers, and asks again after a gap.
 *
 * In: a Feed. Out: messages as they come, and `lost` when hellos or commands meet silence. A widget
 * cannot see its kernel die; silence where an answer is due is all there is to go by.
 */
import type { Feed, FeedListener } from "./feed";
import { PROTOCOL, type Command, type Cursors, type PageRequest } from "./protocol";

const RETRIES_MS = [3000, 4000, 8000, 16000, 30000];
const COMMAND_PATIENCE_MS = 12000;
const RESYNC_PAUSE_MS = 1000;
const HERE_EVERY_MS = 10000;

export interface ConnectionHooks {
  cursors(): Cursors;
  /** Keys whose series the page wants; empty before it knows. */
  keys(): readonly string[];
  /** Returns whether the message was meant for this page. */
  message(...heard: Parameters<FeedListener>): boolean;
  lost(): void;
}

export interface ConnectionToKernel {
  /** Ask at once for what the page lacks. */
  hello(): void;
  resync(): void;
  command(command: Command): void;
  request(request: PageRequest): void;
  dispose(): void;
}

export function connect(feed: Feed, session: string, hooks: ConnectionHooks): ConnectionToKernel {
  let retry: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let resync: ReturnType<typeof setTimeout> | undefined;

  const hello = (attempt: number): void => {
    const [held, keys] = [hooks.cursors(), hooks.keys()];
    feed.send({ type: "hello", protocol: PROTOCOL, session, cursors: held, keys });
    clearTimeout(retry);
    const wait_ms = RETRIES_MS[attempt];
    if (wait_ms === undefined) return;
    retry = setTimeout(() => {
      hooks.lost();
      hello(attempt + 1);
    }, wait_ms);
  };

  const unsubscribe = feed.subscribe((message, buffers) => {
    if (!hooks.message(message, buffers)) return;
    clearTimeout(retry);
    clearTimeout(patience);
  });
  const unwatch = feed.watch?.((connected) => {
    if (connected) hello(0);
    else hooks.lost();
  });
  // A tick later: the hooks are those of somebody who is still being put together.
  retry = setTimeout(() => {
    hello(0);
  });

  const here = setInterval(() => {
    feed.send({ type: "here", session });
  }, HERE_EVERY_MS);

  return {
    hello(): void {
      hello(0);
    },
    resync(): void {
      resync ??= setTimeout(() => {
        resync = undefined;
        hello(0);
      }, RESYNC_PAUSE_MS);
    },
    command(command: Command): void {
      feed.send(command);
      clearTimeout(patience);
      patience = setTimeout(() => {
        hooks.lost();
      }, COMMAND_PATIENCE_MS);
    },
    request(request: PageRequest): void {
      feed.send(request);
    },
    dispose(): void {
      for (const timer of [retry, patience, resync]) clearTimeout(timer);
      clearInterval(here);
      unsubscribe();
      unwatch?.();
    },
  };
}

/** A page's own name. `randomUUID` is missing on plain http, where Jupyter often lives. */
export function newSession(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
