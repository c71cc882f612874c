import { identifier } from "@gengfu/shared/model/identifier";
import { duration, formatDuration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** The part of JSON Schema that zod makes of configuration schemas. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly standard: string;
  readonly meaning: string;
}

const durationPattern = schemaOf(duration).pattern;
/** Patterns that have a name of their own. */
const patterns = new Map([
  [durationPattern, "duration"],
  [schemaOf(identifier).pattern, "name"],
]);

/** A Markdown table of every setting of a configuration file, made from the schema that validates it. */
export function settingsTable(schema: z.ZodType): string {
  const top = schemaOf(schema);
  const rows = rowsOf(top, "", top.$defs ?? {});
  const head = ["| setting | type | default | meaning |", "| --- | --- | --- | --- |"];
  return [
    ...head,
    ...rows.map(
      ({ path, type, standard, meaning }) =>
        `| \`${path}\` | ${escape(type)} | ${escape(standard)} | ${escape(meaning)} |`,
    ),
  ].join("\n");
}

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // a default is what the schema puts out: zod leaves it away where that differs from what one writes in the file
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDefault) jsonSchema.default = zodSchema.def.defaultValue;
    },
  }) as Schema;
}

function rowsOf(node: Schema, path: string, defs: Readonly<Record<string, Schema>>): Row[] {
  const schema = resolve(node, defs);
  const variants = (schema.oneOf ?? schema.anyOf ?? []).map((variant) => resolve(variant, defs));
  const discriminated = variants.length > 1 && variants.every((variant) => constantOf(variant) !== undefined);
  if (discriminated) {
    return variants.flatMap((variant) => {
      const [key, value] = constantOf(variant) ?? ["", ""];
      const rows = rowsOf(variant, path, defs).filter((row) => row.path !== `${path}.${key}`);
      return [
        { path: `${path}.${key}`, type: `\`${value}\``, standard: "", meaning: variant.description ?? "" },
        ...rows,
      ];
    });
  }
  const inner = schema.properties === undefined ? variants.find((variant) => variant.properties !== undefined) : schema;
  const properties = Object.entries(isText(inner) ? {} : (inner?.properties ?? {}));
  const own = properties.flatMap(([key, value]) => {
    const below = resolve(value, defs);
    const at = path === "" ? key : `${path}.${key}`;
    const isRequired = inner?.required?.includes(key) === true && below.default === undefined;
    const row: Row = {
      path: at,
      type: typeOf(below, defs),
      standard: isRequired ? "required" : standardOf(below),
      meaning: below.description ?? value.description ?? "",
    };
    return [row, ...rowsOf(below, at, defs)];
  });
  const items = schema.items === undefined ? [] : rowsOf(schema.items, `${path}[]`, defs);
  const named =
    typeof schema.additionalProperties === "object" ? rowsOf(schema.additionalProperties, `${path}.NAME`, defs) : [];
  return [...own, ...items, ...named];
}

/** The key and value by which a variant of a union is told from the others. */
function constantOf(schema: Schema): [key: string, value: string] | undefined {
  const found = Object.entries(schema.properties ?? {}).find(([, value]) => typeof value.const === "string");
  return found === undefined ? undefined : [found[0], String(found[1].const)];
}

function typeOf(node: Schema, defs: Readonly<Record<string, Schema>>): string {
  const schema = resolve(node, defs);
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) {
    if (variants.some((variant) => isText(resolve(variant, defs)))) return "text, or `{ zh, en }`";
    return [...new Set(variants.map((variant) => typeOf(variant, defs)))].filter((type) => type !== "").join(" or ");
  }
  if (schema.pattern !== undefined && patterns.has(schema.pattern)) return patterns.get(schema.pattern) ?? "";
  switch (schema.type) {
    case "array":
      return listOf(schema.items === undefined ? "" : typeOf(schema.items, defs));
    case "object":
      return "mapping";
    case "string":
      return "text";
    case "boolean":
      return "`true`, `false`";
    case "integer":
    case "number":
      return `${schema.type === "integer" ? "whole number" : "number"}${rangeOf(schema)}`;
    default:
      return schema.type ?? "";
  }
}

function listOf(type: string): string {
  return type === "" || type === "mapping" ? "list" : `list of ${type}`;
}

function rangeOf(schema: Schema): string {
  // zod states the limits of what a double holds exactly for every integer: no one set those
  const limit = (value: number | undefined): number | undefined =>
    value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
  const least = limit(schema.minimum);
  const most = limit(schema.maximum);
  const above = limit(schema.exclusiveMinimum);
  const below = limit(schema.exclusiveMaximum);
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`;
  const parts = [
    least === undefined ? "" : `, at least ${least}`,
    above === undefined ? "" : `, above ${above}`,
    most === undefined ? "" : `, at most ${most}`,
    below === undefined ? "" : `, below ${below}`,
  ];
  return parts.join("");
}

function standardOf(schema: Schema): string {
  const standard = schema.default;
  if (standard === undefined) return "none";
  if (Array.isArray(standard) && standard.length === 0) return "none";
  // what a mapping that is left away amounts to, the rows below it tell
  if (JSON.stringify(standard) === "{}") return "";
  if (typeof standard === "number" && schema.pattern === durationPattern) return `\`${formatDuration(standard)}\``;
  return standard === "" ? "empty" : `\`${typeof standard === "string" ? standard : JSON.stringify(standard)}\``;
}

function isText(schema: Schema | undefined): boolean {
  const keys = Object.keys(schema?.properties ?? {});
  return keys.length === 2 && keys.includes("zh") && keys.includes("en");
}

function resolve(schema: Schema, defs: Readonly<Record<string, Schema>>): Schema {
  if (schema.$ref !== undefined) return { ...defs[schema.$ref.replace("#/$defs/", "")], ...schema };
  const [only, ...others] = schema.allOf ?? [];
  return only !== undefined && others.length === 0 ? { ...resolve(only, defs), ...schema } : schema;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
