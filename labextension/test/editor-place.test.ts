import { describe, expect, it } from "vitest";
import { completeBody } from "../src/lab/editor/offers";
import { explain } from "../src/lab/editor/hover";
import { DRAWINGS } from "../src/lab/editor/distributions";
import { placeAt } from "../src/lab/editor/place";
import { keysOf } from "../src/lab/editor/schema";
import { bodyLanguage, sweepCell } from "../src/lab/editor/sweep-cell";

/** A body with the cursor at |, in the language that a cell with it would be read in. */
function at(marked: string): [string, number, "python" | "yaml"] {
  const cursor = marked.indexOf("|");
  const body = marked.slice(0, cursor) + marked.slice(cursor + 1);
  return [body, cursor, bodyLanguage(body)];
}
const place = (marked: string) => placeAt(...at(marked));
const offered = (marked: string) =>
  completeBody(...at(marked))?.offers.map(({ name }) => name) ?? [];
/** The body after the first offer was chosen. */
function chosen(marked: string): string {
  const [body, cursor, language] = at(marked);
  const found = completeBody(body, cursor, language)!;
  return body.slice(0, found.from) + found.items[0]! + "|" + body.slice(cursor);
}

describe("sweep cells", () => {
  it("are told by their first line, and the language by how the body begins", () => {
    expect(sweepCell("%%sweep define\n{")).toMatchObject({
      magic: "define",
      language: "python",
      bodyFrom: 15,
    });
    expect(sweepCell("%%sweep define x --seed 1\nmethod: random")).toMatchObject({
      language: "yaml",
    });
    expect(sweepCell("%%sweep_train --count 3\nlog({})")).toMatchObject({
      magic: "train",
      language: "python",
    });
    expect(sweepCell("%%sweep_trainer\n")).toBeNull();
    expect(sweepCell("%sweep define x")).toBeNull();
    expect(sweepCell("x = 1\n%%sweep define\n")).toBeNull();
  });

  it("hold Python for a dict, a call, a name that is given one, and YAML for keys", () => {
    expect(["{", "dict(", "sweep_config = {", "# a comment\n\n{"].map(bodyLanguage)).toEqual(
      Array(4).fill("python"),
    );
    expect(["", "met", "method: x", "---\nmethod: x", "# {\nmethod: x"].map(bodyLanguage)).toEqual(
      Array(5).fill("yaml"),
    );
  });
});

describe("the place of a cursor in a dict", () => {
  it("is known while nothing is closed", () => {
    expect(place('{"meth|')).toMatchObject({ path: [], at: "key", style: "dict" });
    expect(place('{"parameters": {"lr": {"distribution": "uni|')).toMatchObject({
      path: ["parameters", "lr"],
      at: "value",
      key: "distribution",
    });
    expect(place('{"parameters": {"lr": {"min": 1, |')).toMatchObject({
      path: ["parameters", "lr"],
      at: "key",
    });
  });

  it("counts siblings behind it, and is not misled by a key that lacks its value", () => {
    const found = place('{"method": |\n "parameters": {"a": {"values": [1]}}}')!;
    expect(found).toMatchObject({ at: "value", key: "method" });
    expect([...found.siblings.keys()]).toEqual(["parameters"]);
  });

  it("sees brackets in strings, comments and expressions as what they are", () => {
    expect(
      place('{"name": "a}b{", # { a brace\n "parameters": {"x": {"min": f(1, [2]) * 3, |}}}'),
    ).toMatchObject({
      path: ["parameters", "x"],
      at: "key",
    });
    expect(place('{"name": "x", # her|e\n}')).toBeNull();
    expect(place("{}|")).toBeNull();
  });

  it("is found in nests, in dict(…) and behind an assignment", () => {
    expect(place('c = {"parameters": {"o": {"parameters": {"lr": {"m|')).toMatchObject({
      path: ["parameters", "o", "parameters", "lr"],
    });
    expect(place("dict(method='grid', parameters=dict(lr=dict(mi|")).toMatchObject({
      path: ["parameters", "lr"],
      at: "key",
      style: "call",
    });
  });
});

describe("the place of a cursor in YAML", () => {
  it("follows the indentation", () => {
    expect(place("method: random\nparameters:\n  lr:\n    distribution: |")).toMatchObject({
      path: ["parameters", "lr"],
      at: "value",
      key: "distribution",
    });
    expect(place("parameters:\n  lr:\n    mi|")).toMatchObject({
      path: ["parameters", "lr"],
      at: "key",
    });
    expect(place("parameters:\n  lr:\n    min: 1\n    |")).toMatchObject({
      path: ["parameters", "lr"],
      at: "key",
    });
    expect(place("parameters:\n  lr:\n    min: 1\n  |")).toMatchObject({
      path: ["parameters"],
      at: "key",
    });
    expect(place("parameters:\n  lr:\n    min: 1\n|")).toMatchObject({ path: [], at: "key" });
    expect(place("metric:\n  |\nmethod: grid")).toMatchObject({ path: ["metric"], at: "key" });
  });

  it("goes into braces, and leaves lists of values alone", () => {
    expect(place("parameters:\n  lr: {distribution: uniform, m|}")).toMatchObject({
      path: ["parameters", "lr"],
      at: "key",
      style: "flow",
    });
    expect(offered("parameters:\n  lr:\n    values: [1, |]")).toEqual([]);
    expect(offered("parameters:\n  lr:\n    values:\n      - |")).toEqual([]);
  });
});

