/**
 * The dashboard: one component, fed through a Feed, that shows one sweep.
 *
 * Messages and the user's choices change one state; one requestAnimationFrame loop draws it, at
 * most once a frame and slower when drawing is dear. `mountDashboard` returns what takes it all
 * down again. Styles travel with it into its own root, so it needs nothing from the page around.
 */
import uplotCss from "uplot/dist/uPlot.min.css";
import { createCellPanel, insertCell } from "./cell-panel";
import type { ThemeName } from "./color";
import { connect, newSession } from "./connection";
import { createCurves } from "./curves";
import curvesCss from "./curves.css";
import { element, setAttribute, setText, show } from "./dom";
import { createDrawingLoop } from "./drawing-loop";
import type { Disposer, Feed } from "./feed";
import { createFrames } from "./frames";
import { createHeader } from "./header";
import { createImportance } from "./importance";
import importanceCss from "./importance.css";
import { keepKeys } from "./keyboard";
import { createParallel } from "./parallel";
import parallelCss from "./parallel.css";
import {
  createDrawing,
  initialView,
  type Actions,
  type Frame,
  type Part,
  type ViewState,
} from "./parts";
import { createRequests, narrowRequest } from "./requests";
import { createSlices } from "./slices";
import slicesCss from "./slices.css";
import { PROTOCOL } from "./protocol";
import {
  applyMessage,
  copyState,
  cursors,
  initialState,
  press,
  type DashboardState,
} from "./state";
import baseCss from "./style.css";
import { createTable } from "./table";
import tableCss from "./table.css";
import { detectTheme, watchTheme } from "./theme";

const TICK_MS = 1000;
const NOTICE_MS = 8000;
/** A kernel that is silent this long while runs are running is asked whether it is still there. */
const SILENCE_MS = 20000;
const STYLES = [uplotCss, baseCss, curvesCss, parallelCss, importanceCss, slicesCss, tableCss];

/**
 * What outlives a dashboard that is taken down and put up again, as JupyterLab does whenever an
 * output is updated: what the user chose, and what the kernel has told, so that the next one shows
 * it at once and asks only for what it lacks.
 */
export interface Memory {
  readonly view: ViewState;
  /** Of the one that was put up last; null before the first. */
  state: DashboardState | null;
}

export function newMemory(): Memory {
  return { view: initialView(), state: null };
}

