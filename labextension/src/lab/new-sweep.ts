/**
 * "New sweep from this cell": from training code, the two cells that sweep it.
 *
 * In: the source of the selected cells. Out: a `%%sweep define` cell with a range for every hyperparameter that was
 * found, and a `%%sweep_train` cell: the same code, the constants replaced by what the run's config says. Both are
 * for the user to edit; where the code does not log a metric, the train cell says or does what it takes. Pure.
 */
import {
  assignedAtTop,
  calleeName,
  children,
  findHyperparameters,
  mostTelling,
  parse,
  text,
  walk,
  type Hyperparameter,
  type Metric,
} from "./hyperparameters";
import type { SyntaxNode } from "@lezer/common";
import type { Definition, Literal } from "./ranges";

export interface NewSweep {
  readonly define: string;
  readonly train: string;
  readonly parameters: readonly Hyperparameter[];
  readonly metric: Metric;
  /** Whether a run of the train cell logs the metric as it stands. */
  readonly logs: boolean;
}

/** Why there is nothing to sweep. */
export type NoSweep = "empty" | "no constants" | "sweep already";

const COUNT = 10;
const RESERVED =
  /^(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)$/;
/** What a run's config has of its own: these names are asked for by index. */
const METHODS = /^(keys|values|items|get|update|pop|popitem|clear|setdefault|setdefaults|as_dict)$/;
/** Cell magics whose body is plain code. */
const TRANSPARENT = /^%%(time|timeit|capture|prun|sweep_train)\b[^\n]*\n?/;

/** The two cells, or why there are none. */
export function newSweep(cells: readonly string[]): NewSweep | NoSweep {
  const sources = cells.map((cell) => cell.replace(TRANSPARENT, "").trimEnd());
  const code = sources.filter((source) => source.trim() !== "" && !/^\s*%%/.test(source));
  if (code.length === 0)
    return cells.some((cell) => cell.startsWith("%%sweep")) ? "sweep already" : "empty";
  const source = code.join("\n\n");
  const { parameters, metric } = findHyperparameters(source);
  if (!parameters.some(({ definition }) => !("value" in definition))) return "no constants";
  const { text: train, logs } = trainCell(source, parameters, metric);
  return { define: defineCell(parameters, metric), train, parameters, metric, logs };
}

export function defineCell(parameters: readonly Hyperparameter[], metric: Metric): string {
  const swept = parameters.map(
    ({ name, definition }) => `        ${quote(name)}: ${asPython(definition)},\n`,
  );
  return `%%sweep define
{
    "method": "random",
    "metric": {"name": ${quote(metric.name)}, "goal": ${quote(metric.goal)}},
    "parameters": {
${swept.join("")}    },
}`;
}

function trainCell(
  source: string,
  parameters: readonly Hyperparameter[],
  metric: Metric,
): { text: string; logs: boolean } {
  const root = parse(source);
  // The run's config goes by another name where the code has a `config` of its own.
  const own = binds(root, source, "config");
  const holder = own ? "swept" : "config";
  const edits: { from: number; to: number; text: string }[] = [];
  for (const { name, places } of parameters) {
    const plain = !RESERVED.test(name) && !METHODS.test(name) && !name.startsWith("_");
    const value = plain ? `${holder}.${name}` : `${holder}[${quote(name)}]`;
    for (const place of places) edits.push({ ...place, text: value });
  }
  const before: string[] = [];
  const wandb = usesWandb(root, source, edits);
  if (wandb === "elsewhere") before.push("import nbsweep as wandb");
  if (own) before.push("swept = config  # this run's values");
  const log = metric.logged ? null : loggingLine(root, source, metric);
  if (log?.at !== undefined) edits.push({ from: log.at, to: log.at, text: log.text });
  const after = log && log.at === undefined ? [log.text] : [];
  edits.sort((one, other) => other.from - one.from);
  let body = source;
  for (const { from, to, text: replacement } of edits)
    body = body.slice(0, from) + replacement + body.slice(to);
  const call = callLine(root, source);
  if (call !== null) after.unshift(call);
  const text = [`%%sweep_train --count ${COUNT}`, ...before, body, ...after].join("\n");
  return { text, logs: metric.logged || log?.works === true };
}

/** `import wandb` becomes `import nbsweep as wandb`, which has what tutorials use; else whether it is used at all. */
function usesWandb(
  root: SyntaxNode,
  source: string,
  edits: { from: number; to: number; text: string }[],
): "here" | "elsewhere" | "no" {
  let found: "here" | "elsewhere" | "no" = "no";
  walk(root, (node) => {
    if (node.name === "ImportStatement" && /^import\s+wandb$/.test(text(node, source).trim())) {
      edits.push({ from: node.from, to: node.to, text: "import nbsweep as wandb" });
      found = "here";
    } else if (node.name === "MemberExpression" && /^wandb\s*\./.test(text(node, source)))
      found = found === "no" ? "elsewhere" : found;
  });
  return found;
}

/** Whether the code gives that name a meaning of its own, anywhere. */
function binds(root: SyntaxNode, source: string, wanted: string): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.name !== "VariableName" || text(node, source) !== wanted) return;
    const parent = node.parent?.name ?? "";
    if (/^(ParamList|ImportStatement|FunctionDefinition|ClassDefinition)$/.test(parent))
      found = true;
    else if (/^(AssignStatement|UpdateStatement)$/.test(parent))
      found ||= children(node.parent!).some(
        ({ name, from }) => /^(Assign|Update)Op$/.test(name) && from > node.from,
      );
    else if (/^(ForStatement|WithStatement)$/.test(parent))
      found ||= /^(for|as|,)$/.test(node.prevSibling?.name ?? "");
  });
  return found;
}

