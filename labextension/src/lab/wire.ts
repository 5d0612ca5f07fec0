/**
 * One comm to a kernel, and all that goes over it: `nbsweep/notebook/link.py` has the other end.
 *
 * What has to be known before it is opened (the language, whether nbsweep is loaded) and the subshell
 * that answers it while a cell runs are asked for on the control channel: JupyterLab's own way to a
 * comm's subshell begins with a kernel_info_request on the shell channel, which after a page reload
 * beside a running cell is answered only when the cell has ended. Nothing polls: a kernel that loads
 * nbsweep later opens a comm `nbsweep.here`, which is the sign to ask again.
 */
import { KernelMessage, type Kernel } from "@jupyterlab/services";
import { UUID, type JSONObject, type JSONValue } from "@lumino/coreutils";
import type { IDisposable } from "@lumino/disposable";
import { Signal } from "@lumino/signaling";
import { PROTOCOL, type Goal, type KernelMessage as Said, type PageRequest } from "../protocol";

const TARGET = "nbsweep.link";
const HERE = "nbsweep.here";
/** The kernel takes pages for gone that it has not heard for long. */
const HERE_EVERY_MS = 10000;

export type WireState =
  "other-language" | "connecting" | "not-loaded" | "live" | "lost" | "other-protocol";

export interface RunningRun {
  readonly run: string;
  readonly name: string;
  /** At most 32 values, which draw its curve so far. */
  readonly tail: readonly number[];
}

export interface SweepItem {
  readonly id: string;
  readonly name: string;
  readonly method: string;
  readonly state: "running" | "paused" | "finished" | "cancelled";
  /** An agent is working on it now. */
  readonly active: boolean;
  readonly metric: string | null;
  readonly goal: Goal | null;
  readonly best: number | null;
  /** Begun so far. */
  readonly runs: number;
  /** Ended well, early stopped ones too. */
  readonly finished: number;
  /** Ended otherwise: failed, crashed, killed. */
  readonly failed: number;
  /** How many there will be; null when nobody has said. */
  readonly total: number | null;
  /** Unix seconds. */
  readonly created_at: number;
  /** The first few of those that run. */
  readonly running: readonly RunningRun[];
  readonly running_count: number;
  /** Why it is paused or ended, in one line. */
  readonly note: string | null;
  /** "failures", "target", "person"…: what the note is about. */
  readonly note_kind: string | null;
}

export interface DashboardMessage {
  readonly sweep: string;
  readonly message: Said;
  readonly buffers: readonly DataView[];
}

/** What the kernel says. */
type FromKernel =
  | { readonly type: "sweeps"; readonly storage: string; readonly sweeps: readonly SweepItem[] }
  | { readonly type: "trouble"; readonly text: string }
  | Reply
  | { readonly type: "dashboard"; readonly sweep: string; readonly content: Said }
  | { readonly type: "other-protocol" };

interface Reply {
  readonly type: "reply";
  readonly id: string;
  readonly content?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(content: unknown): void;
  reject(reason: Error): void;
}

export class Wire implements IDisposable {
  readonly stateChanged = new Signal<this, WireState>(this);
  readonly sweepsChanged = new Signal<this, readonly SweepItem[]>(this);
  readonly dashboard = new Signal<this, DashboardMessage>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly kernelId: string;
  isDisposed = false;

  private now: WireState = "connecting";
  private comm: Kernel.IComm | null = null;
  private subshell: string | null = null;
  /** Grows with each attempt, so that one that was overtaken gives up. */
  private attempt = 0;
  private readonly waiting = new Map<string, Waiting>();
  /** Who listens to which sweep's dashboard. */
  private readonly joined = new Map<string, Set<object>>();
  private readonly heartbeat: ReturnType<typeof setInterval>;
  private known: readonly SweepItem[] = [];
  private where: string | null = null;
  private wrong: string | null = null;

  constructor(private readonly kernel: Kernel.IKernelConnection) {
    this.kernelId = kernel.id;
    kernel.statusChanged.connect(this.statusChanged);
    kernel.connectionStatusChanged.connect(this.connectionChanged);
    kernel.disposed.connect(this.dispose);
    kernel.registerCommTarget(HERE, this.announced);
    this.heartbeat = setInterval(() => {
      this.send({ type: "here" });
    }, HERE_EVERY_MS);
    void this.connect();
  }

  get state(): WireState {
    return this.now;
  }

  get storage(): string | null {
    return this.where;
  }

  get trouble(): string | null {
    return this.wrong;
  }

  get sweeps(): readonly SweepItem[] {
    return this.known;
  }