export function mountDashboard(
  host: HTMLElement,
  feed: Feed,
  memory: Memory = newMemory(),
): Disposer {
  // A copy: the new one is often put up before the old one is taken down.
  const state = memory.state ? copyState(memory.state) : initialState();
  memory.state = state;
  const { view } = memory;
  const session = newSession();
  const frames = createFrames();
  const draw = createDrawing();
  let hovered: string | null = null;
  let revision = 0;
  let selectionRevision = 0;
  let heard_ms = Date.now();
  let theme: ThemeName = "light";
  let colors = { surface: "", dim: "" };
  let noticeTimer: ReturnType<typeof setTimeout> | undefined;

  const loop = createDrawingLoop(() => {
    if (state.sweep) draw([parallel], frameNow());
  }, [
    () => {
      show(content, state.sweep !== null);
      drawParts([header, cell, parallel]);
    },
    () => {
      drawParts([importance, curves]); // in this order: without importances the curves have all the width
    },
    () => {
      drawParts([slices, table]);
    },
  ]);
  const redraw = (): void => {
    loop.request("whole");
  };
  const changed = (): void => {
    revision += 1;
    redraw();
  };

  const connection = connect(feed, session, {
    cursors: () => (state.sweep ? cursors(state) : {}),
    keys: () => [...state.wanted],
    message(message, buffers) {
      if (message.type === "cell") {
        if (message.to === session) offer(message.title, message.code);
        return message.to === session;
      }
      const outcome = applyMessage(state, message, buffers, session, Date.now());
      if (outcome === "foreign") return false;
      heard_ms = Date.now();
      if (outcome === "resync") connection.resync();
      if (message.type === "snapshot") requests.again();
      if (message.type === "run_detail") requests.answered(message.run);
      if (message.type === "notice") {
        clearTimeout(noticeTimer); // that of the notice before, which would take this one away
        if (message.level === "info")
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
      requests.again();
      changed();
    },
  });
  const requests = createRequests(session, connection);

  const offer = (title: string, code: string): void => {
    state.cell = insertCell(root, code) ? null : { title, code };
    changed();
  };

  const actions: Actions = {
    command(command, details = {}) {
      const request = { type: "command" as const, session, command, ...details };
      press(state, request, Date.now());
      connection.command(request);
      redraw();
    },
    change(change) {
      for (const run of change.expanded ?? []) if (!view.expanded.has(run)) requests.detail(run);
      Object.assign(view, change);
      if (change.filter !== undefined || change.brushes) selectionRevision += 1;
      changed();
    },
    brush(brushes) {
      view.brushes = brushes;
      selectionRevision += 1;
      loop.request("quick");
    },
    hover(run) {
      if (run === hovered) return;
      hovered = run;
      loop.request("quick");
    },
    pick(run) {
      view.picked = view.picked === run ? null : run;
      redraw();
    },
    narrow() {
      connection.request(narrowRequest(state, view, session));
    },
    askZoom(key, from, until) {
      connection.request({ type: "zoom", session, key, from, until });
    },
    offerCell: offer,
    askDetail(run) {
      requests.detail(run);
    },
    showCode(title, code) {
      state.cell = { title, code };
      changed();
    },
    dismissCell() {
      state.cell = null;
      redraw();
    },
    dismissNotice() {
      state.notice = null;
      redraw();
    },
  };

  const resized = (): void => {
    retheme();
  };
  const header = createHeader(actions);
  const cell = createCellPanel(actions);
  const parallel = createParallel(actions, resized);
  const curves = createCurves(actions, resized);
  const importance = createImportance(actions);
  const slices = createSlices(actions, resized);
  const table = createTable(actions);
  const parts: readonly Part[] = [header, cell, parallel, curves, importance, slices, table];
  const banner = element("div", {
    class: "nbs-notice",
    "data-testid": "nbs-banner",
    role: "alert",
  });
  banner.dataset.level = "error";
  const waiting = element("div", { class: "nbs-waiting", role: "status" });
  const pair = element("div", { class: "nbs-pair" }, curves.node, importance.node);
  const content = element("div", { class: "nbs-content" }, header.node, cell.node, parallel.node);
  content.append(pair, slices.node, table.node);
  const root = element(
    "div",
    { class: "nbsweep", "data-testid": "nbs-dashboard", role: "region", "aria-label": "nbsweep" },
    element("style", {}, STYLES.join("")),
    banner,
    waiting,
    content,
  );
  host.append(root);
  const letKeysGo = keepKeys(root);

  const retheme = (): void => {
    if (!root.isConnected) return;
    const found = detectTheme(host);
    theme = found.name;
    setAttribute(root, "data-theme", found.name);
    setAttribute(root, "data-palette", found.palette);
    const style = getComputedStyle(root);
    colors = {
      surface: style.getPropertyValue("--nbs-surface"),
      dim: style.getPropertyValue("--nbs-dim"),
    };
    changed();
  };
  const unwatch = watchTheme(document, retheme);
  retheme();

  const frameNow = (): Frame =>
    frames({
      revision,
      selectionRevision,
      state,
      view,
      theme,
      colors,
      hovered,
      now_ms: Date.now(),
    });

  const drawParts = (some: readonly Part[]): void => {
    const unread = bannerText(state);
    show(banner, unread !== "");
    setText(banner, unread);
    show(waiting, state.sweep === null && unread === "");
    setText(waiting, waitingText(state.connection));
    // Shown from the top on: parts that came before those above them would move under the pointer.
    if (!state.sweep || content.hidden) return;
    const frame = frameNow();
    // What is told of the selection can be read by scripts and tests.
    setAttribute(root, "data-selected", frame.selection ? String(frame.selection.size) : "");
    draw(some, frame);
    requests.update(frame);
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
    for (const run of running) if (view.expanded.has(run.id)) requests.nextDetail(run.id);
    redraw();
  }, TICK_MS);
  for (const run of view.expanded) requests.detail(run);
  redraw();

  return () => {
    clearInterval(tick);
    clearTimeout(noticeTimer);
    loop.stop();
    unwatch();
    letKeysGo();
    requests.dispose();
    connection.dispose();
    for (const part of parts) part.dispose?.();
    root.remove();
  };
}

/** What stands above everything, or instead of it while there is no header to say it. */
function bannerText({ otherProtocol, sweep, notice }: DashboardState): string {
  if (otherProtocol !== null)
    return `The kernel’s nbsweep speaks protocol ${otherProtocol}, this page’s dashboard protocol ${PROTOCOL}: what it sends cannot be shown. Restart the kernel, run the cell again and reload the page.`;
  return sweep === null && notice?.level === "error" ? notice.text : "";
}

function waitingText(connection: string): string {
  return connection === "lost"
    ? "Kernel not connected. The sweep’s dashboard appears when its kernel answers."
    : "Asking the kernel…";
}
