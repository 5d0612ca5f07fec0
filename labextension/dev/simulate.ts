/**
 * A kernel that is not one: a Feed that makes up a sweep and answers as the real kernel would.
 *
 * In: a Scenario (how many runs, which odd cases, live or at rest). Out: snapshots, deltas, details.
 * Random numbers are seeded: a screenshot taken twice is the same screenshot.
 */
import type { Feed, FeedListener } from "../src/feed";
import type {
  Json,
  KernelMessage,
  PageRequest,
  RunState,
  RunView,
  SeriesView,
  SweepView,
} from "../src/protocol";

export interface Scenario {
  readonly runs: number;
  readonly live: boolean;
  readonly hostile: boolean;
  readonly failing: boolean;
  readonly points: number;
  readonly goal: "minimize" | "maximize";
  readonly silent: boolean;
}

interface Made {
  view: RunView;
  readonly steps: number[];
  readonly values: number[];
  sent: number;
}

const WORDS = [
  "humble-crane",
  "ivory-stoat",
  "dusty-lynx",
  "fable-moth",
  "amber-wren",
  "quiet-vole",
];
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "<script>document.title='owned'</script>",
  "a name of three hundred characters ".repeat(9),
  '"quotes" & ampersands \u{1f389} / slashes.and.dots',
];
const TRACEBACK = `Traceback (most recent call last):
  File "<cell 4>", line 12, in train
    loss = step(model, batch)
  File "<cell 3>", line 31, in step
    return criterion(model(x), y)
RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB`;

export function simulatedFeed(scenario: Scenario): Feed {
  const random = mulberry32(7);
  const listeners = new Set<FeedListener>();
  const made = Array.from({ length: scenario.runs }, (_, i) => makeRun(i, scenario, random));
  let state: SweepView["state"] = scenario.live ? "running" : "finished";
  let active = scenario.live;
  const say = (message: KernelMessage, buffers: readonly DataView[] = []): void => {
    for (const listener of listeners) listener(message, buffers);
  };

  const sweep = (): SweepView => sweepView(made, scenario, state, active);
  const chunks = (all: boolean): { series: SeriesView[]; buffers: DataView[] } => {
    const series: SeriesView[] = [];
    const buffers: DataView[] = [];
    for (const run of made) {
      const start = all ? 0 : run.sent;
      if (start === run.steps.length) continue;
      const total = run.steps.length;
      series.push({
        run: run.view.id,
        key: "batch loss",
        start,
        total,
        steps: buffers.length,
        values: buffers.length + 1,
      });
      buffers.push(misaligned(run.steps.slice(start)), misaligned(run.values.slice(start)));
      const epochs = run.steps.filter((step) => step % 27 === 26).length;
      if (all && epochs > 0) {
        series.push({
          run: run.view.id,
          key: "loss",
          start: 0,
          total: epochs,
          steps: buffers.length,
          values: buffers.length + 1,
        });
        buffers.push(
          misaligned(run.steps.filter((s) => s % 27 === 26)),
          misaligned(run.values.filter((_, i) => i % 27 === 26)),
        );
      }
      run.sent = total;
    }
    return { series, buffers };
  };

  const advance = (): void => {
    if (state === "paused") return;
    const running = made.filter((run) => run.view.state === "running");
    for (const run of running) {
      for (let i = 0; i < 5; i++) addPoint(run, random);
      const ended = run.steps.length >= scenario.points;
      run.view = { ...run.view, value: run.values.at(-1) ?? null };
      if (ended) run.view = { ...run.view, state: "finished", duration_s: run.steps.length / 25 };
    }
    const { series, buffers } = chunks(false);
    if (made.length > 0 && running.length === 0) active = false;
    if (!active && state === "running") state = "finished";
    markBest(made, scenario);
    say(
      {
        type: "delta",
        protocol: 1,
        to: null,
        sweep: sweep(),
        runs: made.map((r) => r.view),
        series,
      },
      buffers,
    );
  };
  if (scenario.live) setInterval(advance, 100);

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(request: PageRequest) {
      if (scenario.silent) return;
      setTimeout(() => {
        answer(request);
      }, 40);
    },
  };

  function answer(request: PageRequest): void {
    const to = request.session;
    if (request.type === "hello") {
      markBest(made, scenario);
      const { series, buffers } = chunks(true);
      say(
        {
          type: "snapshot",
          protocol: 1,
          to,
          sweep: sweep(),
          runs: made.map((r) => r.view),
          series,
        },
        buffers,
      );
    } else if (request.type === "run_detail") {
      const run = made.find((r) => r.view.id === request.run)?.view;
      const traceback = run?.state === "failed" ? TRACEBACK : null;
      const console = run ? `epoch 1  loss 0.4021\nepoch 2  loss 0.3310\n<b>not bold</b>\n` : "";
      say({
        type: "run_detail",
        to,
        run: request.run,
        traceback,
        console,
        config: run?.config ?? {},
      });
    } else {
      if (request.command === "pause") state = "paused";
      if (request.command === "resume") state = "running";
      if (request.command === "stop") [state, active] = ["cancelled", false];
      for (const run of made) {
        const meant = request.command === "stop" || run.view.id === request.run;
        if (meant && run.view.state === "running")
          run.view = { ...run.view, state: "killed", duration_s: 4 };
      }
      if (request.command === "stop_after_current") {
        say({
          type: "notice",
          to,
          level: "info",
          text: "No new runs start; the current ones go on.",
        });
      }
      say({
        type: "delta",
        protocol: 1,
        to: null,
        sweep: sweep(),
        runs: made.map((r) => r.view),
        series: [],
      });
    }
  }
}