  request<T>(name: string, content: JSONObject): Promise<T> {
    if (this.now !== "live")
      return Promise.reject(new Error("The kernel cannot be asked now: nbsweep is not connected."));
    const id = UUID.uuid4();
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send({ type: "request", id, name, content });
    });
  }

  /** A dashboard's words to the kernel. */
  say(sweep: string, content: PageRequest): void {
    this.send({ type: "dashboard", sweep, content: content as unknown as JSONValue });
  }

  join(sweep: string, listener: object): void {
    const listeners = this.joined.get(sweep) ?? new Set();
    this.joined.set(sweep, listeners.add(listener));
  }

  /** When nobody is left to listen, the kernel is told to send no more. */
  leave(sweep: string, listener: object): void {
    const listeners = this.joined.get(sweep);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.joined.delete(sweep);
    this.send({ type: "leave", sweep });
  }

  readonly dispose = (): void => {
    if (this.isDisposed) return;
    this.isDisposed = true;
    clearInterval(this.heartbeat);
    this.kernel.statusChanged.disconnect(this.statusChanged);
    this.kernel.connectionStatusChanged.disconnect(this.connectionChanged);
    this.kernel.disposed.disconnect(this.dispose);
    if (!this.kernel.isDisposed) this.kernel.removeCommTarget(HERE, this.announced);
    this.hangUp();
    this.become("lost");
    this.disposed.emit(undefined);
    Signal.clearData(this);
  };

  /** Part from the kernel in good order; also what a page that is closed has time for. */
  hangUp(): void {
    this.attempt += 1;
    const { comm, subshell } = this;
    this.comm = this.subshell = null;
    if (comm && !comm.isDisposed) {
      comm.onClose = nothing;
      if (!this.kernel.isDisposed && this.kernel.status !== "dead") {
        // Not over the subshell: its end, on the control channel, would overtake the comm's.
        this.sendOnShell("comm_close", { comm_id: comm.commId, data: {} }, null);
      }
      comm.dispose();
    }
    if (subshell !== null && !this.kernel.isDisposed && this.kernel.status !== "dead") {
      void this.ask("delete_subshell_request", { subshell_id: subshell }).catch(nothing);
    }
  }

  private readonly announced = (comm: Kernel.IComm): void => {
    // JupyterLab is about to start a subshell for this comm; disposed before that, it would be left behind.
    void this.kernel.info.then(() => {
      setTimeout(() => {
        comm.dispose();
      });
    });
    if (this.now !== "live") void this.connect();
  };

  private readonly statusChanged = (_kernel: unknown, status: Kernel.Status): void => {
    if (status === "restarting" || status === "autorestarting" || status === "dead") {
      this.forget();
      this.become("lost");
    } else if (this.now === "lost" && ["idle", "busy", "starting"].includes(status)) {
      void this.connect();
    }
  };

  private readonly connectionChanged = (
    _kernel: unknown,
    status: Kernel.ConnectionStatus,
  ): void => {
    if (status !== "connected") this.become("lost");
    else if (this.comm && !this.comm.isDisposed) this.greet();
    else void this.connect();
  };

  /** Find out whether there is somebody to link to, and link. */
  private async connect(): Promise<void> {
    const attempt = (this.attempt += 1);
    const overtaken = (): boolean => this.isDisposed || attempt !== this.attempt;
    if (!this.kernel.handleComms) {
      this.become("lost");
      return;
    }
    this.become("connecting");
    if (this.kernel.connectionStatus !== "connected") return; // it is tried again when it is
    try {
      const info = await Promise.race([this.kernel.info, this.askInfo()]);
      if (overtaken()) return;
      if (info.language_info.name !== "python") {
        this.become("other-language");
        return;
      }
      const loaded = await this.isLoaded(info);
      if (overtaken()) return;
      if (!loaded) {
        this.become("not-loaded");
        return;
      }
      const subshell = await this.newSubshell(info);
      if (overtaken()) {
        if (subshell !== null) void this.ask("delete_subshell_request", { subshell_id: subshell });
        return;
      }
      this.open(subshell);
    } catch (error) {
      if (overtaken()) return;
      console.warn("nbsweep: no link to the kernel", error);
      this.become("lost");
    }
  }

  private open(subshell: string | null): void {
    // After a gap the comm that was there may have answered meanwhile, and dashboards greeted it: they must greet this one.
    this.become("connecting");
    this.hangUp();
    const comm = this.kernel.createComm(TARGET);
    // The subshell is our own, and no second one is wanted.
    if ("commsOverSubshells" in comm) comm.commsOverSubshells = "disabled" as never;
    this.comm = comm;
    this.subshell = subshell;
    comm.onMsg = (message) => {
      this.hear(message);
    };
    comm.onClose = () => {
      if (this.comm !== comm) return;
      this.forget();
      this.become("lost");
      // The kernel took this page for gone, while it slept.
      if (!this.isDisposed && this.kernel.connectionStatus === "connected") void this.connect();
    };
    const data = { type: "hello", protocol: PROTOCOL };
    this.sendOnShell("comm_open", { comm_id: comm.commId, target_name: TARGET, data });
  }

  private greet(): void {
    this.send({ type: "hello", protocol: PROTOCOL });
  }

  /** The comm and the subshell went with the kernel. */
  private forget(): void {
    this.attempt += 1;
    const comm = this.comm;
    this.comm = this.subshell = null;
    if (comm && !comm.isDisposed) comm.dispose();
  }

  private become(state: WireState): void {
    if (state !== "live") {
      for (const waiting of this.waiting.values())
        waiting.reject(new Error("The kernel went away before it answered."));
      this.waiting.clear();
    }
    if (state === this.now) return;
    this.now = state;
    if (state === "not-loaded" || state === "other-language") {
      this.known = [];
      this.where = this.wrong = null; // what is listed next is another's first list
      this.sweepsChanged.emit(this.known);
    }
    this.stateChanged.emit(state);
  }

  private hear(message: KernelMessage.ICommMsgMsg): void {
    const said = message.content.data as unknown as FromKernel;
    switch (said.type) {
      case "sweeps":
        this.known = said.sweeps;
        this.where = said.storage;
        this.wrong = null;
        this.become("live");
        this.sweepsChanged.emit(this.known);
        break;
      case "trouble":
        this.wrong = said.text;
        this.become("live");
        this.sweepsChanged.emit(this.known);
        break;
      case "reply":
        this.answered(said);
        break;
      case "dashboard": {
        const buffers = (message.buffers ?? []).map(toDataView);
        this.dashboard.emit({ sweep: said.sweep, message: said.content, buffers });
        break;
      }
      case "other-protocol":
        this.become("other-protocol");
        break;
    }
  }

  private answered({ id, content, error }: Reply): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) waiting?.resolve(content);
    else waiting?.reject(new Error(error));
  }

  private send(data: JSONObject): void {
    const comm = this.comm;
    if (!comm || comm.isDisposed || this.kernel.isDisposed) return;
    if (this.now !== "live" && data.type !== "hello") return;
    this.sendOnShell("comm_msg", { comm_id: comm.commId, data });
  }

  /** `comm.send` knows only the subshells that JupyterLab makes. */
  private sendOnShell(
    msgType: "comm_open" | "comm_msg" | "comm_close",
    content: JSONObject,
    subshell = this.subshell,
  ): void {
    const { username, clientId: session } = this.kernel;
    const options = { msgType, channel: "shell", username, session, content };
    const message = created(options) as KernelMessage.IShellMessage;
    if (subshell !== null) Object.assign(message.header, { subshell_id: subshell });
    // Nobody waits for the reply, which ends the future.
    this.kernel.sendShellMessage(message, false, true);
  }

  private async askInfo(): Promise<KernelMessage.IInfoReply> {
    return (await this.ask("kernel_info_request", {})) as unknown as KernelMessage.IInfoReply;
  }

  /** The comm `nbsweep.here` stays open in a kernel that has loaded nbsweep. */
  private async isLoaded(info: KernelMessage.IInfoReply): Promise<boolean> {
    const asked = { target_name: HERE };
    // Not every Python kernel answers this beside a running cell, on its control channel.
    const reply =
      info.implementation === "ipython"
        ? await this.ask("comm_info_request", asked)
        : (await this.kernel.requestCommInfo(asked)).content;
    const comms = (reply as { comms?: JSONObject }).comms ?? {};
    return Object.keys(comms).length > 0;
  }

  private async newSubshell(info: KernelMessage.IInfoReply): Promise<string | null> {
    const features = (info as { supported_features?: readonly string[] }).supported_features ?? [];
    if (!features.includes("kernel subshells")) return null;
    const reply = await this.ask("create_subshell_request", {});
    return typeof reply.subshell_id === "string" ? reply.subshell_id : null;
  }

  /** A question on the control channel, which is answered beside a running cell. */
  private async ask(msgType: string, content: JSONObject): Promise<JSONObject> {
    const { username, clientId: session } = this.kernel;
    const options = { msgType, channel: "control", username, session, content };
    const message = created(options) as KernelMessage.IControlMessage;
    const reply = await this.kernel.sendControlMessage(message, true, true).done;
    return reply.content as unknown as JSONObject;
  }
}

/** JupyterLab's types know a message kind only on the channel and with the content it is usual with. */
const created = KernelMessage.createMessage as unknown as (
  options: JSONObject,
) => KernelMessage.IMessage;

function toDataView(buffer: ArrayBuffer | ArrayBufferView): DataView {
  if (buffer instanceof DataView) return buffer;
  if (ArrayBuffer.isView(buffer))
    return new DataView(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
  return new DataView(buffer);
}

function nothing(): void {
  // Nobody is left to be told.
}
