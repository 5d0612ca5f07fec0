/** Importance: to be built. */
import { element } from "./dom";
import type { Actions, Part } from "./parts";

export function createImportance(_actions: Actions): Part {
  return { node: element("section", { "data-testid": "nbs-importance" }), update: () => undefined };
}
