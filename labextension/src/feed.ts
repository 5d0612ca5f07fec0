/**
 * Feed: the one door through which the dashboard hears from a kernel and speaks to it.
 *
 * In comes a kernel message with its binary buffers; out goes a page request. The dashboard knows
 * nothing else of the transport, so a recorded feed (dev/), anywidget and a JupyterLab panel are
 * all alike to it.
 */
import type { KernelMessage, PageRequest } from "./protocol";

export type Disposer = () => void;
export type FeedListener = (message: KernelMessage, buffers: readonly DataView[]) => void;

export interface Feed {
  subscribe(listener: FeedListener): Disposer;
  send(request: PageRequest): void;
  /** Where the transport can tell: the way to the kernel is there (again), or is gone. */
  watch?(watcher: (connected: boolean) => void): Disposer;
}
