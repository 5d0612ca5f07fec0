/**
 * The page's half of the link to a kernel: what panels, tabs, status bar and editor share.
 *
 * A `KernelLink` belongs to a session (a notebook) and follows its kernel through restart, death and
 * switch; underneath, one `Wire` a kernel carries everything. Nothing here draws.
 */
import type { ISessionContext } from "@jupyterlab/apputils";
import { Token, type JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import type { ISignal } from "@lumino/signaling";
import type { Feed } from "../feed";
import type { SweepItem, WireState } from "./wire";

export type { SweepItem } from "./wire";

/**
 * - `no-kernel`: the notebook has none now;
 * - `other-language`: its kernel is not Python;
 * - `connecting`: asking, the answer is to come;
 * - `not-loaded`: the kernel has not loaded nbsweep yet;
 * - `live`;
 * - `lost`: the kernel died, restarts, or the server is away;
 * - `other-protocol`: the kernel has another version of nbsweep than this page.
 */
export type LinkState = "no-kernel" | WireState;

export interface KernelLink extends IDisposable {
  readonly state: LinkState;
  readonly stateChanged: ISignal<KernelLink, LinkState>;
  /** Where the store is, for people; null before the kernel has said so. */
  readonly storage: string | null;
  /** Newest first; while the link is lost, as they were. */
  readonly sweeps: readonly SweepItem[];
  /** Also emitted when `storage` or `trouble` changed. */
  readonly sweepsChanged: ISignal<KernelLink, readonly SweepItem[]>;
  /** What is wrong with the store now, in the kernel's words; null when all is well. */
  readonly trouble: string | null;
  /** A sweep's dashboard messages. When the last subscriber goes, the kernel sends no more. */
  feed(sweepId: string): Feed;
  /** Rejects with an Error whose message is for people: the kernel's words, or why it cannot be asked. */
  request<T>(name: string, content?: JSONObject): Promise<T>;
}

export interface ISweepLinks {
  /** The same one each time, until the session is disposed. */
  of(session: ISessionContext): KernelLink;
  /** That of the notebook that was used last; null when there is none. */
  readonly active: KernelLink | null;
  readonly activeSession: ISessionContext | null;
  readonly activeChanged: ISignal<ISweepLinks, KernelLink | null>;
}

export const ISweepLinks = new Token<ISweepLinks>(
  "nbsweep:ISweepLinks",
  "The links between notebooks and nbsweep in their kernels.",
);
