/** Slices: to be built. */
import { element } from "./dom";
import type { Actions, Part } from "./parts";

export function createSlices(_actions: Actions, _resized: () => void): Part {
  return { node: element("section", { "data-testid": "nbs-slices" }), update: () => undefined };
}
