import { deviceKinds } from "@gengfu/shared/model/reading";
import { describe, expect, test } from "vitest";
import { quarantineCodes } from "./contract/codes.ts";
import { nesting_max, payload_bytes_max } from "./contract/limits.ts";
import { jsonSchemas } from "./json-schema.ts";
import { kindSchema } from "./kind-schema.ts";
import { brokenRules, rulesOf } from "./testing/schema-rules.ts";
import { bytesOf, fieldsOf, vectorsOf } from "./vectors.ts";

const schemas = jsonSchemas();
const kinds = deviceKinds.map((kind) => ({ kind, schema: kindSchema.parse(schemas.get(`${kind}.schema.json`)) }));
const [first = { kind: "tap" as const, schema: kindSchema.parse({}) }, ...others] = kinds;
/** The fields that every kind may have; their rules are those of any kind. */
const common = new Set(
  Object.keys(first.schema.properties).filter((name) =>
    others.every(({ schema }) => Object.hasOwn(schema.properties, name)),
  ),
);

function ruleId(kind: string, rule: string): string {
  const isCommon = rule === "not" || common.has(rule.split(".")[0] ?? "");
  return `${isCommon ? "any" : kind} ${rule}`;
}

const all = new Map(kinds.flatMap(({ kind, schema }) => rulesOf(schema).map((rule) => [ruleId(kind, rule), kind])));

function samplesOf(validity: "valid" | "invalid") {
  return vectorsOf(validity).flatMap(({ title, vector }) => {
    const json = fieldsOf(vector);
    const schema = kinds.find(({ kind }) => kind === json?.kind)?.schema;
    if (json === undefined || schema === undefined) return [];
    return [{ title, ...json, broken: brokenRules(schema, json.fields).map((rule) => ruleId(json.kind, rule)) }];
  });
}

const valid = samplesOf("valid");
const invalid = samplesOf("invalid");

describe("every rule of the schemas", () => {
  test.each([...all.keys()])("%s alone refuses some vector", (rule) => {
    expect(invalid.filter(({ broken }) => broken.length === 1 && broken[0] === rule).length).toBeGreaterThan(0);
  });

  test("no valid vector breaks one", () => {
    expect(valid.filter(({ broken }) => broken.length > 0)).toEqual([]);
  });

  test("the fields that all kinds share are those that the README names", () => {
    expect([...common].toSorted()).toEqual(["age", "at", "boot", "channel", "seq"]);
  });
});

describe("both sides of every bound", () => {
  const numbers = kinds.flatMap(({ kind, schema }) =>
    Object.entries(schema.properties).flatMap(([name, field]) =>
      [field.minimum, field.maximum].flatMap((bound) =>
        bound === undefined || (common.has(name) && kind !== "level") ? [] : [{ kind, name, bound }],
      ),
    ),
  );

  test.each(numbers)("$kind: $name at $bound", ({ kind, name, bound }) => {
    const values = (samples: readonly { kind: string; fields: Record<string, unknown> }[]): unknown[] =>
      samples.filter((sample) => sample.kind === kind || common.has(name)).map(({ fields }) => fields[name]);
    expect(values(valid)).toContain(bound);
    const beside = values(invalid).filter(
      (value) => typeof value === "number" && value !== bound && Math.abs(value - bound) <= 1,
    );
    expect(beside.length).toBeGreaterThan(0);
  });

  /** Shortest and longest, and the lengths next to them that are refused, in characters. */
  const texts = [
    { name: "channel", right: [1, 64], wrong: [0, 65] },
    { name: "guard", right: [1, 64], wrong: [0, 65] },
    { name: "firmware", right: [1, 64], wrong: [0, 65] },
    { name: "card", right: [8, 20], wrong: [6, 9, 22] },
    { name: "tag", right: [8, 20], wrong: [6, 9, 22] },
  ];

  test.each(texts)("$name", ({ name, right, wrong }) => {
    const lengths = (samples: readonly { fields: Record<string, unknown> }[]): number[] =>
      samples.flatMap(({ fields }) => (typeof fields[name] === "string" ? [Array.from(fields[name]).length] : []));
    expect(lengths(valid)).toEqual(expect.arrayContaining(right));
    expect(lengths(invalid)).toEqual(expect.arrayContaining(wrong));
  });

  test("every field of text is among these", () => {
    const strings = kinds.flatMap(({ schema }) =>
      Object.entries(schema.properties).flatMap(([name, { type }]) => (type === "string" ? [name] : [])),
    );
    expect(new Set(texts.map(({ name }) => name))).toEqual(new Set(strings));
  });

  test("the size of a payload", () => {
    const sizes = (validity: "valid" | "invalid"): number[] =>
      vectorsOf(validity).map(({ vector }) => bytesOf(vector).length);
    expect(sizes("valid")).toContain(payload_bytes_max);
    expect(sizes("invalid")).toContain(payload_bytes_max + 1);
  });

  test("nesting", () => {
    const depths = (samples: readonly { fields: Record<string, unknown> }[]): number[] =>
      samples.map(({ fields }) => depthOf(fields));
    expect(depths(valid)).toContain(nesting_max);
    expect(depths(invalid)).toContain(nesting_max + 1);
  });
});

test("what the schemas can't say has vectors that nothing else refuses", () => {
  const beyond = invalid.filter(({ broken }) => broken.length === 0).map(({ title }) => title);
  expect(beyond).toEqual(
    expect.arrayContaining([
      "common: the same field twice",
      "payload: seventeen levels of nesting",
      "status: half of a surrogate pair",
      "tap: half of a surrogate pair in the guard",
    ]),
  );
});

test("every code has a vector, and each other than invalid_field one that keeps every other rule", () => {
  const codes = vectorsOf("invalid").flatMap(({ vector }) =>
    vector.expect.verdict === "quarantine" ? [vector.expect.code] : [],
  );
  expect(new Set(codes)).toEqual(new Set(Object.keys(quarantineCodes)));
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
