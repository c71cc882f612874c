import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import { channelPattern, counter, payload_bytes_max, textSchema, uidPattern } from "../contract/limits.ts";
import { deviceTopic } from "../contract/topics.ts";
import { kindSchema, type FieldSchema, type KindSchema } from "../kind-schema.ts";
import { jsonSchemas } from "../json-schema.ts";

interface CField extends FieldSchema {
  readonly name: string;
  readonly ctype: "NUMBER" | "INTEGER" | "BOOL" | "ID" | "UID" | "TEXT";
  readonly kinds: readonly DeviceKind[];
  readonly required: readonly DeviceKind[];
}

const template = join(import.meta.dirname, "gengfu.h.template");
const micro = 1_000_000;

/** The C header of the contract: its topics, limits and kinds, and an encoder by tables made from the JSON Schemas. */
export function cHeader(): string {
  const all = jsonSchemas();
  const schemas = new Map(deviceKinds.map((kind) => [kind, kindSchema.parse(all.get(`${kind}.schema.json`))]));
  const fields = fieldsOf(schemas);
  const idMax = longest("i".repeat(65), channelPattern);
  const [uidMin = 0, uidMax = 0] = [...uidPattern.source.matchAll(/\{(\d+),(\d+)\}/g)].flatMap(([, min, max]) => [
    Number(min),
    Number(max),
  ]);
  const parts: Record<string, string> = {
    VERSION: "1",
    PREFIX: deviceTopic("", "state").replace("/state", ""),
    TOPIC_SIZE: String(Math.max(...deviceKinds.map((kind) => deviceTopic("d".repeat(idMax), kind).length)) + 1),
    PAYLOAD_SIZE: String(payloadSize(fields, idMax, uidMax)),
    PAYLOAD_BYTES_MAX: String(payload_bytes_max),
    ID_MAX: String(idMax),
    TEXT_MAX: String(textSchema.maxLength),
    UID_MIN: String(uidMin),
    UID_MAX: String(uidMax),
    COUNTER_MAX: String(counter.max),
    KINDS: deviceKinds.map((kind) => `  ${constant(kind)},`).join("\n"),
    NAMES: deviceKinds.map((kind) => JSON.stringify(kind)).join(", "),
    MEMBERS: fields.map(member).join("\n"),
    CONSTRUCTORS: deviceKinds.map((kind) => constructors(kind, fields)).join("\n\n"),
    FIELDS: fields.map(row).join("\n"),
    RULES: allRules(schemas).join("\n"),
  };
  return readFileSync(template, "utf8").replaceAll(/@@([A-Z_]+)@@/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`the template asks for ${name}, which nothing makes`);
    return part;
  });
}

/** Every field once, with the kinds that have it, in the order of the contract. */
function fieldsOf(schemas: ReadonlyMap<DeviceKind, KindSchema>): CField[] {
  const fields = new Map<string, CField>();
  for (const [kind, { properties, required }] of schemas) {
    for (const [name, schema] of Object.entries(properties)) {
      const known = fields.get(name);
      const { kinds = [], required: needed = [] } = known ?? {};
      // one member of the struct serves all kinds that have the field
      if (known !== undefined && JSON.stringify(known, Object.keys(schema)) !== JSON.stringify(schema)) {
        throw new Error(`${name} is not the same in ${kind} as in ${kinds.join(", ")}`);
      }
      fields.set(name, {
        ...schema,
        name,
        ctype: ctypeOf(name, schema),
        kinds: [...kinds, kind],
        required: required.includes(name) ? [...needed, kind] : needed,
      });
    }
  }
  return [...fields.values()];
}

function ctypeOf(name: string, { type, pattern }: FieldSchema): CField["ctype"] {
  if (type === "number") return "NUMBER";
  if (type === "integer") return "INTEGER";
  if (type === "boolean") return "BOOL";
  if (pattern === channelPattern.source) return "ID";
  if (pattern === uidPattern.source) return "UID";
  if (pattern === textSchema.pattern) return "TEXT";
  throw new Error(`${name} has a pattern that the C encoder can't check`);
}

const isText = ({ ctype }: CField): boolean => ["ID", "UID", "TEXT"].includes(ctype);
const constant = (kind: DeviceKind): string => `GENGFU_${kind.toUpperCase()}`;

function member(field: CField): string {
  const comment = field.description === undefined ? "" : ` /* ${field.description} */`;
  return `${isText(field) ? "  const char *" : "  gengfu_number "}${field.name};${comment}`;
}