describe("completion", () => {
  it("offers the keys that the place takes, those that it needs first, without those that are there", () => {
    expect(offered("|").slice(0, 2)).toEqual(["method", "parameters"]);
    expect(offered('{"method": "grid", "|')).not.toContain("method");
    expect(offered('{"early_terminate": {"|')).toContain("min_iter");
    expect(offered('{"metric": {"|')).toEqual([
      "name",
      "goal",
      "target",
      "impute",
      "impute_while_running",
    ]);
  });

  it("offers in a parameter what fits its distribution, and what fits its other keys without one", () => {
    const quantised = offered('{"parameters": {"lr": {"distribution": "q_uniform", "|"}}}');
    expect(quantised).toEqual(["min", "max", "q"]);
    expect(offered('{"parameters": {"lr": {"|": 1, "distribution": "beta"}}}')).toEqual(["a", "b"]);
    expect(offered('{"parameters": {"lr": {"min": 0, "|')).not.toContain("values");
    expect(offered('{"parameters": {"|')).toEqual([]); // names of parameters are the user's
  });

  it("offers distributions, methods and goals, in a nest too", () => {
    expect(offered('{"method": "|"}')).toEqual(["grid", "random", "bayes"]);
    expect(offered("metric:\n  goal: |")).toEqual(["minimize", "maximize"]);
    expect(
      offered('{"parameters": {"o": {"parameters": {"lr": {"distribution": "log_uni|').sort(),
    ).toContain("log_uniform_values");
    expect(
      offered("parameters:\n  lr:\n    min: 1\n    max: 2\n    distribution: |"),
    ).not.toContain("normal");
  });

  it("puts in the quotes and the colon that are not there", () => {
    expect(chosen('{"meth|')).toBe('{"method": |');
    expect(chosen('{"meth|"}')).toBe('{"method|"}');
    expect(chosen('{"meth|": 1}')).toBe('{"method|": 1}');
    expect(chosen("{|")).toBe('{"method": |');
    expect(chosen('{"method": "ra|')).toBe('{"method": "random"|');
    expect(chosen('{"method": "ra|"')).toBe('{"method": "random|"');
    expect(chosen('{"method": |}')).toBe('{"method": "grid"|}');
    expect(chosen("dict(meth|")).toBe("dict(method=|");
    expect(chosen("meth|")).toBe("method: |");
    expect(chosen("method: random\nparam|")).toBe("method: random\nparameters:|");
    expect(chosen('{"early_terminate": {"strict": |}}')).toBe(
      '{"early_terminate": {"strict": True|}}',
    );
  });

  it("never fails, wherever the cursor is in whatever was typed", () => {
    const whole = [
      '{"method": "random",\n "metric": {"name": "loss"},\n "parameters": {"é𝄞": {"values": [1, (2, 3)]}}}',
      "method: random\nparameters:\n  lr: {min: 1, max: 2}\n  x:\n    values:\n    - a\n    - {b: c}\nmetric: [\n",
      "dict(parameters=dict(a=dict(min=1, max=f(2))), **more)",
    ];
    for (const body of whole) {
      for (let end = 0; end <= body.length; end++) {
        for (let cursor = 0; cursor <= end; cursor++) {
          const typed = body.slice(0, end);
          const found = completeBody(typed, cursor, bodyLanguage(typed));
          expect(found === null || (found.from >= 0 && found.from <= cursor)).toBe(true);
        }
      }
    }
  });
});

describe("hover", () => {
  const cell =
    '%%sweep define\n{"method": "grid", "parameters": {"lr": {"distribution": "log_uniform_values"}}}';

  it("explains a distribution with its keys, its formula and an example", () => {
    const found = explain(cell, cell.indexOf("uniform_values"))!;
    expect(found).toMatchObject({ title: "log_uniform_values", formula: "min · (max / min)^u" });
    expect(found.keys!.map(({ name }) => name)).toEqual(["min", "max"]);
    expect(cell.slice(found.from, found.to)).toBe('"log_uniform_values"');
  });

  it("explains a key by the schema, and is silent on all else", () => {
    expect(explain(cell, cell.indexOf("method") + 2)!.about).toContain("how configs are chosen");
    expect(explain(cell, cell.indexOf('"lr"') + 2)).toBeNull();
    expect(explain(cell, 3)).toBeNull();
    expect(explain("constructor", 3)).toBeNull();
    const odd =
      '%%sweep define\n{"parameters": {"x": {"distribution": "constructor", "__proto__": 1}}}';
    expect(explain(odd, odd.indexOf("constructor") + 1)).toBeNull();
    expect(explain(odd, odd.indexOf("__proto__") + 1)).toBeNull();
  });

  it("knows every distribution of the schema, and no other", () => {
    for (const [name, { example }] of Object.entries(DRAWINGS)) {
      expect(keysOf(name), name).not.toBeNull();
      const keys = Object.keys(JSON.parse(example) as object).filter(
        (key) => key !== "distribution",
      );
      const taken = keysOf(name)!.keys.map((key) => key.name);
      expect(taken, name).toEqual(expect.arrayContaining(keys));
    }
    const body = '{"parameters": {"x": {"distribution": "|';
    expect(offered(body).sort()).toEqual(Object.keys(DRAWINGS).sort());
  });
});
