import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeviceKind } from "@gengfu/shared/model/reading";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quarantineCodes } from "../contract/codes.ts";
import { topicList } from "../contract/topic-list.ts";
import { deviceTopic } from "../contract/topics.ts";
import type { FieldSchema } from "../kind-schema.ts";
import { parsePublish } from "../parse.ts";
import { brokenRules } from "../testing/schema-rules.ts";
import { bytesOf } from "../vectors.ts";
import { snapshotSchema, type Snapshot } from "./snapshot.ts";

const folder = join(import.meta.dirname, "..", "..", "history");
const papers = readFileSync(join(folder, "..", "VERSIONING.md"), "utf8");

/** What was promised to firmware in the field: these files never change. */
const digests: Readonly<Record<string, string>> = {
  "v1.0.json": "79b5834399d3b44c95ac40eed06b31c2cac64928aba506dffc821a1807ea39b4",
};

test("no version that was given out has changed, and each is in VERSIONING.md", () => {
  const files = readdirSync(folder);
  const seen = files.map((file) => [
    file,
    createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex"),
  ]);
  expect(Object.fromEntries(seen)).toEqual(digests);
  for (const file of files) expect(papers).toContain(file);
});

describe.each(Object.keys(digests))("what kept %s", (file) => {
  const before = snapshotSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8")));

  test.each(before.vectors.valid)("is valid now and means the same: $topic: $name", (vector) => {
    expect(parsePublish(vector.device, vector.topic, bytesOf(vector))).toEqual(vector.expect);
  });

  test("has the same topics, published the same way", () => {
    for (const topic of before.topics) expect(topicList).toContainEqual(topic);
  });

  test("is answered with codes that it knows", () => {
    expect(Object.keys(quarantineCodes)).toEqual(expect.arrayContaining(before.codes));
  });

  test.each(Object.keys(before.schemas))("is valid now and means the same: random payloads of %s", (name) => {
    const kind = name as DeviceKind;
    let seen = 0;
    fc.assert(
      fc.property(payloadsOf(before, kind), (fields) => {
        seen++;
        const parsed = parsePublish("dev-1", deviceTopic("dev-1", kind), Buffer.from(JSON.stringify(fields)));
        expect(parsed).toEqual({ verdict: "reading", message: meant(before, kind, fields) });
      }),
      { numRuns: 1_000 },
    );
    expect(seen).toBeGreaterThanOrEqual(1_000);
  });
});

/** Payloads that the version of a snapshot takes, by nothing but its data. */
function payloadsOf(before: Snapshot, kind: DeviceKind): fc.Arbitrary<Record<string, unknown>> {
  const schema = before.schemas[kind];
  if (schema === undefined) throw new Error(`${kind} is not in the snapshot`);
  const { properties, required } = schema;
  const fields = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valuesOf(field)])),
    { requiredKeys: required },
  );
  // names that the contract promises never to take
  const own = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), fc.jsonValue(), { maxKeys: 2 });
  return fc
    .tuple(fields, own)
    .map(([known, unknown]) => ({ ...known, ...unknown }))
    .filter((all) => brokenRules(schema, all).length === 0 && !deep(all));
}

function valuesOf({
  type,
  minimum,
  maximum,
  minLength = 0,
  maxLength = 70,
  pattern,
}: FieldSchema): fc.Arbitrary<unknown> {
  const min = minimum ?? -1e300;
  const max = maximum ?? 1e300;
  switch (type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
    case "number":
      return fc.oneof(fc.constantFrom(min, max), fc.double({ min, max, noNaN: true }));
    case "string":
      return pattern === undefined || maxLength < 70
        ? fc.string({ unit: "grapheme", minLength, maxLength }).filter((text) => text.isWellFormed())
        : fc.stringMatching(new RegExp(pattern));
  }
}

/** Nesting has a bound that no schema tells. */
function deep(value: unknown, depth = 0): boolean {
  if (depth > 15) return true;
  return typeof value === "object" && value !== null && Object.values(value).some((inner) => deep(inner, depth + 1));
}

function meant(before: Snapshot, kind: DeviceKind, fields: Readonly<Record<string, unknown>>): unknown {
  const { value: name = null, detail = [], capitals = [] } = before.meaning[kind] ?? {};
  const number = (key: string, take: (value: number) => number): number | null => {
    const value = fields[key];
    return typeof value === "number" ? take(value) + 0 : null;
  };
  const kept = detail.flatMap((key): [string, unknown][] => {
    const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (value === undefined) return [];
    if (typeof value === "number") return [[key, value + 0]];
    return [[key, typeof value === "string" && capitals.includes(key) ? value.toUpperCase() : value]];
  });
  const value = name === null ? null : Number(fields[name]) + 0;
  return {
    kind,
    channel: fields["channel"] ?? null,
    value,
    detail: kept.length === 0 ? null : Object.fromEntries(kept),
    at: number("at", Math.floor),
    age: number("age", Math.floor),
    boot: number("boot", (boot) => boot),
    seq: number("seq", (seq) => seq),
  };
}
