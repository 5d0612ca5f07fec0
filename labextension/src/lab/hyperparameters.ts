/**
 * The hyperparameters of a cell's training code: constants that a sweep could vary, where they stand, and the metric.
 *
 * In: Python source. Out: what was found, with positions in the source. It reads the syntax tree (Lezer's, the one
 * that highlights cells) and runs nothing, so it needs no kernel. Looked at are
 *
 * - assignments: `lr = 1e-3`, `lr: float = 1e-3`, `lr, momentum = 0.1, 0.9`, `args.lr = 0.1`, `config["lr"] = 0.1`;
 * - keyword arguments and defaults: `SGD(..., lr=0.01)`, `def train(lr=0.01)`;
 * - entries of dicts: `{"lr": 1e-3}`;
 * - a few positional arguments that everybody writes without their name: `Dropout(0.2)`, `Dense(64, activation="relu")`,
 *   `Adam(1e-3)`.
 *
 * Which of these names are hyperparameters, `ranges.ts` says.
 */
import { pythonLanguage } from "@codemirror/lang-python";
import type { SyntaxNode } from "@lezer/common";
import { likelyGoal } from "../goals";
import { plainName, rangeOf, type Definition, type Literal } from "./ranges";

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A constant, and all the places where it is written. */
export interface Hyperparameter {
  /** Its name in the config: unique, `lr_2` where two of one name have different values. */
  readonly name: string;
  readonly literal: Literal;
  readonly definition: Definition;
  readonly places: readonly Span[];
}

export interface Metric {
  readonly name: string;
  readonly goal: "minimize" | "maximize";
  /** The code logs it by a call of `log({...})`. */
  readonly logged: boolean;
}

export interface Findings {
  readonly parameters: readonly Hyperparameter[];
  readonly metric: Metric;
  /** Whether something repeats: a loop, or a call of `fit` or `train`. */
  readonly trains: boolean;
}

