/**
 * The choice of the summary metric that colours runs everywhere; hidden where there is no choice.
 */
import { element, show } from "./dom";
import { isNumber } from "./axes";
import { orderKeys } from "./keys";
import type { Actions, Frame, Part } from "./parts";
import type { RunView } from "./protocol";

/** What stands for no metric, where the sweep has none of its own: nothing is chosen for the user then. */
const NONE = "";

/** `none` is said where no metric is chosen. */
export function createMetricSelect(
  actions: Actions,
  word: string,
  label: string,
  none = "by …",
): Part {
  const select = element("select", { class: "nbs-select nbs-quiet", "aria-label": label });
  select.addEventListener("change", () => {
    actions.change({ metric: select.value === NONE ? null : select.value });
  });
  const node = element("label", { class: "nbs-dim nbs-choice" }, word, select);
  let written = "";
  let drawn = -1;
  return {
    node,
    update(frame: Frame): void {
      if (frame.revision === drawn) return;
      drawn = frame.revision;
      const offered = metricChoices(frame.runs, frame.state.sweep?.metric?.name ?? null);
      show(node, offered.length > 1);
      const wanted = JSON.stringify(offered);
      if (wanted !== written) {
        written = wanted;
        select.replaceChildren(
          ...offered.map((name) => element("option", { value: name }, name === NONE ? none : name)),
        );
      }
      const chosen = frame.metric ?? NONE;
      if (select.value !== chosen) select.value = chosen;
    },
  };
}

/** Every summary metric, the sweep's own first; first of all none, where the sweep has none. */
export function metricChoices(runs: readonly RunView[], own: string | null): string[] {
  const names = new Set<string>(own === null ? [] : [own]);
  for (const run of runs) {
    for (const [key, value] of Object.entries(run.summary)) if (isNumber(value)) names.add(key);
  }
  const ordered = orderKeys(names, own);
  return own === null ? [NONE, ...ordered] : ordered;
}
