/**
 * Which Jupyter widgets a session's kernels have put up while this page was looking.
 *
 * In: the session's messages. Out: whether a widget, by its model's id, is one of the living kernel's, of one that
 * has gone, or was never made here: then a notebook's output has nothing to show for it.
 */
import type { ISessionContext } from "@jupyterlab/apputils";
import { KernelMessage } from "@jupyterlab/services";
import type { IDisposable } from "@lumino/disposable";
import { Signal, type ISignal } from "@lumino/signaling";
import type { WidgetState } from "./standing";

const TARGET = "jupyter.widget";
const ENDS: readonly string[] = ["restarting", "autorestarting", "terminating", "dead"];

export class KernelWidgets implements IDisposable {
  constructor(session: ISessionContext) {
    session.iopubMessage.connect(this.hear, this);
    session.statusChanged.connect(this.look, this);
    session.kernelChanged.connect(this.end, this);
  }

  /** A kernel has gone, and its widgets with it. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  stateOf(model: string | null): WidgetState {
    const kernel = model === null ? undefined : this.kernels.get(model);
    if (kernel === undefined) return "never here";
    return kernel === this.kernel ? "here" : "gone";
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private readonly hear = (_session: unknown, message: KernelMessage.IMessage): void => {
    if (!KernelMessage.isCommOpenMsg(message)) return;
    const { comm_id, target_name } = message.content;
    if (target_name === TARGET) this.kernels.set(comm_id, this.kernel);
  };

  private readonly look = (_session: unknown, status: string): void => {
    if (ENDS.includes(status)) this.end();
  };

  private readonly end = (): void => {
    this.kernel += 1;
    this._changed.emit();
  };

  /** By model id, the number of the kernel that made it. */
  private readonly kernels = new Map<string, number>();
  private kernel = 0;
  private _isDisposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
