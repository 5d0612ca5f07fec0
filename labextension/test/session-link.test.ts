/** The page's half of the link, with a kernel that is a fake and a wire that is real. */
import type { ISessionContext } from "@jupyterlab/apputils";
import { KernelMessage } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PROTOCOL } from "../src/protocol";
import type { KernelLink } from "../src/lab/link";
import { SweepLinks } from "../src/lab/session-link";

type Content = Record<string, unknown>;

interface FakeComm {
  readonly commId: string;
  isDisposed: boolean;
  dispose(): void;
  onMsg?: (message: unknown) => void;
  onClose?: () => void;
}

/** As much of a kernel as a wire asks of one; it answers what a kernel with nbsweep does. */
class FakeKernel {
  readonly id: string;
  readonly username = "";
  readonly clientId = "page";
  readonly handleComms: boolean;
  readonly statusChanged = new Signal<this, string>(this);
  readonly connectionStatusChanged = new Signal<this, string>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly comms = new Map<string, FakeComm>();
  readonly targets = new Map<string, (comm: unknown) => void>();
  readonly subshells = new Set<string>();
  readonly heard: Content[] = [];
  status = "idle";
  connectionStatus = "connected";
  isDisposed = false;
  loaded = true;
  language = "python";
  info: Promise<Content>;

  constructor(id = "kernel", handleComms = true) {
    this.id = id;
    this.handleComms = handleComms;
    this.info = new Promise(() => undefined); // as after a reload beside a running cell
  }

  registerCommTarget(target: string, callback: (comm: unknown) => void): void {
    this.targets.set(target, callback);
  }

  removeCommTarget(target: string): void {
    this.targets.delete(target);
  }

  createComm(): object {
    const commId = `comm-${Math.random()}`;
    const comm: FakeComm = {
      ...{ commId, isDisposed: false },
      dispose: (): void => {
        comm.isDisposed = true;
        this.comms.delete(commId);
      },
    };
    this.comms.set(commId, comm);
    return comm;
  }

  sendControlMessage(message: KernelMessage.IMessage): { done: Promise<unknown> } {
    return { done: Promise.resolve({ content: this.controlled(message) }) };
  }

  sendShellMessage(message: KernelMessage.IMessage): void {
    const { data } = message.content as { data: Content };
    this.heard.push({ ...data, at: message.header.msg_type });
    if (data.type === "hello") this.tell({ type: "sweeps", storage: "here", sweeps: [] });
    if (data.type === "request")
      this.tell(
        data.name === "refuse"
          ? { type: "reply", id: data.id, error: "It is refused." }
          : { type: "reply", id: data.id, content: "done" },
      );
  }

  tell(data: Content): void {
    for (const comm of this.comms.values()) comm.onMsg?.({ content: { data }, buffers: [] });
  }

  becomes(status: string): void {
    this.status = status;
    this.statusChanged.emit(status);
  }

  /** As JupyterLab's connection does it. */
  restart(): void {
    this.becomes("restarting");
    for (const comm of [...this.comms.values()]) comm.dispose();
    this.subshells.clear();
    this.loaded = false;
    this.becomes("idle");
  }

  private controlled({ header, content }: KernelMessage.IMessage): Content {
    switch (header.msg_type as string) {
      case "kernel_info_request":
        return {
          ...{ implementation: "ipython", language_info: { name: this.language } },
          supported_features: ["kernel subshells"],
        };
      case "comm_info_request":
        return { comms: this.loaded ? { here: {} } : {} };
      case "create_subshell_request": {
        const id = `subshell-${Math.random()}`;
        this.subshells.add(id);
        return { subshell_id: id };
      }
      case "delete_subshell_request":
        this.subshells.delete((content as { subshell_id: string }).subshell_id);
        return {};
      default:
        return {};
    }
  }
}

class FakeSession {
  readonly kernelChanged = new Signal<this, void>(this);
  readonly statusChanged = new Signal<this, void>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly ready = Promise.resolve();
  isDisposed = false;
  session: { kernel: FakeKernel } | null;