const OPTIMIZERS = /^(Adam|AdamW|SGD|RMSprop|Adagrad|Adadelta|Nadam|Adamax|NAdam|RAdam)$/;
const DROPOUTS = /^(Alpha|Spatial|Gaussian)?Dropout[123]?[dD]?$/;
const DRAWS =
  /^(plt|ax|axs|axes|fig|sns|px|go)\W|\.(plot|scatter|hist|bar|imshow|fill_between|ax[hv]line|legend|grid)\(/;
const HIDDEN = /^(relu|tanh|elu|selu|gelu|swish|silu|leaky_relu|softplus)$/;
/** Most telling first. */
const METRICS = [
  /(^|_)(val|valid|validation|test|eval)_?.*loss/,
  /(^|_)(val|valid|validation|test|eval)_?.*(acc|accuracy|f1|auc|score)/,
  /^loss$/,
  /loss/,
  /(^|_)(acc|accuracy)(_|$)/,
  /(^|_)(rmse|mse|mae|error|err|f1|auc|r2|score|reward|perplexity)(_|$)/,
];

/** Parse cells' source, lines that only IPython understands left out: as many characters as they had. */
export function parse(source: string): SyntaxNode {
  return pythonLanguage.parser.parse(blankMagics(source)).topNode;
}

export function blankMagics(source: string): string {
  return source.replace(/^[ \t]*(%|!|\?)[^\n]*$/gm, (line) => " ".repeat(line.length));
}

/** What a sweep of this code would vary and look at. */
export function findHyperparameters(source: string): Findings {
  const root = parse(source);
  const found: { name: string; literal: Literal; definition: Definition; places: Span[] }[] = [];
  const names = new Set<string>();
  const add = (written: string, node: SyntaxNode): void => {
    const literal = readLiteral(node, source);
    const usual = literal && rangeOf(written, literal);
    if (!literal || !usual) return;
    const known = "values" in usual ? knownToCode(root, source, written, literal.value) : null;
    const definition = known ? { values: known } : usual;
    const place = { from: node.from, to: node.to };
    // One constant of two names (`lr = learning_rate = 0.01`) is the first's: it can be replaced only once.
    if (found.some(({ places }) => places.some(({ from }) => from === place.from))) return;
    const base = asName(written);
    const same = found.find(
      (each) => baseOf(each.name, base) && each.literal.value === literal.value,
    );
    if (same) {
      same.places.push(place);
      return;
    }
    let name = base;
    for (let number = 2; names.has(name); number += 1) name = `${base}_${number}`;
    names.add(name);
    found.push({ name, literal, definition, places: [place] });
  };
  walk(root, (node) => {
    if (node.name === "AssignStatement") assigned(node, source, add);
    else if (node.name === "ParamList") named(node, source, add);
    else if (node.name === "DictionaryExpression") entries(node, source, add);
    else if (node.name === "CallExpression") called(node, source, add);
  });
  return { parameters: found, metric: findMetric(root, source), trains: trains(root, source) };
}

/**
 * The values that the code itself tells apart, for a constant that is a string: the keys of a dict that has it as a key
 * (`{"adam": Adam, "sgd": SGD}`), or what its name is compared with. Another value would be one that the code lacks.
 */
function knownToCode(
  root: SyntaxNode,
  source: string,
  name: string,
  value: Literal["value"],
): readonly Literal[] | null {
  if (typeof value !== "string") return null;
  const keyed: string[][] = [];
  const compared = new Set([value]);
  walk(root, (node) => {
    if (node.name === "DictionaryExpression") {
      const keys = node
        .getChildren(":")
        .map(({ prevSibling: key }) => (key?.name === "String" ? readString(key, source) : null))
        .filter((key) => key !== null);
      if (keys.length > 1 && keys.includes(value)) keyed.push(keys);
    } else if (node.name === "BinaryExpression") {
      const [one, operator, other] = children(node);
      const ofIt = one && /(\w+)["'\]]*$/.exec(text(one, source))?.[1] === name;
      if (ofIt && other?.name === "String" && /^[=!]=$/.test(text(operator!, source)))
        compared.add(readString(other, source) ?? value);
    }
  });
  const known = keyed[0] ?? (compared.size > 1 ? [...compared] : null);
  return known?.map((each) => ({ value: each, integer: false })) ?? null;
}

type Add = (name: string, value: SyntaxNode) => void;

/** `a = 1`, `a: float = 1`, `a, b = 1, 2`, `a = b = 1`; what comes last is what is assigned. */
function assigned(node: SyntaxNode, source: string, add: Add): void {
  const sides: SyntaxNode[][] = [[]];
  for (const child of children(node)) {
    if (child.name === "AssignOp") sides.push([]);
    else if (child.name !== "," && child.name !== "TypeDef") sides[sides.length - 1]!.push(child);
  }
  const values = sides.pop() ?? [];
  for (const targets of sides) {
    if (targets.length !== values.length) continue;
    targets.forEach((target, index) => {
      const name = targetName(target, source);
      if (name !== null) add(name, values[index]!);
    });
  }
}

function targetName(target: SyntaxNode, source: string): string | null {
  if (target.name === "VariableName") return text(target, source);
  if (target.name !== "MemberExpression") return null;
  const property = target.getChild("PropertyName");
  if (property) return text(property, source);
  const last = target.lastChild?.prevSibling;
  return last?.name === "String" ? readString(last, source) : null;
}

/** The `name=value` pairs of an argument or parameter list. */
function named(list: SyntaxNode, source: string, add: Add): void {
  for (const operator of list.getChildren("AssignOp")) {
    let name = operator.prevSibling;
    if (name?.name === "TypeDef") name = name.prevSibling;
    const value = operator.nextSibling;
    if (name?.name === "VariableName" && value) add(text(name, source), value);
  }
}

function entries(node: SyntaxNode, source: string, add: Add): void {
  for (const colon of node.getChildren(":")) {
    const key = colon.prevSibling;
    const value = colon.nextSibling;
    const name = key?.name === "String" ? readString(key, source) : null;
    if (name !== null && value) add(name, value);
  }
}

function called(node: SyntaxNode, source: string, add: Add): void {
  const list = node.getChild("ArgList");
  const name = calleeName(node, source);
  if (!list || name === null) return;
  if (name === "add_argument") argument(list, source, add);
  // Their keywords are about other things: `alpha` of a plot is no penalty.
  if (/^(add_argument|field|log|print)$/.test(name) || DRAWS.test(text(node, source))) return;
  const hidden = keyword(list, "activation", source);
  const isHidden = hidden !== null && HIDDEN.test(readString(hidden, source) ?? "");
  named(list, source, (key, value) => {
    if (key === "p" && DROPOUTS.test(name)) add("dropout", value);
    // How wide the last layer is, and what it puts out, the data decide.
    else if (!(key === "units" && name === "Dense" && !isHidden)) add(key, value);
  });
  const first = positional(list)[0];
  if (DROPOUTS.test(name) && first) add("dropout", first);
  else if (name === "Dense" && isHidden && first) add("units", first);
  else if (/^Conv[123]D$/.test(name) && isHidden && first) add("filters", first);
  else if (OPTIMIZERS.test(name)) {
    const value = positional(list).find((each) => each.name === "Number");
    if (value) add("learning_rate", value);
  }
}

/** `add_argument("--lr", default=1e-3)`, as scripts have it. */
function argument(list: SyntaxNode, source: string, add: Add): void {
  const option = positional(list)
    .map((each) => (each.name === "String" ? readString(each, source) : null))
    .find((each) => each?.startsWith("--"));
  const value = keyword(list, "default", source);
  if (option && value) add(option.slice(2).replace(/-/g, "_"), value);
}

function positional(list: SyntaxNode): SyntaxNode[] {
  return children(list).filter(
    ({ name, prevSibling, nextSibling }) =>
      !/^[(),]$|^AssignOp$|^\*{1,2}$/.test(name) &&
      prevSibling?.name !== "AssignOp" &&
      nextSibling?.name !== "AssignOp",
  );
}

function keyword(list: SyntaxNode, wanted: string, source: string): SyntaxNode | null {
  const operator = list
    .getChildren("AssignOp")
    .find(({ prevSibling }) => prevSibling && text(prevSibling, source) === wanted);
  return operator?.nextSibling ?? null;
}

/** The last name of what is called: `SGD` of `torch.optim.SGD(…)`. */
export function calleeName(call: SyntaxNode, source: string): string | null {
  const callee = call.firstChild;
  if (callee?.name === "VariableName") return text(callee, source);
  const property = callee?.name === "MemberExpression" ? callee.getChild("PropertyName") : null;
  return property ? text(property, source) : null;
}

// -- the metric ---------------------------------------------------------------------------------------------------

/** The keys of all `log({...})` calls: `log`, `run.log`, `wandb.log`. */
export function loggedKeys(root: SyntaxNode, source: string): string[] {
  const keys: string[] = [];
  walk(root, (node) => {
    if (node.name !== "CallExpression" || calleeName(node, source) !== "log") return;
    const list = node.getChild("ArgList");
    const first = list ? positional(list)[0] : undefined;
    if (!first) return;
    if (first.name === "DictionaryExpression") {
      for (const colon of first.getChildren(":")) {
        const key = colon.prevSibling;
        const name = key?.name === "String" ? readString(key, source) : null;
        if (name !== null) keys.push(name);
      }
    } else if (first.name === "CallExpression" && calleeName(first, source) === "dict") {
      for (const operator of first.getChild("ArgList")?.getChildren("AssignOp") ?? [])
        if (operator.prevSibling) keys.push(text(operator.prevSibling, source));
    }
  });
  return keys;
}

function findMetric(root: SyntaxNode, source: string): Metric {
  const keys = loggedKeys(root, source);
  const logged = mostTelling(keys);
  if (logged !== null) return { name: logged, goal: likelyGoal(logged), logged: true };
  const name = mostTelling(assignedAtTop(root, source)) ?? "loss";
  return { name, goal: likelyGoal(name), logged: false };
}

export function mostTelling(names: readonly string[]): string | null {
  for (const pattern of METRICS) {
    const found = names.find((name) => pattern.test(plainName(name).replace(/[/.]/g, "_")));
    if (found !== undefined) return found;
  }
  return null;
}

/** Names that the code itself gives, not inside a function: what a line added to it could read. */
export function assignedAtTop(root: SyntaxNode, source: string): string[] {
  const names: string[] = [];
  walk(
    root,
    (node) => {
      if (node.name !== "AssignStatement" && node.name !== "UpdateStatement") return;
      for (const child of children(node)) {
        if (child.name === "AssignOp" || child.name === "UpdateOp") break;
        if (child.name === "VariableName") names.push(text(child, source));
      }
    },
    /^(FunctionDefinition|ClassDefinition|LambdaExpression)$/,
  );
  return names;
}

function trains(root: SyntaxNode, source: string): boolean {
  let loops = false;
  walk(root, (node) => {
    loops ||= node.name === "ForStatement" || node.name === "WhileStatement";
    if (node.name === "CallExpression")
      loops ||= /^(fit|train|fit_transform|fit_predict)$/.test(calleeName(node, source) ?? "");
  });
  return loops;
}

// -- the syntax tree ----------------------------------------------------------------------------------------------

/** Every node, parents first; `except` names nodes that are not gone into. */
export function walk(root: SyntaxNode, visit: (node: SyntaxNode) => void, except?: RegExp): void {
  root.cursor().iterate((ref) => {
    if (except?.test(ref.name)) return false;
    visit(ref.node);
    return true;
  });
}

export function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

export const text = (node: SyntaxNode, source: string): string => source.slice(node.from, node.to);

function readLiteral(node: SyntaxNode, source: string): Literal | null {
  const written = text(node, source);
  if (node.name === "Boolean") return { value: written === "True", integer: false };
  if (node.name === "String") {
    const value = readString(node, source);
    return value === null ? null : { value, integer: false };
  }
  if (node.name !== "Number") return null;
  const plain = written.replace(/_/g, "");
  const value = Number(plain);
  return Number.isNaN(value) ? null : { value, integer: /^\d+$/.test(plain) };
}

/** What a plain string literal says; null for bytes, escapes and whatever needs Python to read it. */
function readString(node: SyntaxNode, source: string): string | null {
  return /^(["'])([^"'\\\n]*)\1$/.exec(text(node, source))?.[2] ?? null;
}

/** A name for the config: constants' shouting is not carried over, and what is no identifier becomes one. */
function asName(written: string): string {
  const name = /^[A-Z0-9_]+$/.test(written) && written.length > 1 ? written.toLowerCase() : written;
  return name.replace(/\W/g, "_").replace(/^(\d)/, "_$1");
}

function baseOf(name: string, base: string): boolean {
  return (
    name === base || (name.startsWith(`${base}_`) && /^\d+$/.test(name.slice(base.length + 1)))
  );
}
