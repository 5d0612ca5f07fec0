/**
 * The dashboard: one component, fed through a Feed, that shows one sweep.
 *
 * Messages and the user's choices change one state; one requestAnimationFrame loop draws it, at
 * most once a frame and slower when drawing is dear. `mountDashboard` returns what takes it all
 * down again. Styles travel with it into its own root, so it needs nothing from the page around.
 */
import uplotCss from "uplot/dist/uPlot.min.css";
import { shades, type ThemeName } from "./color";
import { connect, newSession } from "./connection";
import { createCurves } from "./curves";
import curvesCss from "./curves.css";
import { element, setAttribute, setText, show } from "./dom";
import type { Disposer, Feed } from "./feed";
import { createHeader } from "./header";
import { initialView, type Actions, type Frame, type ViewState } from "./parts";
import { toFloat, type CommandName, type RunView } from "./protocol";
import { applyMessage, cursors, initialState, press } from "./state";
import baseCss from "./style.css";
import { createTable } from "./table";
import tableCss from "./table.css";
import { detectTheme, watchTheme } from "./theme";

const TICK_MS = 1000;
const NOTICE_MS = 8000;
/** A kernel that is silent this long while runs are running is asked whether it is still there. */
const SILENCE_MS = 20000;

export interface DashboardOptions {
  /** What the user chose in an earlier view of the same sweep; changed in place. */
  readonly view?: ViewState;
}

export function mountDashboard(
  host: HTMLElement,
  feed: Feed,
  options: DashboardOptions = {},
): Disposer {
  const state = initialState();
  const view = options.view ?? initialView();
  const session = newSession();
  let hovered: string | null = null;
  let revision = 0;
  let heard_ms = Date.now();
  let theme: ThemeName = "light";
  let noticeTimer: ReturnType<typeof setTimeout> | undefined;

  const loop = drawingLoop(() => {
    draw();
  });

  const changed = (): void => {
    revision += 1;
    loop.request();
  };

  const connection = connect(feed, session, {
    cursors: () => (state.sweep ? cursors(state) : {}),
    message(message, buffers) {
      const outcome = applyMessage(state, message, buffers, session, Date.now());
      if (outcome === "foreign") return false;
      heard_ms = Date.now();
      if (outcome === "resync") connection.resync();
      if (message.type === "notice" && message.level === "info") {
        clearTimeout(noticeTimer);
        noticeTimer = setTimeout(() => {
          actions.dismissNotice();
        }, NOTICE_MS);
      }
      changed();
      return true;
    },
    lost() {
      state.connection = "lost";
      state.pending = [];
      changed();
    },
  });

  const askDetail = (run: string): void => {
    connection.request({ type: "run_detail", session, run });
  };

  const actions: Actions = {
    command(command: CommandName, run?: string): void {
      const request = { type: "command" as const, session, command, ...(run ? { run } : {}) };
      press(state, request, Date.now());
      connection.command(request);
      loop.request();
    },
    change(change: Partial<ViewState>): void {
      for (const run of change.expanded ?? []) if (!view.expanded.has(run)) askDetail(run);
      Object.assign(view, change);
      changed();
    },
    hover(run: string | null): void {
      if (run === hovered) return;
      hovered = run;
      loop.request();
    },
    dismissNotice(): void {
      state.notice = null;
      loop.request();
    },
  };

  const header = createHeader(actions);
  const curves = createCurves(actions, () => {
    retheme();
  });
  const table = createTable(actions);
  const waiting = element("div", { class: "nbs-waiting", role: "status" });
  const content = element("div", { class: "nbs-content" }, header.node, curves.node, table.node);
  const style = element("style", {}, uplotCss + baseCss + curvesCss + tableCss);
  const root = element(
    "div",
    { class: "nbsweep", "data-testid": "nbs-dashboard", role: "region", "aria-label": "nbsweep" },
    style,
    waiting,
    content,
  );
  host.append(root);

  const retheme = (): void => {
    if (!root.isConnected) return;
    const found = detectTheme(host);
    theme = found.name;
    setAttribute(root, "data-theme", found.name);
    setAttribute(root, "data-palette", found.palette);
    changed();
  };
  const unwatch = watchTheme(document, retheme);
  retheme();

  const draw = (): void => {
    show(content, state.sweep !== null);
    show(waiting, state.sweep === null);
    setText(waiting, waitingText(state.connection));
    if (!state.sweep) return;
    const goal = state.sweep.metric?.goal ?? "minimize";
    const runs = [...state.runs.values()];
    const found = shades(
      runs.map((run) => (isResult(run) ? toFloat(run.value) : null)),
      goal,
    );
    const frame: Frame = {
      ...{ revision, state, view, theme, goal, hovered },
      shades: new Map(runs.map((run, index) => [run.id, found[index] ?? null])),
      now_ms: Date.now(),
    };
    header.update(frame);
    curves.update(frame);
    table.update(frame);
  };

  // Running runs' clocks tick, and what an open row shows of a running run moves on.
  const tick = setInterval(() => {
    const running = [...state.runs.values()].filter((run) => run.state === "running");
    if (running.length === 0) return;
    if (Date.now() - heard_ms > SILENCE_MS) {
      heard_ms = Date.now();
      connection.resync();
    }
    if (state.connection !== "live") return;
    for (const run of running) if (view.expanded.has(run.id)) askDetail(run.id);
    loop.request();
  }, TICK_MS);
  for (const run of view.expanded) askDetail(run);
  loop.request();

  return () => {
    clearInterval(tick);
    clearTimeout(noticeTimer);
    loop.stop();
    unwatch();
    connection.dispose();
    curves.dispose();
    root.remove();
  };
}

/** A failed run's last value is no result: however good, it must not outshine the best. */
function isResult(run: RunView): boolean {
  return run.state !== "failed" && run.state !== "crashed";
}

function waitingText(connection: string): string {
  return connection === "lost"
    ? "Kernel not connected. The sweep’s dashboard appears when its kernel answers."
    : "Asking the kernel…";
}

/** Draws once a frame when asked to, and rests three times as long as drawing took. */
function drawingLoop(draw: () => void): { request(): void; stop(): void } {
  let frame = 0;
  let rest_until_ms = 0;
  const run = (now_ms: number): void => {
    if (now_ms < rest_until_ms) {
      frame = requestAnimationFrame(run);
      return;
    }
    frame = 0;
    const began_ms = performance.now();
    draw();
    const ended_ms = performance.now();
    const cost_ms = ended_ms - began_ms;
    rest_until_ms = cost_ms > 8 ? ended_ms + 3 * cost_ms : 0;
  };
  return {
    request(): void {
      if (frame === 0) frame = requestAnimationFrame(run);
    },
    stop(): void {
      cancelAnimationFrame(frame);
      frame = -1; // a late message asks for no more frames
    },
  };
}
