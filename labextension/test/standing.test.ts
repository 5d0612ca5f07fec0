import { nullTranslator } from "@jupyterlab/translation";
import { describe, expect, it } from "vitest";
import type { LinkState } from "../src/lab/link";
import { drawer, minute, stillness, type Drawer, type WidgetState } from "../src/lab/standing";

const LINKS: readonly LinkState[] = [
  ...(["no-kernel", "other-language", "connecting", "not-loaded"] as const),
  ...(["live", "lost", "other-protocol"] as const),
];
const trans = nullTranslator.load("nbsweep");

describe("who draws a sweep in an output", () => {
  it.each<[WidgetState, LinkState, boolean, Drawer]>([
    ["here", "live", true, "widget"],
    ["here", "not-loaded", false, "widget"],
    ["never here", "live", true, "kernel"],
    ["gone", "live", true, "kernel"],
    ["gone", "live", false, "widget"],
    ["gone", "lost", true, "widget"],
    ["never here", "live", false, "file"],
    ["never here", "no-kernel", false, "file"],
  ])("with a widget that is %s and a link that is %s", (widget, link, listed, who) => {
    expect(drawer({ widget, link, listed })).toBe(who);
  });

  it("says why it stands still, and nothing while it moves", () => {
    for (const link of LINKS) {
      for (const listed of [true, false]) {
        const said = stillness({ widget: "never here", link, listed }, trans);
        expect(said === "").toBe(link === "live" && listed);
      }
    }
  });

  it("writes a time as a clock on the wall has it", () => {
    expect(minute(new Date(2026, 10, 4, 9, 5).getTime() / 1000)).toBe("2026-11-04 09:05");
    expect(minute(1e300)).toBe("?");
  });
});