function makeRun(index: number, scenario: Scenario, random: () => number): Made {
  const live = scenario.live && index >= scenario.runs - 2;
  const draw = random();
  const state: RunState = live
    ? "running"
    : scenario.failing || (scenario.runs > 3 && index % 17 === 6)
      ? "failed"
      : draw < 0.3 && scenario.runs > 5
        ? "stopped"
        : "finished";
  const config: Record<string, Json> = {
    optimizer: random() < 0.5 ? "adam" : "sgd",
    learning_rate: 10 ** (-4 + 3 * random()),
    batch_size: 8 * Math.round(4 + 28 * random()),
    fc_layer_size: [128, 256, 512][Math.floor(3 * random())] ?? 128,
    dropout: [0.3, 0.4, 0.5][Math.floor(3 * random())] ?? 0.3,
    epochs: 1,
  };
  if (scenario.hostile) config.optimizer = HOSTILE[index % HOSTILE.length] ?? "";
  const word = scenario.hostile
    ? HOSTILE[index % HOSTILE.length]
    : WORDS[Math.floor(random() * WORDS.length)];
  const run: Made = {
    steps: [],
    values: [],
    sent: 0,
    view: {
      id: `run-${index}`,
      number: index + 1,
      name: `${word ?? ""}-${index + 1}`,
      state,
      config,
      value: null,
      best: false,
      summary: {},
      started_at: Date.now() / 1000 - 12,
      duration_s: live ? null : 8 + 200 * random() ** 3,
      error:
        state === "failed" ? "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB" : null,
    },
  };
  const share = state === "finished" ? 1 : live ? 0.4 : 0.15 + 0.5 * random();
  const length = scenario.failing ? 0 : Math.max(1, Math.round(scenario.points * share));
  for (let i = 0; i < length; i++) addPoint(run, random);
  if (scenario.hostile && index === 0) run.values.fill(Number.NaN, 10, 30);
  if (scenario.hostile && index === 1)
    run.values.forEach((_, i) => (run.values[i] = 10 ** (i / 5)));
  if (scenario.hostile && index === 3) run.values.fill(Number.NaN);
  const value = run.values.at(-1);
  run.view = {
    ...run.view,
    value: value === undefined ? null : Number.isNaN(value) ? "NaN" : value,
  };
  return run;
}

function addPoint(run: Made, random: () => number): void {
  const step = run.steps.length;
  const rate = Number(run.view.config.learning_rate ?? 0.01);
  const floor = 0.07 + 0.06 * Math.abs(Math.log10(rate) + 2.5);
  const level = floor + 2.2 * Math.exp(-step / 12) * (0.8 + rate);
  run.steps.push(step);
  run.values.push(level * (0.8 + 0.4 * random()));
}

function markBest(made: Made[], scenario: Scenario): void {
  const sign = scenario.goal === "maximize" ? -1 : 1;
  let best: Made | null = null;
  for (const run of made) {
    run.view = { ...run.view, best: false };
    if (typeof run.view.value !== "number" || run.view.state === "failed") continue;
    if (!best || sign * run.view.value < sign * Number(best.view.value)) best = run;
  }
  if (best) best.view = { ...best.view, best: true };
}

function sweepView(
  made: Made[],
  scenario: Scenario,
  state: SweepView["state"],
  active: boolean,
): SweepView {
  const counts: Partial<Record<RunState, number>> = {};
  for (const { view } of made) counts[view.state] = (counts[view.state] ?? 0) + 1;
  const best = made.find((run) => run.view.best)?.view;
  return {
    id: "sweep-1",
    name: scenario.hostile ? (HOSTILE[0] ?? "") : "mnist",
    project: "demo",
    method: "random",
    metric: { name: "loss", goal: scenario.goal },
    state: scenario.failing ? "paused" : state,
    active,
    count: scenario.live ? Math.max(5, Math.ceil(scenario.runs * 1.2)) : Math.max(5, scenario.runs),
    counts,
    best: best ? { run: best.id, name: best.name, value: Number(best.value) } : null,
    note: scenario.failing
      ? `Paused: the first 3 runs failed. The last one said:\n${TRACEBACK}`
      : null,
    parameters: ["optimizer", "learning_rate", "batch_size", "fc_layer_size", "dropout"],
    now: Date.now() / 1000,
  };
}

/** As transports do: a view that begins one byte into its buffer. */
function misaligned(numbers: readonly number[]): DataView {
  const floats = Float64Array.from(numbers);
  const bytes = new Uint8Array(floats.byteLength + 1);
  bytes.set(new Uint8Array(floats.buffer), 1);
  return new DataView(bytes.buffer, 1);
}

/** Tommy Ettinger's mulberry32: a seeded generator in five lines. */
function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
