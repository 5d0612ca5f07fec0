import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Feed, FeedListener } from "../src/feed";
import type { KernelMessage, PageRequest } from "../src/protocol";
import { recordedFeed } from "../src/recording";
import { createSwitchFeed, type SwitchFeed } from "../src/switch-feed";
import { aDelta, aRun, aSnapshot, aSweep, SESSION } from "./messages";

const hello = { type: "hello", protocol: 3, session: SESSION, keys: ["loss"] } as const;
const recording = {
  snapshot: aSnapshot({ runs: [aRun({ id: "old" })] }),
  ...{ details: {}, importance: {}, lengths: [], recorded: "then" },
};

class Kernel implements Feed {
  readonly asked: PageRequest[] = [];
  readonly listeners = new Set<FeedListener>();
  subscribe(listener: FeedListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  send(request: PageRequest): void {
    this.asked.push(request);
  }
  tell(message: KernelMessage): void {
    for (const listener of this.listeners) listener(message, []);
  }
}

let feed: SwitchFeed, kernel: Kernel, heard: KernelMessage[];

beforeEach(() => {
  vi.useFakeTimers();
  [feed, kernel, heard] = [createSwitchFeed(), new Kernel(), []];
  feed.subscribe((message) => heard.push(message));
});

const record = (): void => {
  feed.connect(recordedFeed(recording, []), true);
  feed.send({ ...hello, cursors: {} });
  vi.runAllTimers();
};

describe("a dashboard whose source changes", () => {
  it("is shown the recording first, whichever of the two comes first", () => {
    record();
    expect(heard).toMatchObject([{ type: "snapshot", runs: [{ id: "old" }] }]);
    const late = createSwitchFeed();
    late.subscribe((message) => heard.push(message));
    late.send({ ...hello, cursors: {} });
    late.connect(recordedFeed(recording, []), true);
    vi.runAllTimers();
    expect(heard).toHaveLength(2);
  });

  it("asks a kernel for everything, and hears nothing else of it before that has come", () => {
    record();
    feed.send({ ...hello, cursors: { old: { loss: 4 } } });
    vi.runAllTimers();
    heard.length = 0;
    feed.connect(kernel, false);
    expect(kernel.asked).toEqual([{ ...hello, cursors: {} }]);
    kernel.tell(aDelta({ runs: [aRun({ id: "new" })] }));
    feed.send({ ...hello, cursors: { old: { loss: 4 } } });
    expect(kernel.asked[1]).toEqual({ ...hello, cursors: {} });
    expect(heard).toEqual([]);
    kernel.tell(aSnapshot({ runs: [aRun({ id: "new" })] }));
    kernel.tell(aDelta());
    expect(heard.map(({ type }) => type)).toEqual(["snapshot", "delta"]);
    feed.send({ ...hello, cursors: { new: { loss: 9 } } });
    expect(kernel.asked[2]).toMatchObject({ cursors: { new: { loss: 9 } } });
  });

  it("asks finer points of a kernel only", () => {
    const zoom = { type: "zoom", session: SESSION, key: "loss", from: 0, until: 1 } as const;
    record();
    heard.length = 0;
    feed.send(zoom);
    vi.runAllTimers();
    expect(heard).toEqual([]);
    feed.connect(kernel, false);
    feed.send(zoom);
    expect(kernel.asked).toContainEqual(zoom);
  });

  it("keeps what a kernel told last when it has gone, and nothing runs on", () => {
    record();
    feed.connect(kernel, false);
    kernel.tell(aSnapshot({ sweep: aSweep({ active: true, left_s: 9 }) }));
    kernel.tell(aDelta({ runs: [aRun({ id: "last", started_at: 5, value: 0.5 })] }));
    kernel.tell({
      ...{ type: "run_detail", to: SESSION, run: "last", traceback: null },
      ...{ console: "hello", config: {} },
    });
    heard.length = 0;
    feed.hold("21:40", "The kernel has gone.");
    expect(kernel.listeners.size).toBe(0);
    expect(heard).toMatchObject([{ type: "delta", sweep: { left_s: null } }]);
    const [{ runs }] = heard as unknown as [{ runs: { id: string; started_at: number | null }[] }];
    expect(runs.find(({ id }) => id === "last")).toMatchObject({ started_at: null, value: 0.5 });
    kernel.tell(aDelta());
    feed.send({ ...hello, cursors: { last: {} } });
    feed.send({ type: "run_detail", session: SESSION, run: "last" });
    feed.send({ type: "command", session: SESSION, command: "stop" });
    vi.runAllTimers();
    expect(heard.slice(1)).toMatchObject([
      { type: "delta", series: [] },
      { type: "run_detail", console: "hello" },
      { type: "notice", text: "The kernel has gone." },
    ]);
  });

  it("hears nothing when it is disposed of", () => {
    feed.connect(kernel, false);
    feed.dispose();
    kernel.tell(aSnapshot());
    expect([heard.length, kernel.listeners.size]).toEqual([0, 0]);
  });
});
