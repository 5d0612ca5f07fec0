import { Token, type JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import type { ISignal } from "@lumino/signaling";
import type { ISessionContext } from "@jupyterlab/apputils";
import type { Feed } from "../feed";
export type LinkState =
  "no-kernel" | "other-language" | "connecting" | "not-loaded" | "live" | "lost" | "other-protocol";
export interface SweepItem {
  id: string;
  name: string;
  method: string;
  state: "running" | "paused" | "finished" | "cancelled";
  metric: string | null;
  goal: "minimize" | "maximize" | null;
  best: number | null;
  runs: number;
  finished: number;
  failed: number;
  total: number | null;
  created_at: number;
  running: { run: string; name: string; tail: number[] }[];
  note: string | null;
}
export interface KernelLink extends IDisposable {
  readonly state: LinkState;
  readonly stateChanged: ISignal<KernelLink, LinkState>;
  readonly storage: string | null;
  readonly sweeps: readonly SweepItem[];
  readonly sweepsChanged: ISignal<KernelLink, readonly SweepItem[]>;
  feed(sweepId: string): Feed;
  request<T>(name: string, content?: JSONObject): Promise<T>;
}
export interface ISweepLinks {
  of(session: ISessionContext): KernelLink;
  readonly active: KernelLink | null;
  readonly activeSession: ISessionContext | null;
  readonly activeChanged: ISignal<ISweepLinks, KernelLink | null>;
}
export const ISweepLinks = new Token<ISweepLinks>("nbsweep:ISweepLinks");
