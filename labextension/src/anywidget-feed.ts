/**
 * A Feed over anywidget's custom messages: `model.on("msg:custom")` in, `model.send` out.
 *
 * What arrives is checked only for being an object with a `type`: the kernel side is our own, but
 * other libraries may send on a model too, and a front end must not fall over them.
 */
import type { Disposer, Feed, FeedListener } from "./feed";
import type { KernelMessage, PageRequest } from "./protocol";

/** The part of anywidget's model that is used here. */
export interface WidgetModel {
  get(name: "sweep_id"): string;
  on(event: "msg:custom", callback: (content: unknown, buffers?: readonly unknown[]) => void): void;
  off(
    event: "msg:custom",
    callback: (content: unknown, buffers?: readonly unknown[]) => void,
  ): void;
  send(content: PageRequest): void;
}

export function anywidgetFeed(model: WidgetModel): Feed {
  return {
    subscribe(listener: FeedListener): Disposer {
      const relay = (content: unknown, buffers: readonly unknown[] = []): void => {
        if (isKernelMessage(content)) listener(content, buffers.map(toDataView));
      };
      model.on("msg:custom", relay);
      return () => {
        model.off("msg:custom", relay);
      };
    },
    send(request: PageRequest): void {
      try {
        model.send(request);
      } catch {
        // The kernel has gone, and its comm with it. Silence says so, as where a kernel hangs.
      }
    },
  };
}

function isKernelMessage(content: unknown): content is KernelMessage {
  return typeof content === "object" && content !== null && "type" in content;
}

// Front ends differ: JupyterLab and VS Code hand over DataViews, others ArrayBuffers or bytes.
function toDataView(buffer: unknown): DataView {
  if (buffer instanceof DataView) return buffer;
  if (ArrayBuffer.isView(buffer)) {
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  if (buffer instanceof ArrayBuffer) return new DataView(buffer);
  return new DataView(new ArrayBuffer(0));
}
