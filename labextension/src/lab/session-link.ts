/**
 * Links by session and wires by kernel: what stands behind `ISweepLinks`.
 */
import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { JSONObject } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Disposer, Feed, FeedListener } from "../feed";
import type { PageRequest } from "../protocol";
import type { ISweepLinks, KernelLink, LinkState } from "./link";
import { Wire, type DashboardMessage, type SweepItem } from "./wire";

/** What a session says while its kernel is about to be there. */
const STARTING: readonly string[] = ["initializing", "starting", "restarting", "connecting"];

export class SweepLinks implements ISweepLinks, IDisposable {
  private readonly links = new Map<ISessionContext, SessionLink>();
  private readonly wires = new WirePool();
  private readonly changed = new Signal<this, KernelLink | null>(this);
  private session: ISessionContext | null = null;
  isDisposed = false;

  of(session: ISessionContext): KernelLink {
    const known = this.links.get(session);
    if (known) return known;
    const link = new SessionLink(session, this.wires);
    this.links.set(session, link);
    link.disposed.connect(() => {
      this.links.delete(session);
      if (this.session === session) this.activate(null);
    });
    return link;
  }

  get active(): KernelLink | null {
    return this.session ? this.of(this.session) : null;
  }

  get activeSession(): ISessionContext | null {
    return this.session;
  }

  get activeChanged(): ISignal<this, KernelLink | null> {
    return this.changed;
  }

  activate(session: ISessionContext | null): void {
    const chosen = session?.isDisposed === true ? null : session;
    if (this.session === chosen) return;
    this.session = chosen;
    this.changed.emit(this.active);
  }

  /** How many there are: nothing may grow as notebooks come and go. */
  get counts(): { links: number; wires: number } {
    return { links: this.links.size, wires: this.wires.size };
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.session = null;
    for (const link of [...this.links.values()]) link.dispose();
    Signal.clearData(this);
  }
}

/** One wire a kernel, for as long as somebody holds it. */
class WirePool {
  private readonly held = new Map<string, { wire: Wire; holders: number }>();

  get size(): number {
    return this.held.size;
  }

  /** Two notebooks at one kernel share a wire: JupyterLab takes comms from one connection a kernel only. */
  take(kernel: Kernel.IKernelConnection): Wire {
    let entry = this.held.get(kernel.id);
    if (!entry || entry.wire.isDisposed) {
      entry = { wire: new Wire(kernel), holders: 0 };
      this.held.set(kernel.id, entry);
    }
    entry.holders += 1;
    return entry.wire;
  }

  leave(wire: Wire): void {
    const entry = this.held.get(wire.kernelId);
    if (entry?.wire !== wire) return;
    entry.holders -= 1;
    if (entry.holders > 0) return;
    this.held.delete(wire.kernelId);
    wire.dispose();
  }
}

class SessionLink implements KernelLink {
  readonly disposed = new Signal<this, void>(this);
  readonly stateChanged = new Signal<this, LinkState>(this);
  readonly sweepsChanged = new Signal<this, readonly SweepItem[]>(this);
  private readonly listeners = new Map<string, Set<FeedListener>>();
  private readonly watchers = new Set<(connected: boolean) => void>();
  private wire: Wire | null = null;
  private kernel: Kernel.IKernelConnection | null = null;
  private told: LinkState = "no-kernel";
  isDisposed = false;

  constructor(
    private readonly session: ISessionContext,
    private readonly wires: WirePool,
  ) {
    session.kernelChanged.connect(this.follow);
    session.statusChanged.connect(this.tellState);
    session.disposed.connect(this.dispose);
    void session.ready.then(() => {
      if (!this.isDisposed) this.tellState();
    });
    this.follow();
  }

  get state(): LinkState {
    if (this.wire) return this.wire.state;
    if (this.isDisposed) return "no-kernel";
    const status = this.session.kernelDisplayStatus;
    if (status === "dead") return "lost";
    return STARTING.includes(status) ? "connecting" : "no-kernel";
  }

  get storage(): string | null {
    return this.wire?.storage ?? null;
  }

  get trouble(): string | null {
    return this.wire?.trouble ?? null;
  }

  get sweeps(): readonly SweepItem[] {
    return this.wire?.sweeps ?? [];
  }

  feed(sweepId: string): Feed {
    return {
      subscribe: (listener: FeedListener): Disposer => {
        const listeners = this.listeners.get(sweepId) ?? new Set();
        this.listeners.set(sweepId, listeners.add(listener));
        this.wire?.join(sweepId, this);
        return () => {
          if (!listeners.delete(listener) || listeners.size > 0) return;
          this.listeners.delete(sweepId);
          this.wire?.leave(sweepId, this);
        };
      },
      send: (request: PageRequest): void => {
        this.wire?.say(sweepId, request);
      },
      watch: (watcher: (connected: boolean) => void): Disposer => {
        this.watchers.add(watcher);
        return () => {
          this.watchers.delete(watcher);
        };
      },
    };
  }

  request<T>(name: string, content: JSONObject = {}): Promise<T> {
    if (this.wire) return this.wire.request<T>(name, content);
    return Promise.reject(new Error("The notebook has no kernel to ask."));
  }

  readonly dispose = (): void => {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.session.kernelChanged.disconnect(this.follow);
    this.session.statusChanged.disconnect(this.tellState);
    this.session.disposed.disconnect(this.dispose);
    this.letGo();
    this.tellState();
    this.disposed.emit(undefined);
    this.listeners.clear();
    this.watchers.clear();
    Signal.clearData(this);
  };

  private readonly follow = (): void => {
    const kernel = this.session.session?.kernel ?? null;
    // A session may say twice that it has this kernel.
    const same = kernel === this.kernel && this.wire?.isDisposed === false;
    if (same && kernel?.isDisposed === false) return;
    this.letGo();
    if (kernel && !kernel.isDisposed) {
      const wire = this.wires.take(kernel);
      this.wire = wire;
      this.kernel = kernel;
      wire.stateChanged.connect(this.tellState);
      wire.sweepsChanged.connect(this.tellSweeps);
      wire.dashboard.connect(this.relay);
      wire.disposed.connect(this.follow);
      for (const sweepId of this.listeners.keys()) wire.join(sweepId, this);
    }
    this.tellState();
    this.tellSweeps();
  };

  private letGo(): void {
    const wire = this.wire;
    if (!wire) return;
    this.wire = this.kernel = null;
    wire.stateChanged.disconnect(this.tellState);
    wire.sweepsChanged.disconnect(this.tellSweeps);
    wire.dashboard.disconnect(this.relay);
    wire.disposed.disconnect(this.follow);
    for (const sweepId of this.listeners.keys()) wire.leave(sweepId, this);
    this.wires.leave(wire);
  }

  private readonly tellState = (): void => {
    const before = this.told;
    this.told = this.state;
    if (before === this.told) return;
    this.stateChanged.emit(this.told);
    if (before !== "live" && this.told !== "live") return;
    for (const watcher of [...this.watchers]) watcher(this.told === "live");
  };

  private readonly tellSweeps = (): void => {
    this.sweepsChanged.emit(this.sweeps);
  };

  private readonly relay = (_wire: Wire, { sweep, message, buffers }: DashboardMessage): void => {
    for (const listener of [...(this.listeners.get(sweep) ?? [])]) listener(message, buffers);
  };
}