  constructor(kernel: FakeKernel | null) {
    this.session = kernel && { kernel };
  }

  get kernelDisplayStatus(): string {
    return this.session?.kernel.status ?? "unknown";
  }

  switchTo(kernel: FakeKernel | null): void {
    this.session = kernel && { kernel };
    this.kernelChanged.emit(undefined);
  }

  close(): void {
    this.isDisposed = true;
    this.disposed.emit(undefined);
  }

  get context(): ISessionContext {
    return this as unknown as ISessionContext;
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
};

let links: SweepLinks;
beforeEach(() => {
  vi.useFakeTimers();
  links = new SweepLinks();
});
afterEach(() => {
  links.dispose();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const linked = async (session: FakeSession): Promise<KernelLink> => {
  const link = links.of(session.context);
  await settled();
  return link;
};

describe("a link", () => {
  it("is live with a kernel that has nbsweep, over one comm on a subshell of its own", async () => {
    const kernel = new FakeKernel();
    const link = await linked(new FakeSession(kernel));
    expect(link.state).toBe("live");
    expect(kernel.heard).toEqual([{ type: "hello", protocol: PROTOCOL, at: "comm_open" }]);
    expect([kernel.comms.size, kernel.subshells.size]).toEqual([1, 1]);
    await expect(link.request("pause")).resolves.toBe("done");
    await expect(link.request("refuse")).rejects.toThrow("It is refused.");
  });

  it("waits for a kernel that loads nbsweep later, without asking again and again", async () => {
    const kernel = new FakeKernel();
    kernel.loaded = false;
    const link = await linked(new FakeSession(kernel));
    expect(link.state).toBe("not-loaded");
    await expect(link.request("pause")).rejects.toThrow("not connected");
    vi.advanceTimersByTime(120_000);
    expect(kernel.heard).toEqual([]);
    kernel.loaded = true;
    kernel.targets.get("nbsweep.here")!({ dispose: () => undefined });
    await settled();
    expect(link.state).toBe("live");
  });

  it("says so of a kernel in another language, of none, and of another version", async () => {
    const julia = new FakeKernel();
    julia.language = "julia";
    expect((await linked(new FakeSession(julia))).state).toBe("other-language");
    expect((await linked(new FakeSession(null))).state).toBe("no-kernel");
    const kernel = new FakeKernel("newer");
    const link = await linked(new FakeSession(kernel));
    kernel.tell({ type: "other-protocol", protocol: 99, version: "9" });
    expect(link.state).toBe("other-protocol");
  });

  it("is lost while the kernel restarts, and answers nobody's request in silence", async () => {
    const kernel = new FakeKernel();
    const session = new FakeSession(kernel);
    const link = await linked(session);
    const states: string[] = [];
    link.stateChanged.connect((_link, state) => states.push(state));
    kernel.sendShellMessage = () => undefined;
    const asked = link.request("pause");
    kernel.restart();
    await expect(asked).rejects.toThrow("went away");
    await settled();
    expect(states).toEqual(["lost", "connecting", "not-loaded"]);
  });

  it("knows of no store after a restart, so that what is listed next is no news", async () => {
    const kernel = new FakeKernel();
    const link = await linked(new FakeSession(kernel));
    const [told, states]: [unknown[], string[]] = [[], []];
    link.sweepsChanged.connect((_link, sweeps) => told.push([link.storage, sweeps.length]));
    link.stateChanged.connect((_link, state) => states.push(state));
    kernel.restart();
    await settled();
    expect(states.at(-1)).toBe("not-loaded");
    expect(told).toEqual([[null, 0]]);
  });

  it("has dashboards greet the new comm, where the old one answers after a gap before that is opened", async () => {
    const kernel = new FakeKernel();
    const link = await linked(new FakeSession(kernel));
    const [comm] = kernel.comms.keys();
    const feed = link.feed("sweep");
    feed.watch!((live) => {
      if (live) feed.send({ type: "here", session: "dashboard" });
    });
    const gap = (status: string): void => {
      kernel.connectionStatus = status;
      kernel.connectionStatusChanged.emit(status);
    };
    const answer = kernel.sendShellMessage.bind(kernel);
    kernel.sendShellMessage = () => undefined; // a busy kernel answers later
    gap("connecting");
    gap("connected");
    kernel.becomes("busy"); // which is why it is asked anew
    expect(link.state).toBe("connecting");
    kernel.sendShellMessage = answer;
    kernel.tell({ type: "sweeps", storage: "here", sweeps: [] });
    expect(link.state).toBe("live");
    await settled();
    expect(link.state).toBe("live");
    const held = [kernel.comms.size, kernel.comms.has(comm!), kernel.subshells.size];
    expect(held).toEqual([1, false, 1]);
    const said = kernel.heard.map(({ at, type }) => `${String(at)} ${String(type)}`);
    expect(said.lastIndexOf("comm_msg dashboard")).toBeGreaterThan(
      said.lastIndexOf("comm_open hello"),
    );
  });

  it("follows the session to another kernel and feeds dashboards from there", async () => {
    const [first, second] = [new FakeKernel("first"), new FakeKernel("second")];
    const session = new FakeSession(first);
    const link = await linked(session);
    const [told, connected]: [string[], boolean[]] = [[], []];
    const feed = link.feed("sweep");
    const leave = feed.subscribe((message) => told.push(message.type));
    const unwatch = feed.watch!((live) => connected.push(live));
    first.tell({ type: "dashboard", sweep: "sweep", content: { type: "snapshot" } });
    first.tell({ type: "dashboard", sweep: "other", content: { type: "delta" } });
    session.switchTo(second);
    await settled();
    expect([first.comms.size, first.subshells.size]).toEqual([0, 0]);
    expect(first.heard.at(-1)).toMatchObject({ at: "comm_close" });
    expect(connected).toEqual([false, true]);
    second.tell({ type: "dashboard", sweep: "sweep", content: { type: "notice" } });
    expect(told).toEqual(["snapshot", "notice"]);
    leave();
    unwatch();
    expect(second.heard.at(-1)).toEqual({ type: "leave", sweep: "sweep", at: "comm_msg" });
  });

  it("opens again when the kernel has taken a sleeping page for gone", async () => {
    const kernel = new FakeKernel();
    const link = await linked(new FakeSession(kernel));
    [...kernel.comms.values()][0]!.onClose!();
    expect(link.state).toBe("connecting");
    await settled();
    expect(link.state).toBe("live");
  });
});

it("shares one comm among notebooks at one kernel, until the last is closed", async () => {
  const kernel = new FakeKernel();
  const [one, two] = [new FakeSession(kernel), new FakeSession(kernel)];
  await linked(one);
  expect((await linked(two)).state).toBe("live");
  expect(kernel.comms.size).toBe(1);
  one.close();
  expect(links.of(two.context).state).toBe("live");
  two.close();
  await settled();
  expect([kernel.comms.size, kernel.subshells.size, kernel.targets.size]).toEqual([0, 0, 0]);
});

it("does not grow as fifty notebooks are opened and closed", async () => {
  const kernels: FakeKernel[] = [];
  for (let number = 0; number < 50; number++) {
    const kernel = new FakeKernel(`kernel-${number}`);
    const session = new FakeSession(kernel);
    links.activate(session.context);
    const link = await linked(session);
    link.feed("sweep").subscribe(() => undefined);
    session.close();
    await settled();
    expect(link.isDisposed).toBe(true);
    kernels.push(kernel);
  }
  expect(links.counts).toEqual({ links: 0, wires: 0 });
  expect(links.active).toBeNull();
  expect(vi.getTimerCount()).toBe(0);
  for (const kernel of kernels)
    expect([kernel.comms.size, kernel.subshells.size, kernel.targets.size]).toEqual([0, 0, 0]);
});
