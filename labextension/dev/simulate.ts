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
  ParameterView,
  RunState,
  RunView,
  SeriesView,
  SweepView,
  ZoomRequest,
} from "../src/protocol";

export interface Scenario {
  readonly runs: number;
  readonly live: boolean;
  readonly hostile: boolean;
  readonly failing: boolean;
  readonly points: number;
  /** How many parameters are swept: beyond the five of the story, numbers without a say. */
  readonly parameters: number;
  readonly goal: "minimize" | "maximize";
  readonly silent: boolean;
  /** Store trouble, a second version of the config, code that was edited on the way. */
  readonly extras: boolean;
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
const category = (name: string, levels: readonly Json[]): ParameterView => ({
  ...{ name, kind: "category", integer: false, log: false, low: null, high: null, levels },
});
const PARAMETERS: readonly ParameterView[] = [
  category("optimizer", ["adam", "sgd"]),
  {
    ...{ name: "learning_rate", kind: "number", integer: false, log: true },
    ...{ low: 1e-4, high: 1e-1, levels: null },
  },
  {
    ...{ name: "batch_size", kind: "number", integer: true, log: false },
    ...{ low: 32, high: 256, levels: null },
  },
  category("fc_layer_size", [128, 256, 512]),
  category("dropout", [0.3, 0.4, 0.5]),
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
        times: buffers.length + 1,
        values: buffers.length + 2,
      });
      buffers.push(misaligned(run.steps.slice(start)), timesOf(run, start));
      buffers.push(misaligned(run.values.slice(start)));
      if (all) {
        const every = run.steps.filter((step) => step % 27 === 26);
        for (const key of ["loss", "epoch"]) {
          series.push({
            ...{ run: run.view.id, key, start: 0, total: every.length },
            ...{ steps: buffers.length, times: buffers.length + 1, values: buffers.length + 2 },
          });
          buffers.push(misaligned(every), misaligned(every.map((step) => 1.7e9 + 0.05 * step)));
          const values = every.map((step) =>
            key === "loss" ? (run.values[step] ?? 0) : step / 27,
          );
          buffers.push(misaligned(values));
        }
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
      const value = run.values.at(-1);
      run.view = { ...run.view, value: value ?? null, summary: summaryOf(value) };
      if (ended) run.view = { ...run.view, state: "finished", duration_s: run.steps.length / 25 };
    }
    const { series, buffers } = chunks(false);
    if (made.length > 0 && running.length === 0) active = false;
    if (!active && state === "running") state = "finished";
    markBest(made, scenario);
    say(
      {
        type: "delta",
        protocol: 3,
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

  function zoom(request: ZoomRequest): void {
    const buffers: DataView[] = [];
    const series = made.map((run) => {
      const inside = run.steps.filter((step) => step >= request.from && step <= request.until);
      const first = inside[0] ?? 0;
      buffers.push(misaligned(inside), misaligned(inside.map((step) => 1.7e9 + 0.05 * step)));
      buffers.push(misaligned(run.values.slice(first, first + inside.length)));
      const at = buffers.length - 3;
      return { run: run.view.id, steps: at, times: at + 1, values: at + 2 };
    });
    const { key, from, until } = request;
    say({ type: "zoom", to: request.session, key, from, until, series }, buffers);
  }

  function answer(request: PageRequest): void {
    const to = request.session;
    if (request.type === "hello") {
      markBest(made, scenario);
      const { series, buffers } = chunks(true);
      say(
        {
          type: "snapshot",
          protocol: 3,
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
    } else if (request.type === "importance") {
      say(importanceOf(request.metric, to, made));
    } else if (request.type === "zoom") {
      zoom(request);
    } else if (request.type === "narrow") {
      const region = JSON.stringify({ ...request.ranges, ...request.levels }, null, 4);
      const code = `%%sweep define mnist-narrow\n${region}`;
      say({ type: "cell", to, title: "The brushed region as a sweep of its own", code });
    } else if (request.type === "command") {
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
        protocol: 3,
        to: null,
        sweep: sweep(),
        runs: made.map((r) => r.view),
        series: [],
      });
    }
  }
}

function importanceOf(metric: string, to: string, made: readonly Made[]): KernelMessage {
  const used = made.filter((run) => ["finished", "stopped"].includes(run.view.state)).length;
  const row = (name: string, importance: number, correlation: number | null) => ({
    ...{ name, importance, correlation, null_high: 0.06, important: importance > 0.06 },
    kind: name === "optimizer" ? ("category" as const) : ("number" as const),
    low: Math.max(0, importance - 0.05),
    high: importance + 0.06,
    more_runs: importance > 0.06 ? null : 30,
    levels:
      name === "optimizer"
        ? [
            { level: "adam", runs: Math.ceil(used / 2), mean: 0.21, correlation: -0.3 },
            { level: "sgd", runs: Math.floor(used / 2), mean: 0.34, correlation: 0.3 },
          ]
        : [],
  });
  const rows = [
    row("learning_rate", 0.62, 0.41),
    row("optimizer", 0.24, null),
    row("fc_layer_size", 0.05, -0.12),
    row("batch_size", 0.02, 0.05),
    row("dropout", 0.01, 0.04),
  ];
  const reason = used < 5 ? `5 finished runs are needed, there are ${used}` : null;
  return {
    ...{ type: "importance", to, metric, rows: reason ? [] : rows, runs_used: used },
    ...{ left_out: { failed: made.length - used }, reason },
  };
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
  for (const { name } of extraParameters(scenario)) config[name] = random();
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
      number: index,
      name: `${word ?? ""}-${index + 1}`,
      state,
      config,
      value: null,
      best: false,
      summary: {},
      started_at: Date.now() / 1000 - 12,
      duration_s: live ? null : 8 + 200 * random() ** 3,
      code: index < scenario.runs / 2 ? "9f31c0ffee12" : "51e77a0b3d90",
      code_changed: scenario.extras && index === Math.ceil(scenario.runs / 2),
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
    summary: summaryOf(value),
  };
  return run;
}

function summaryOf(value: number | undefined): Record<string, Json> {
  if (value === undefined) return {};
  const wire = (number: number): Json => (Number.isNaN(number) ? "NaN" : number);
  return { loss: wire(value), "batch loss": wire(value), accuracy: wire(1 / (1 + value)) };
}

function timesOf(run: Made, start: number): DataView {
  return misaligned(run.steps.slice(start).map((step) => 1.7e9 + 0.05 * step));
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
    parameters: [...PARAMETERS, ...extraParameters(scenario)],
    keys: {
      "batch loss": made.reduce((sum, run) => sum + run.steps.length, 0),
      loss: made.reduce((sum, run) => sum + Math.floor(run.steps.length / 27), 0),
      epoch: made.reduce((sum, run) => sum + Math.floor(run.steps.length / 27), 0),
    },
    saved_s: (counts.stopped ?? 0) > 0 ? 660 : null,
    trained_s: 1200,
    left_s: active ? 360 : null,
    notice: scenario.extras
      ? "The database is away (disk full): training goes on, what it logs waits in memory."
      : null,
    version: scenario.extras ? 2 : 1,
    outlook: active ? "five more runs would gain about 0.004 ± 0.003" : null,
    now: Date.now() / 1000,
  };
}

function extraParameters({ parameters }: Scenario): ParameterView[] {
  return Array.from({ length: Math.max(0, parameters - PARAMETERS.length) }, (_, index) => ({
    ...{ name: `parameter_${index + PARAMETERS.length + 1}`, kind: "number", integer: false },
    ...{ log: false, low: 0, high: 1, levels: null },
  }));
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
