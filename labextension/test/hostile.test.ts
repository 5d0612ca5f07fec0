/** Names and values of users are data: the corpus is the one of the Python tests. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { axisName, axisOf, axisValue, everyAxis, placer } from "../src/axes";
import { metricValue } from "../src/frames";
import type { ParameterView } from "../src/protocol";
import { filterOf } from "../src/filter";
import { applyMessage, cursors, initialState, type DashboardState } from "../src/state";
import { aRun, aSeries, aSnapshot, aSweep, buffersOf, SESSION } from "./messages";

const corpus = JSON.parse(readFileSync("../tests/hostile.json", "utf8")) as string[];

/** As the kernel's JSON arrives: own properties only, whatever they are called. */
function record<Value>(value: (name: string) => Value): Record<string, Value> {
  const entries = corpus.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(value(name))}`);
  return JSON.parse(`{${entries.join(",")}}`) as Record<string, Value>;
}

function heard(): DashboardState {
  const state = initialState();
  const parameters = corpus.map((name): ParameterView => ({
    ...{ name, kind: "category", integer: false, log: false, low: null, high: null },
    levels: [name, 1],
  }));
  const runs = [
    aRun({
      id: "full",
      name: corpus[0] ?? "",
      config: record((name) => name),
      summary: record(() => 2),
    }),
    aRun({ id: "empty", number: 2 }),
  ];
  const series = corpus.map((key) => ({ ...aSeries(0, 1), run: "full", key, buffer: 0 }));
  const message = aSnapshot({ sweep: aSweep({ parameters }), runs, series });
  applyMessage(state, message, buffersOf([0], [1]), SESSION, 0);
  return state;
}

describe.each(corpus)("%j", (name) => {
  const state = heard();
  const [full, empty] = [...state.runs.values()];

  test("as a parameter is its own value, or missing", () => {
    expect(full && axisValue(full, `param:${name}`)).toBe(name);
    expect(empty && axisValue(empty, `param:${name}`)).toBeUndefined();
    expect(axisName(`param:${name}`)).toBe(name);
    expect(everyAxis(state)).toContain(`param:${name}`);
    const place = placer(axisOf(state, `param:${name}`));
    expect(full && place(full)).not.toBeNull();
    expect(empty && place(empty)).toBeNull();
  });

  test("as a metric is its own value, or missing", () => {
    expect(full && metricValue(full, name)).toBe(2);
    expect(empty && metricValue(empty, name)).toBeNull();
  });

  test("as a logged key is held, and asked for from where it ends", () => {
    expect(state.series.get(name)?.get("full")?.length).toBe(1);
    const held = cursors(state).full ?? {};
    expect(Object.entries(held)).toContainEqual([name, 1]);
  });

  test("as the word of a filter finds its run or none, and breaks nothing", () => {
    expect(typeof (full && (filterOf(name)?.(full) ?? false))).toBe("boolean");
  });
});
