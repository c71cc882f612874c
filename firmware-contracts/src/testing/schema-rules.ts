import type { FieldSchema, KindSchema } from "../kind-schema.ts";

const keywords = ["type", "minimum", "maximum", "minLength", "maxLength", "pattern"] as const;

/** Every rule of a schema by name, such as `metres.minimum`, `required.metres`, `oneOf.none`. */
export function rulesOf(schema: KindSchema): string[] {
  return [
    ...Object.entries(schema.properties).flatMap(([name, field]) =>
      keywords.filter((keyword) => field[keyword] !== undefined).map((keyword) => `${name}.${keyword}`),
    ),
    ...schema.required.map((name) => `required.${name}`),
    ...(schema.not === undefined ? [] : ["not"]),
    ...(schema.oneOf === undefined ? [] : ["oneOf.none", "oneOf.several"]),
    ...Object.keys(schema.dependentRequired).map((name) => `dependentRequired.${name}`),
  ];
}

/** The rules that an object breaks; a plain reading of JSON Schema 2020-12, independent of zod. */
export function brokenRules(schema: KindSchema, fields: Readonly<Record<string, unknown>>): string[] {
  const has = (names: readonly string[]): boolean => names.every((name) => Object.hasOwn(fields, name));
  const broken = Object.entries(schema.properties).flatMap(([name, field]) =>
    has([name]) ? brokenKeywords(field, fields[name]).map((keyword) => `${name}.${keyword}`) : [],
  );
  broken.push(...schema.required.filter((name) => !has([name])).map((name) => `required.${name}`));
  if (schema.not !== undefined && has(schema.not.required)) broken.push("not");
  const matching = schema.oneOf?.filter(({ required }) => has(required)).length ?? 1;
  if (matching !== 1) broken.push(matching === 0 ? "oneOf.none" : "oneOf.several");
  for (const [name, needs] of Object.entries(schema.dependentRequired)) {
    if (has([name]) && !has(needs)) broken.push(`dependentRequired.${name}`);
  }
  return broken;
}

function brokenKeywords(field: FieldSchema, value: unknown): string[] {
  if (!isOfType(field.type, value)) return ["type"];
  if (typeof value === "number") {
    if (value < (field.minimum ?? -Infinity)) return ["minimum"];
    return value > (field.maximum ?? Infinity) ? ["maximum"] : [];
  }
  if (typeof value !== "string") return [];
  const length = Array.from(value).length;
  const broken: string[] = [];
  if (length < (field.minLength ?? 0)) broken.push("minLength");
  if (length > (field.maxLength ?? Infinity)) broken.push("maxLength");
  if (field.pattern !== undefined && !new RegExp(field.pattern, "u").test(value)) broken.push("pattern");
  return broken;
}

function isOfType(type: FieldSchema["type"], value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  // JSON.parse makes Infinity of 1e999, which is a number to nobody else
  return type === "number" ? Number.isFinite(value) : typeof value === type;
}