interface Logging {
  readonly text: string;
  /** Where it goes; at the end of the cell where it is left out. */
  readonly at?: number;
  readonly works: boolean;
}

/**
 * The line that logs the metric, for code that does not: inside the outermost loop that makes a loss, after a call of
 * `fit` whose history is kept, after all else where a score is made; otherwise a comment that says what is missing.
 */
function loggingLine(root: SyntaxNode, source: string, metric: Metric): Logging {
  const loop = children(root)
    .filter(({ name }) => /^(For|While)Statement$/.test(name))
    .reverse()
    .map((each) => ({
      body: each.getChild("Body"),
      name: mostTelling(assignedAtTop(each, source)),
    }))
    .find(({ name }) => name === metric.name);
  const last = loop?.body?.lastChild;
  if (loop?.body && last && loop.name !== null) {
    const lineStart = source.lastIndexOf("\n", last.from) + 1;
    const indent = /^[ \t]*/.exec(source.slice(lineStart))![0];
    return {
      text: `\n${indent}log({${quote(metric.name)}: float(${loop.name})})`,
      at: endOf(last),
      works: true,
    };
  }
  const history = historyOf(root, source);
  if (history !== null)
    return {
      text: `for value in ${history}.history["loss"]:\n    log({"loss": value})`,
      works: metric.name === "loss",
    };
  if (assignedAtTop(root, source).includes(metric.name))
    return { text: `log({${quote(metric.name)}: float(${metric.name})})`, works: true };
  const where = "here, or in the loop once a step";
  return {
    text: `# Log the metric ${where}: log({${quote(metric.name)}: …})`,
    works: false,
  };
}

/** Where a statement's text ends: a block's node takes the line ends behind it. */
function endOf(node: SyntaxNode): number {
  let end = node;
  while (end.lastChild && end.lastChild.name !== ")" && end.lastChild.to === end.to)
    end = end.lastChild;
  return end.to;
}

/** The variable that keeps what Keras' `fit` gives back. */
function historyOf(root: SyntaxNode, source: string): string | null {
  for (const node of root.getChildren("AssignStatement")) {
    const value = node.lastChild;
    const target = node.firstChild;
    if (value?.name !== "CallExpression" || target?.name !== "VariableName") continue;
    const names = text(value, source);
    if (calleeName(value, source) === "fit" && /\bepochs\s*=/.test(names))
      return text(target, source);
  }
  return null;
}

/**
 * Code that only defines functions trains nothing. One called `train` nbsweep calls by itself; another that has a loop
 * and requires no argument is called at the end, else a comment says that it must be.
 */
function callLine(root: SyntaxNode, source: string): string | null {
  const acts = children(root).some(
    ({ name, firstChild }) =>
      !/^(FunctionDefinition|ClassDefinition|DecoratedStatement|ImportStatement|AssignStatement|Comment)$/.test(
        name,
      ) && !(name === "ExpressionStatement" && firstChild?.name === "String"),
  );
  const functions = root.getChildren("FunctionDefinition").filter((node) => {
    const names: string[] = [];
    walk(node, ({ name }) => names.push(name));
    return names.includes("ForStatement") || names.includes("WhileStatement");
  });
  const last = functions[functions.length - 1];
  if (acts || !last) return null;
  const names = functions.map((node) => text(node.getChild("VariableName")!, source));
  if (root.getChildren("AssignStatement").some((node) => calls(node, source, names))) return null;
  const name = names[names.length - 1]!;
  const onlyDefines = root.getChild("AssignStatement") === null;
  if (name === "train" && onlyDefines) return null;
  const parameters = last.getChild("ParamList");
  const required = parameters ? requiredNames(parameters, source) : [];
  return required.length === 0 ? `${name}()` : `# Call it: ${name}(${required.join(", ")})`;
}

/** Whether a call of one of those functions is in it: `loss = fit()`. */
function calls(within: SyntaxNode, source: string, names: readonly string[]): boolean {
  let found = false;
  walk(within, (node) => {
    const callee = node.name === "CallExpression" ? node.firstChild : null;
    found ||= callee?.name === "VariableName" && names.includes(text(callee, source));
  });
  return found;
}

function requiredNames(list: SyntaxNode, source: string): string[] {
  return list
    .getChildren("VariableName")
    .filter(({ prevSibling, nextSibling }) => {
      const after = nextSibling?.name === "TypeDef" ? nextSibling.nextSibling : nextSibling;
      return (
        !prevSibling?.name.startsWith("*") &&
        prevSibling?.name !== "AssignOp" &&
        after?.name !== "AssignOp"
      );
    })
    .map((node) => text(node, source));
}

// -- Python source ------------------------------------------------------------------------------------------------

function asPython(definition: Definition): string {
  if ("value" in definition) return `{"value": ${literal(definition.value)}}`;
  if ("values" in definition) return `{"values": [${definition.values.map(literal).join(", ")}]}`;
  const number = definition.distribution === "int_uniform" ? String : floating;
  const { distribution, min, max } = definition;
  return `{"distribution": ${quote(distribution)}, "min": ${number(min)}, "max": ${number(max)}}`;
}

function literal({ value, integer }: Literal): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quote(value);
  return integer ? String(value) : floating(value);
}

/** As people write it: 0.01, 1e-4, 1e-05 never; a float stays one. */
export function floating(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6))
    return value.toExponential().replace("e+", "e");
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** A Python string literal. */
export function quote(value: string): string {
  return JSON.stringify(value);
}
