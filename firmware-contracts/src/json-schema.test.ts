import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { generatedFiles } from "./generated.ts";
import { formatJson } from "./json-schema.ts";
import { kindSchema } from "./kind-schema.ts";
import { brokenRules } from "./testing/schema-rules.ts";
import { fieldsOf, vectorsOf } from "./vectors.ts";

const folder = join(import.meta.dirname, "..", "schema");
const written = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));

test("the files are those of the contract; if not, run `npm run generate`", () => {
  const root = join(import.meta.dirname, "..");
  const current = generatedFiles();
  const there = ["schema", "c"].flatMap((name) =>
    readdirSync(join(root, name), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((file) => `${name}/${file.name}`),
  );
  expect(there.toSorted()).toEqual([...current.keys()].toSorted());
  for (const [file, text] of current) expect(readFileSync(join(root, file), "utf8"), file).toBe(text);
});

describe("the schemas hold what the contract holds", () => {
  const samples = (validity: "valid" | "invalid") =>
    vectorsOf(validity).flatMap(({ title, vector }) => {
      const json = fieldsOf(vector);
      const { verdict } = vector.expect;
      const isOfSchema = verdict === "reading" || (verdict === "quarantine" && vector.expect.code === "invalid_field");
      return json === undefined || !isOfSchema ? [] : [{ title, ...json }];
    });
  const broken = (kind: string, fields: Record<string, unknown>): string[] =>
    brokenRules(kindSchema.parse(JSON.parse(written.get(`${kind}.schema.json`) ?? "")), fields);

  test.each(samples("valid"))("$title", ({ kind, fields }) => {
    expect(broken(kind, fields)).toEqual([]);
  });

  test.each(samples("invalid").filter(({ title }) => !title.includes("half of a surrogate pair")))(
    "not $title",
    ({ kind, fields }) => {
      expect(broken(kind, fields)).not.toEqual([]);
    },
  );
});

test("every field says what it is, and every number its range and, where it is no count, its unit", () => {
  const counts = ["seq", "boot", "total"];
  const units = /Unit: (m|degC|kPa|V|dBm|s|ms|ms since 1970-01-01 UTC)\.$/;
  for (const [file, text] of written) {
    if (!file.endsWith(".schema.json")) continue;
    const schema = z.looseObject({ description: z.string(), properties: z.record(z.string(), z.looseObject({})) });
    const { description, properties } = schema.parse(JSON.parse(text));
    expect(description.length).toBeGreaterThan(10);
    for (const [name, field] of Object.entries(properties)) {
      const where = `${file} ${name}`;
      expect(field, where).toMatchObject({ description: expect.stringMatching(/.{10}/) });
      if (field["type"] !== "number" && field["type"] !== "integer") continue;
      expect(field, where).toMatchObject({ minimum: expect.any(Number), maximum: expect.any(Number) });
      if (!counts.includes(name)) expect(field["description"], where).toMatch(units);
    }
  }
});

test("lists stand on one line as long as they fit", () => {
  expect(formatJson({ a: ["b", 1], c: [], d: {}, e: [{ f: null }] })).toBe(
    '{\n  "a": ["b", 1],\n  "c": [],\n  "d": {},\n  "e": [\n    {\n      "f": null\n    }\n  ]\n}',
  );
  expect(formatJson(["x".repeat(60), "y".repeat(60)])).toContain("\n  ");
});
