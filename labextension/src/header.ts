/**
 * The first lines: what this sweep is, its state, the best value, the controls, the progress.
 *
 * In: a Frame. Out: commands. A pressed button says so at once and waits for the kernel's answer;
 * the stop menu offers what is less than stopping now.
 */
import { button, element, handOnFocus, ignorePending, setAttribute, setText, show } from "./dom";
import { createFloating } from "./floating";
import { formatNumber, formatRoughly, plural } from "./format";
import { createMenu } from "./menu";
import type { Actions, Frame, Part } from "./parts";
import { progress } from "./progress";
import { toFloat, type SweepView } from "./protocol";
import { isBusy, isPending, type DashboardState } from "./state";
import { canResume, stateText, stateTone } from "./sweep-state";

export function createHeader(actions: Actions): Part {
  const name = element("span", { class: "nbs-name", "data-testid": "nbs-name" });
  const version = element("span", { class: "nbs-dim", "data-testid": "nbs-version" });
  version.title = "The config was changed under the same name";
  const kind = element("span", { class: "nbs-dim nbs-kind" });
  const stateWords = element("span");
  const state = element(
    "span",
    { class: "nbs-state", "data-testid": "nbs-state", role: "status" },
    element("span", { class: "nbs-dot", "aria-hidden": "true" }),
    stateWords,
  );
  const bestValue = element("b");
  const bestRun = element("span", { class: "nbs-dim nbs-best-run" });
  const best = element("span", { class: "nbs-best", "data-testid": "nbs-best" });
  best.append(element("span", { class: "nbs-dim" }, "best "), bestValue, " ", bestRun);
  const saved = element("span", { class: "nbs-dim nbs-saved", "data-testid": "nbs-saved" });
  const savedTime = element("b");
  const savedOf = element("span");
  saved.append("early stops saved ", savedTime, savedOf);
  const controls = createControls(actions);
  const bar = createProgress();
  const callout = createCallout(actions);
  const right = element("div", { class: "nbs-right" }, best, saved, controls.node);
  const line = element("div", { class: "nbs-line" }, name, version, kind, state, right);
  const node = element("header", { class: "nbs-header" }, line, bar.node, callout.node);

  return {
    node,
    update(frame: Frame): void {
      const sweep = frame.state.sweep;
      if (!sweep) return;
      setText(name, sweep.name, sweep.name);
      show(version, (sweep.version ?? 1) > 1);
      setText(version, `version ${sweep.version ?? 1}`);
      setText(kind, kindOf(sweep), kindOf(sweep));
      const lost = frame.state.connection === "lost";
      const soon = isPending(frame.state, "stop_after_current");
      setText(stateWords, lost ? "kernel not connected" : stateText(sweep, soon));
      setAttribute(state, "data-state", lost ? "lost" : stateTone(sweep));
      show(best, sweep.best !== null);
      if (sweep.best) {
        setText(bestValue, formatNumber(toFloat(sweep.best.value)));
        setText(bestRun, sweep.best.name, sweep.best.name);
      }
      show(saved, sweep.saved_s !== null);
      setText(savedTime, formatRoughly(sweep.saved_s));
      setText(savedOf, ` of ${formatRoughly(sweep.trained_s + (sweep.saved_s ?? 0))}`);
      controls.update(frame);
      bar.update(frame);
      callout.update(frame);
    },
  };
}

function kindOf(sweep: SweepView): string {
  return sweep.metric
    ? `${sweep.method} · ${sweep.metric.goal} ${sweep.metric.name}`
    : sweep.method;
}

