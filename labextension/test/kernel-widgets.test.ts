import type { ISessionContext } from "@jupyterlab/apputils";
import type { KernelMessage } from "@jupyterlab/services";
import { Signal } from "@lumino/signaling";
import { beforeEach, describe, expect, it, vi } from "vitest";

// What JupyterLab's services load at import needs a browser; of them only this is used.
vi.mock("@jupyterlab/services", () => ({
  KernelMessage: {
    isCommOpenMsg: (message: KernelMessage.IMessage) => message.header.msg_type === "comm_open",
  },
}));
const { KernelWidgets } = await import("../src/lab/kernel-widgets");

class Session {
  readonly iopubMessage = new Signal<this, unknown>(this);
  readonly statusChanged = new Signal<this, string>(this);
  readonly kernelChanged = new Signal<this, unknown>(this);
  open(comm_id: string, target_name = "jupyter.widget"): void {
    const header = { msg_type: "comm_open" };
    this.iopubMessage.emit({ header, content: { comm_id, target_name } });
  }
}

let session: Session, widgets: InstanceType<typeof KernelWidgets>;

beforeEach(() => {
  session = new Session();
  widgets = new KernelWidgets(session as unknown as ISessionContext);
});

describe("the widgets of a session's kernels", () => {
  it("are here when this page has seen them come", () => {
    session.open("a");
    session.open("b", "another.target");
    expect(["a", "b", "c"].map((id) => widgets.stateOf(id))).toEqual([
      ...["here", "never here", "never here"],
    ]);
    expect(widgets.stateOf(null)).toBe("never here");
  });

  it.each(["restarting", "autorestarting", "dead", "terminating"])(
    "are gone when the kernel is %s, and those of the next are here",
    (status) => {
      const told = vi.fn();
      widgets.changed.connect(told);
      session.open("a");
      session.statusChanged.emit("busy");
      expect(widgets.stateOf("a")).toBe("here");
      session.statusChanged.emit(status);
      session.open("b");
      expect([widgets.stateOf("a"), widgets.stateOf("b")]).toEqual(["gone", "here"]);
      expect(told).toHaveBeenCalledOnce();
    },
  );

  it("are gone when the notebook gets another kernel; and nobody listens after the end", () => {
    session.open("a");
    session.kernelChanged.emit({});
    expect(widgets.stateOf("a")).toBe("gone");
    widgets.dispose();
    session.open("b");
    expect(widgets.stateOf("b")).toBe("never here");
    expect(widgets.isDisposed).toBe(true);
  });
});
