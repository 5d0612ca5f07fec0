/** What the JSON Schema of a sweep config says of a place: which keys it may have, which values, and what they mean. */
import config from "../../../../nbsweep/sweep_config.schema.json";

/** As much of JSON Schema as the config's uses. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const ROOT = config as Schema;

export interface Offer {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  /** Whether the value is a mapping or a list, which brackets could open. */
  readonly holds: "mapping" | "list" | "text" | "other";
}

/** The keys that a mapping may still have, those that it needs first. */
export function keysAt(
  path: readonly string[],
  siblings: ReadonlyMap<string, string | null>,
): Offer[] {
  const fitting = fit(schemasAt(path), siblings);
  const offers = new Map<string, Offer>();
  for (const schema of fitting) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (siblings.has(name) || offers.has(name)) continue;
      // One of several forms needs it: it is needed once the form is settled.
      const required = fitting.length === 1 && (schema.required?.includes(name) ?? false);
      offers.set(name, {
        name,
        about: describe(property, required),
        required,
        holds: holds(property),
      });
    }
  }
  const rank = ({ name, required }: Offer): number =>
    required ? 0 : name === "distribution" ? 1 : 2;
  return [...offers.values()].sort((a, b) => rank(a) - rank(b));
}

/** The values that a key may have, where these can be counted, and what each means. */
export function valuesAt(
  path: readonly string[],
  key: string,
  siblings: ReadonlyMap<string, string | null>,
): Offer[] {
  const besides = new Map([...siblings].filter(([name]) => name !== key));
  const offers = new Map<string, Offer>();
  for (const schema of fit(schemasAt(path), besides)) {
    const property = schema.properties?.[key];
    if (!property) continue;
    const choices = property.const !== undefined ? [property.const] : (property.enum ?? []);
    for (const choice of choices) {
      if (typeof choice !== "string" || offers.has(choice)) continue;
      const about = property.const !== undefined ? (schema.description ?? "") : "";
      offers.set(choice, { name: choice, about, required: false, holds: "text" });
    }
    if (property.type === "boolean") {
      for (const name of ["true", "false"])
        offers.set(name, { name, about: "", required: false, holds: "other" });
    }
  }
  return [...offers.values()];
}

/** What a key means, where it stands; null when the schema does not know it. */
export function aboutKey(
  path: readonly string[],
  key: string,
  siblings: ReadonlyMap<string, string | null>,
): string | null {
  const besides = new Map([...siblings].filter(([name]) => name !== key));
  for (const schema of fit(schemasAt(path), besides)) {
    const property = schema.properties?.[key];
    if (property) return describe(property, schema.required?.includes(key) ?? false);
  }
  return null;
}

/** The keys that a distribution takes, with their meaning. */
export function keysOf(distribution: string): { about: string; keys: Offer[] } | null {
  const schema = parameterForms().find(
    (form) => form.properties?.distribution?.const === distribution,
  );
  if (!schema) return null;
  const keys = keysAt(["parameters", "*"], new Map([["distribution", distribution]]));
  return { about: schema.description ?? "", keys };
}

/** Whether the mapping at a path has keys of the user's choosing, as the parameters have. */
export function isFree(path: readonly string[]): boolean {
  return schemasAt(path).some((schema) => typeof schema.additionalProperties === "object");
}

function parameterForms(): readonly Schema[] {
  return expand({ $ref: "#/definitions/parameter" });
}

function schemasAt(path: readonly string[]): Schema[] {
  let schemas = [...expand(ROOT)];
  for (const key of path) {
    schemas = schemas.flatMap((schema) => {
      const property = Object.hasOwn(schema.properties ?? {}, key)
        ? schema.properties![key]
        : undefined;
      if (property) return expand(property);
      return typeof schema.additionalProperties === "object"
        ? expand(schema.additionalProperties)
        : [];
    });
  }
  return schemas;
}

/** Follows references and alternatives. */
function expand(schema: Schema): Schema[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/definitions/", "");
    const found = ROOT.definitions?.[name];
    return found ? expand(found) : [];
  }
  // Alternatives of `required` alone, beside `properties`, say nothing of which keys there are.
  if (schema.anyOf && !schema.properties) return schema.anyOf.flatMap(expand);
  return [schema];
}

/** The alternatives that what is already written leaves; all, where it leaves none. */
function fit(
  schemas: readonly Schema[],
  siblings: ReadonlyMap<string, string | null>,
): readonly Schema[] {
  if (schemas.length < 2) return schemas;
  const distribution = siblings.get("distribution");
  const named = schemas.filter((schema) => schema.properties?.distribution?.const === distribution);
  if (distribution != null && named.length > 0) return named;
  const known = [...siblings.keys()].filter((key) =>
    schemas.some((schema) => schema.properties?.[key]),
  );
  const left = schemas.filter((schema) => known.every((key) => schema.properties?.[key]));
  return left.length > 0 ? left : schemas;
}

function describe(schema: Schema, required: boolean): string {
  const [resolved] = schema.anyOf ?? [schema];
  const choices = schema.enum?.filter((choice) => typeof choice === "string").join(", ");
  const said = [
    schema.description ??
      (schema.$ref === "#/definitions/parameters" ? "parameters within this one" : ""),
    choices ? `one of ${choices}` : "",
    resolved?.exclusiveMinimum !== undefined ? `above ${resolved.exclusiveMinimum}` : "",
    resolved?.minimum !== undefined ? `${resolved.minimum} or more` : "",
    required ? "required" : "",
    schema.default !== undefined ? `default ${JSON.stringify(schema.default)}` : "",
  ];
  return said.filter(Boolean).join(" · ");
}

function holds(schema: Schema): Offer["holds"] {
  const [first] = expand(schema);
  if (first?.type === "object" || first?.properties) return "mapping";
  if (first?.type === "array") return "list";
  return first?.type === "string" || schema.enum || schema.const !== undefined ? "text" : "other";
}