function createControls(actions: Actions): Part {
  const pause = button({ class: "nbs-button", "data-testid": "nbs-pause" }, "Pause", () => {
    actions.command(pause.dataset.does === "resume" ? "resume" : "pause");
  });
  const stop = button({ class: "nbs-button", "data-testid": "nbs-stop" }, "Stop", () => {
    actions.command("stop");
  });
  stop.title = "Stop the sweep and its runs now";
  const after = button({ role: "menuitem" }, "Stop after current runs", () => {
    actions.command("stop_after_current");
    open(false);
    more.focus();
  });
  const menu = element("div", { class: "nbs-menu", role: "menu", hidden: "" }, after);
  const moreNames = { "aria-haspopup": "menu", "aria-expanded": "false" };
  const more = button(
    { class: "nbs-button nbs-more", "aria-label": "More ways to stop", ...moreNames },
    "▾",
    () => {
      open(menu.hidden);
    },
  );
  const floating = createFloating(menu, () => {
    open(false);
  });
  const open = (opened: boolean): void => {
    setAttribute(more, "aria-expanded", String(opened));
    if (!opened) {
      floating.close();
      return;
    }
    floating.open(more);
    after.focus({ preventScroll: true });
  };
  const stops = element("span", { class: "nbs-split" }, stop, more, menu);
  stops.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    event.stopPropagation();
    open(false);
    more.focus();
  });
  stops.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && stops.contains(event.relatedTarget))) open(false);
  });
  const adding = createAdding(actions);
  const node = element("span", { class: "nbs-controls" }, pause, stops, adding.node);
  ignorePending(node);

  return {
    node,
    update(frame: Frame): void {
      const { state } = frame;
      const sweep = state.sweep;
      if (!sweep) return;
      const focused = document.activeElement;
      adding.update(frame);
      const resumes = canResume(sweep);
      const over = sweep.state === "finished" || sweep.state === "cancelled";
      show(pause, resumes || (!over && isBusy(sweep)));
      setAttribute(pause, "data-does", resumes ? "resume" : "pause");
      label(pause, pauseLabel(state, resumes), isPending(state, resumes ? "resume" : "pause"));
      show(stops, isBusy(sweep));
      show(node, !pause.hidden || !stops.hidden || !adding.node.hidden);
      const soon = isPending(state, "stop_after_current");
      label(stop, isPending(state, "stop") ? "Stopping…" : "■ Stop", isPending(state, "stop"));
      label(after, soon ? "Stopping after current runs…" : "Stop after current runs", soon);
      setAttribute(more, "data-pending", String(soon));
      more.disabled = isPending(state, "stop");
      handOnFocus(node, focused);
    },
  };
}

const FEW = [1, 5, 10, 25, 100];
const MOST = 100_000;

/** "+5 runs", and other numbers under an arrow; the last number chosen is offered from then on. */
function createAdding(actions: Actions): Part {
  let offered = 0;
  const add = button({ class: "nbs-button", "data-testid": "nbs-add-runs" }, "", () => {
    actions.command("add_runs", { count: offered });
  });
  const menu = createMenu("▾", { role: "group", "aria-label": "How many more runs" });
  menu.opener.className = "nbs-button nbs-more";
  menu.opener.setAttribute("aria-label", "Another number of runs");
  for (const each of FEW) {
    const item = button({}, `+${plural(each, "run")}`, () => {
      addSo(each);
    });
    menu.panel.append(item);
  }
  menu.panel.append(
    createOtherNumber((other) => {
      addSo(other);
    }),
  );
  const addSo = (many: number): void => {
    menu.close();
    actions.change({ adding: many });
    actions.command("add_runs", { count: many });
  };
  const node = element("span", { class: "nbs-split" }, add, menu.node);
  return {
    node,
    update({ state, view }: Frame): void {
      offered = view.adding;
      setText(add, `+${plural(offered, "run")}`);
      show(node, state.sweep?.state !== "cancelled" && state.runs.size > 0);
      setAttribute(add, "aria-disabled", String(isPending(state, "add_runs")));
    },
  };
}

function createOtherNumber(add: (count: number) => void): HTMLElement {
  const field = element("input", {
    ...{ type: "number", min: "1", max: String(MOST), step: "1", placeholder: "other" },
    "aria-label": "Number of runs to add",
  });
  const form = element(
    "form",
    { class: "nbs-other-number" },
    field,
    button({}, "add", () => {
      form.requestSubmit();
    }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const count = field.valueAsNumber;
    if (Number.isInteger(count) && count >= 1 && count <= MOST) add(count);
  });
  return form;
}