function row(field: CField): string {
  const { name, ctype, minimum = 0, maximum = ctype === "BOOL" ? 1 : 0, kinds, required } = field;
  const scale = ctype === "NUMBER" ? micro : 1;
  const bound = (value: number): string => `INT64_C(${BigInt(Math.round(value * scale))})`;
  const bits = (of: readonly DeviceKind[]): string =>
    of.length === deviceKinds.length ? "0xffff" : of.map((kind) => `1u << ${constant(kind)}`).join(" | ") || "0";
  return `    {"${name}", offsetof(gengfu_reading, ${name}), GENGFU_${ctype}, ${bound(minimum)}, ${bound(maximum)}, ${bits(kinds)}, ${bits(required)}},`;
}

/** One that takes the field that the kind needs; where it needs none, or some of several, one that takes nothing. */
function constructors(kind: DeviceKind, fields: readonly CField[]): string {
  const needed = fields.filter(({ required }) => required.includes(kind));
  const make = (suffix: string, args: string, set: string): string =>
    [
      `static inline gengfu_reading gengfu_${kind}${suffix}(${args}) {`,
      `  gengfu_reading reading = gengfu_reading_of(${constant(kind)});`,
      ...(set === "" ? [] : [`  ${set}`]),
      "  return reading;",
      "}",
    ].join("\n");
  const [only] = needed;
  if (only === undefined) return make("", "void", "");
  if (needed.length > 1) throw new Error(`${kind} needs several fields, for which there is no constructor yet`);
  const { name, ctype } = only;
  if (ctype === "BOOL") return make("", `bool ${name}`, `reading.${name} = gengfu_bool(${name});`);
  if (ctype === "INTEGER") return make("", `uint64_t ${name}`, `reading.${name} = gengfu_whole(${name});`);
  if (ctype !== "NUMBER") return make("", `const char *${name}`, `reading.${name} = ${name};`);
  return [
    make("", `double ${name}`, `reading.${name} = gengfu_real(${name});`),
    make("_fixed", "int64_t units, unsigned decimals", `reading.${name} = gengfu_fixed(units, decimals);`),
  ].join("\n\n");
}

/** The rules between fields, as lines of C; what holds for every kind stands there once. */
function allRules(schemas: ReadonlyMap<DeviceKind, KindSchema>): string[] {
  const kindsOf = new Map<string, DeviceKind[]>();
  for (const [kind, schema] of schemas) {
    for (const rule of rulesOf(kind, schema)) kindsOf.set(rule, [...(kindsOf.get(rule) ?? []), kind]);
  }
  return [...kindsOf].flatMap(([rule, kinds]) =>
    kinds.length === schemas.size
      ? [`  if (${rule};`]
      : kinds.map((kind) => `  if (reading->kind == ${constant(kind)} && ${rule};`),
  );
}

/** Conditions and what they are refused as, such as `reading->card != NULL && ...) return GENGFU_E_BOTH`. */
function rulesOf(kind: DeviceKind, { properties, not, oneOf, dependentRequired }: KindSchema): string[] {
  const isString = (name: string): boolean => properties[name]?.type === "string";
  const has = (name: string): string =>
    isString(name) ? `reading->${name} != NULL` : `reading->${name}.state != GENGFU_ABSENT`;
  const lacks = (name: string): string =>
    isString(name) ? `reading->${name} == NULL` : `reading->${name}.state == GENGFU_ABSENT`;
  const refuse = (conditions: readonly string[], error: string): string =>
    `${conditions.join(" && ")}) return GENGFU_E_${error}`;
  const lines: string[] = [];
  if (not !== undefined) lines.push(refuse(not.required.map(has), "BOTH"));
  if (oneOf !== undefined) {
    const names = oneOf.flatMap(({ required }) => required);
    if (names.length !== 2 || oneOf.length !== 2) throw new Error(`${kind}: only one of two fields can be asked for`);
    lines.push(refuse(names.map(has), "BOTH"), refuse(names.map(lacks), "NEITHER"));
  }
  for (const [name, needs] of Object.entries(dependentRequired)) {
    for (const need of needs) lines.push(refuse([has(name), lacks(need)], "ALONE"));
  }
  return lines;
}

/** Bytes for the longest payload of any kind and its NUL. */
function payloadSize(fields: readonly CField[], idMax: number, uidMax: number): number {
  const valueMax: Record<CField["ctype"], number> = {
    // sign, 13 digits, point, 6 decimals
    NUMBER: 21,
    INTEGER: 16,
    BOOL: 5,
    ID: idMax + 2,
    UID: uidMax * 2 + 2,
    // four bytes for each character; an escape takes two
    TEXT: textSchema.maxLength * 4 + 2,
  };
  const sizes = deviceKinds.map((kind) =>
    fields
      .filter(({ kinds }) => kinds.includes(kind))
      .reduce((sum, { name, ctype }) => sum + name.length + 4 + valueMax[ctype], 2),
  );
  return Math.max(...sizes) + 1;
}

/** The length of the longest beginning of a text that a pattern takes. */
function longest(text: string, pattern: RegExp): number {
  let length = text.length;
  while (length > 0 && !pattern.test(text.slice(0, length))) length--;
  return length;
}
