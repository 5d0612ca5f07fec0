import { nullTranslator } from "@jupyterlab/translation";
import { describe, expect, it } from "vitest";
import { emptyState, matches, progressOf, rowLabel, runsText } from "../src/lab/panel-model";
import type { SweepItem } from "../src/lab/wire";

const trans = nullTranslator.load("nbsweep");
const item: SweepItem = {
  ...{ id: "abc123", name: "ResNet Baseline", method: "bayes", state: "running" as const },
  active: true,
  ...{ metric: "val loss", goal: "minimize" as const, best: 0.076712, created_at: 0, note: null },
  ...{ runs: 5, finished: 3, failed: 1, total: 10, running: [], running_count: 1 },
  note_kind: null,
};

describe("a sweep in the panel", () => {
  it("is left by a filter whose words are all somewhere in it", () => {
    for (const filter of ["", "resnet", "  base BAYES ", "abc running", "val"])
      expect(matches(item, filter)).toBe(true);
    for (const filter of ["resnet grid", "finished", "23", "c123"])
      expect(matches(item, filter)).toBe(false);
  });

  it("has a bar of what ended well, what failed and what runs", () => {
    expect(progressOf(item)).toEqual({ finished: 0.3, failed: 0.1, running: 0.1 });
    expect(progressOf({ ...item, total: null })).toBeNull();
    const more = progressOf({ ...item, finished: 20 })!;
    expect(more.finished + more.failed + more.running).toBeCloseTo(1);
  });

  it("is told in words, also to screen readers", () => {
    expect(runsText(item, trans)).toBe("5 of 10 runs, 1 failed");
    expect(runsText({ ...item, total: null, failed: 0, runs: 1 }, trans)).toBe("1 run");
    const done = { ...item, state: "finished" as const, failed: 0, runs: 10 };
    expect(runsText(done, trans)).toBe("10 runs");
    expect(rowLabel(item, trans)).toBe(
      "ResNet Baseline, bayes, running, 5 of 10 runs, 1 failed, best val loss 0.07671",
    );
    const stopped = { ...item, state: "finished" as const, note_kind: "person", running_count: 0 };
    expect(rowLabel(stopped, trans)).toContain("bayes, stopped, 5 of 10 runs");
    expect(matches(stopped, "stopped") && !matches(stopped, "finished")).toBe(true);
    const idle = { ...item, active: false, running_count: 0 };
    expect(rowLabel(idle, trans)).toContain("bayes, waiting for an agent, 5 of 10 runs");
    expect(rowLabel({ ...idle, running_count: 1 }, trans)).toContain("bayes, running, 5");
    expect(matches(idle, "waiting") && !matches(idle, "running")).toBe(true);
    expect(rowLabel({ ...item, best: null, metric: null }, trans)).not.toContain("best");
  });
});

describe("where there is nothing to list", () => {
  const words = (state: Parameters<typeof emptyState>[0], count = 0) =>
    emptyState(state, count, "a.ipynb", trans);

  it("says what is so and what can be done, for every state of the link", () => {
    expect(words(null)?.text).toContain("No notebook");
    expect(words("no-kernel")?.ways).toEqual(["kernel"]);
    expect(words("other-language")?.text).toContain("not Python");
    expect(words("connecting")?.text).toContain("a.ipynb");
    expect(words("not-loaded")?.ways).toEqual(["load", "example"]);
    expect(words("other-protocol")?.more).toContain("Restart");
    expect(words("live")).toMatchObject({ ways: ["example"], example: true });
  });

  it("does not say that there are no sweeps while the store cannot be read", () => {
    const empty = emptyState("live", 0, "a.ipynb", trans, "The disk is away.");
    expect(empty).toMatchObject({ ways: [] });
    expect(empty?.text).not.toContain("No sweeps");
    expect(emptyState("live", 2, "a.ipynb", trans, "The disk is away.")).toBeNull();
  });

  it("leaves the list alone while it is live, and says above it that it is an old one", () => {
    expect(words("live", 3)).toBeNull();
    expect(words("lost", 3)?.more).toContain("how the sweeps were");
  });
});