function pauseLabel(state: DashboardState, resumes: boolean): string {
  if (isPending(state, "resume")) return "Resuming…";
  if (isPending(state, "pause")) return "Pausing…";
  return resumes ? "▶ Resume" : "❚❚ Pause";
}

/** A pressed button waits with `aria-disabled`: one that is `disabled` loses the focus to the page. */
function label(node: HTMLButtonElement, text: string, pending: boolean): void {
  setText(node, text);
  setAttribute(node, "aria-disabled", String(pending));
  setAttribute(node, "aria-busy", String(pending));
}

function createProgress(): Part {
  const bar = element("div", {
    class: "nbs-bar",
    "data-testid": "nbs-progress",
    role: "progressbar",
    "aria-label": "runs",
    "aria-valuemin": "0",
  });
  const text = element("div", { class: "nbs-dim" });
  const left = element("div", { class: "nbs-dim", "data-testid": "nbs-left" });
  const words = element(
    "div",
    { class: "nbs-line nbs-progress-text" },
    text,
    element("div", { class: "nbs-right" }, left),
  );
  let drawn = "";
  return {
    node: element("div", { class: "nbs-progress" }, bar, words),
    update({ state }: Frame): void {
      if (!state.sweep) return;
      const shown = progress(state.sweep);
      setText(text, shown.text);
      setText(left, leftText(state.sweep));
      setAttribute(bar, "aria-valuetext", shown.text);
      setAttribute(bar, "aria-valuenow", String(shown.done));
      if (shown.whole === null) bar.removeAttribute("aria-valuemax");
      else setAttribute(bar, "aria-valuemax", String(shown.whole));
      const wanted = JSON.stringify(shown.segments);
      if (wanted === drawn) return;
      drawn = wanted;
      bar.replaceChildren(
        ...shown.segments.map((segment) => {
          const part = element("span", { "data-tone": segment.tone });
          part.style.width = `${100 * segment.share}%`;
          return part;
        }),
      );
    },
  };
}

function leftText({ left_s, outlook }: SweepView): string {
  const parts = left_s === null ? [] : [`about ${formatRoughly(left_s)} left`];
  return [...parts, ...(outlook === null ? [] : [outlook])].join(" · ");
}

/** Why the sweep is as it is (three failures: the last traceback), and what the kernel just said. */
function createCallout(actions: Actions): Part {
  const noteHead = element("div", { class: "nbs-note-head" });
  const noteRest = element("pre", { class: "nbs-pre", tabindex: "0", "aria-label": "details" });
  const note = element("div", { class: "nbs-note", "data-testid": "nbs-note" }, noteHead, noteRest);
  const text = element("span", { class: "nbs-notice-text" });
  const close = button({ class: "nbs-icon", "aria-label": "Dismiss" }, "×", () => {
    actions.dismissNotice();
  });
  const notice = element(
    "div",
    { class: "nbs-notice", "data-testid": "nbs-notice", role: "alert" },
    text,
    close,
  );
  const trouble = element("div", {
    class: "nbs-notice",
    "data-testid": "nbs-trouble",
    role: "alert",
  });
  trouble.dataset.level = "error";
  return {
    node: element("div", {}, trouble, note, notice),
    update({ state }: Frame): void {
      const wrong = state.sweep?.notice?.trim() ?? "";
      show(trouble, wrong !== "");
      setText(trouble, wrong);
      const written = state.sweep?.note?.trim() ?? "";
      show(note, written !== "");
      const cut = written.indexOf("\n");
      setText(noteHead, cut < 0 ? written : written.slice(0, cut));
      setText(noteRest, cut < 0 ? "" : written.slice(cut + 1).trim());
      show(noteRest, cut >= 0);
      show(notice, state.notice !== null);
      setText(text, state.notice?.text ?? "");
      setAttribute(notice, "data-level", state.notice?.level ?? "info");
    },
  };
}
