/**
 * The choice of the summary metric that colours runs everywhere; hidden where there is no choice.
 */
import { element, show } from "./dom";
import { isNumber } from "./axes";
import { orderKeys } from "./keys";
import type { Actions, Frame, Part } from "./parts";

export function createMetricSelect(actions: Actions, word: string, label: string): Part {
  const select = element("select", { class: "nbs-select nbs-quiet", "aria-label": label });
  select.addEventListener("change", () => {
    actions.change({ metric: select.value });
  });
  const node = element("label", { class: "nbs-dim nbs-choice" }, word, select);
  let offered = "";
  let drawn = -1;
  return {
    node,
    update(frame: Frame): void {
      if (frame.revision === drawn) return;
      drawn = frame.revision;
      const names = new Set<string>();
      for (const run of frame.runs) {
        for (const [key, value] of Object.entries(run.summary)) if (isNumber(value)) names.add(key);
      }
      const own = frame.state.sweep?.metric?.name ?? null;
      if (own !== null) names.add(own);
      show(node, names.size > 1);
      const wanted = JSON.stringify([...names].sort());
      if (wanted !== offered) {
        offered = wanted;
        select.replaceChildren(
          ...orderKeys(names, own).map((name) => element("option", { value: name }, name)),
        );
      }
      if (frame.metric !== null && select.value !== frame.metric) select.value = frame.metric;
    },
  };
}
