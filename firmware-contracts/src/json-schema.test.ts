import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deviceKinds } from "@gengfu/shared/model/reading";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { formatJson, jsonSchemas } from "./json-schema.ts";

const folder = join(import.meta.dirname, "..", "schema");
const written = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));

test("the files are those of the contract; if not, run `npm run generate`", () => {
  const current = new Map([...jsonSchemas()].map(([file, schema]) => [file, `${formatJson(schema)}\n`]));
  expect([...written.keys()].toSorted()).toEqual([...current.keys()].toSorted());
  for (const [file, text] of current) expect(written.get(file), file).toBe(text);
});

/** The keywords that zod doesn't read; they only ask which fields are there. */
const presence = z.object({
  not: z.object({ required: z.array(z.string()) }),
  oneOf: z.array(z.object({ required: z.array(z.string()) })).optional(),
  dependentRequired: z.record(z.string(), z.array(z.string())).optional(),
});

describe("the schemas hold what the contract holds", () => {
  function holds(kind: string, fields: object): boolean {
    const { not, oneOf, dependentRequired, ...plain } = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(written.get(`${kind}.schema.json`) ?? ""));
    const between = presence.parse({ not, oneOf, dependentRequired });
    const has = (names: readonly string[]): boolean => names.every((name) => Object.hasOwn(fields, name));
    return (
      z.fromJSONSchema(plain).safeParse(fields).success &&
      !has(between.not.required) &&
      (between.oneOf === undefined || between.oneOf.filter(({ required }) => has(required)).length === 1) &&
      Object.entries(between.dependentRequired ?? {}).every(([name, needs]) => !has([name]) || has(needs))
    );
  }

  const jsonVectors = (validity: "valid" | "invalid"): { kind: string; name: string; fields: object }[] =>
    [...deviceKinds, "common"].flatMap((file) => {
      const path = join(import.meta.dirname, "..", "vectors", validity, `${file}.json`);
      return z
        .array(z.object({ name: z.string(), topic: z.string(), payload: z.string(), expect: z.looseObject({}) }))
        .parse(JSON.parse(readFileSync(path, "utf8")))
        .filter(({ expect: { code } }) => code === undefined || code === "invalid_field")
        .map(({ name, topic, payload }) => ({
          kind: topic.slice(topic.lastIndexOf("/") + 1),
          name,
          fields: z.looseObject({}).parse(JSON.parse(payload)),
        }));
    });

  test.each(jsonVectors("valid"))("$kind: $name", ({ kind, fields }) => {
    expect(holds(kind, fields)).toBe(true);
  });

  test.each(jsonVectors("invalid").filter(({ name }) => name !== "half of a surrogate pair"))(
    "$kind: not $name",
    ({ kind, fields }) => {
      expect(holds(kind, fields)).toBe(false);
    },
  );
});

test("lists stand on one line as long as they fit", () => {
  expect(formatJson({ a: ["b", 1], c: [], d: {}, e: [{ f: null }] })).toBe(
    '{\n  "a": ["b", 1],\n  "c": [],\n  "d": {},\n  "e": [\n    {\n      "f": null\n    }\n  ]\n}',
  );
  expect(formatJson(["x".repeat(60), "y".repeat(60)])).toContain("\n  ");
});
