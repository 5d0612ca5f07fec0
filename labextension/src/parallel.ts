/** Parallel: to be built. */
import { element } from "./dom";
import type { Actions, Part } from "./parts";

export function createParallel(_actions: Actions, _resized: () => void): Part {
  return { node: element("section", { "data-testid": "nbs-parallel" }), update: () => undefined };
}
