/**
 * A page's link to a kernel that has nbsweep: what its store holds, live, and one comm for all that is asked of it.
 */
import type { ISessionContext } from "@jupyterlab/apputils";
import { Token, type JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import type { ISignal } from "@lumino/signaling";
import type { Feed } from "../feed";

export type LinkState =
  "no-kernel" | "other-language" | "connecting" | "not-loaded" | "live" | "lost" | "other-protocol";

export interface SweepItem {
  readonly id: string;
  readonly name: string;
}

export interface KernelLink extends IDisposable {
  readonly state: LinkState;
  readonly stateChanged: ISignal<KernelLink, LinkState>;
  /** Where the store is, for people. */
  readonly storage: string | null;
  readonly sweeps: readonly SweepItem[];
  readonly sweepsChanged: ISignal<KernelLink, readonly SweepItem[]>;
  feed(sweepId: string): Feed;
  request<T>(name: string, content?: JSONObject): Promise<T>;
}

export interface ISweepLinks {
  of(session: ISessionContext): KernelLink;
}

export const ISweepLinks = new Token<ISweepLinks>("nbsweep:ISweepLinks");
