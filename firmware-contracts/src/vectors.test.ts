import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { quarantineCodes } from "./contract/codes.ts";
import { payloads } from "./contract/payloads.ts";
import { leafOf } from "./contract/topics.ts";
import { parsePublish } from "./parse.ts";

const vectorSchema = z.strictObject({
  name: z.string(),
  device: z.string(),
  topic: z.string(),
  payload: z.string().optional(),
  payload_base64: z.base64().optional(),
  expect: z.discriminatedUnion("verdict", [
    z.strictObject({ verdict: z.literal("reading"), message: z.record(z.string(), z.unknown()) }),
    z.strictObject({ verdict: z.literal("state"), online: z.boolean() }),
    z.strictObject({ verdict: z.literal("quarantine"), code: z.string(), path: z.string() }),
    z.strictObject({ verdict: z.literal("foreign_topic") }),
  ]),
});
type Vector = z.output<typeof vectorSchema>;

const folder = join(import.meta.dirname, "..", "vectors");

function vectorsOf(kind: "valid" | "invalid"): { title: string; vector: Vector }[] {
  return globSync(join(folder, kind, "*.json"))
    .toSorted()
    .flatMap((file) =>
      z
        .array(vectorSchema)
        .parse(JSON.parse(readFileSync(file, "utf8")))
        .map((vector) => ({ title: `${basename(file, ".json")}: ${vector.name}`, vector })),
    );
}

function bytesOf({ payload, payload_base64 }: Vector): Uint8Array {
  return payload_base64 === undefined ? Buffer.from(payload ?? "") : Buffer.from(payload_base64, "base64");
}

function fieldsOf(vector: Vector): { kind: DeviceKind; fields: unknown } | undefined {
  const kind = deviceKinds.find((known) => known === leafOf(vector.device, vector.topic));
  if (kind === undefined || vector.payload === undefined) return undefined;
  try {
    return { kind, fields: JSON.parse(vector.payload) };
  } catch {
    // a vector that is no JSON says nothing about the schema
    return undefined;
  }
}

const valid = vectorsOf("valid");
const invalid = vectorsOf("invalid");

describe("valid vectors", () => {
  test.each(valid)("$title", ({ vector }) => {
    expect(parsePublish(vector.device, vector.topic, bytesOf(vector))).toEqual(vector.expect);
    const json = fieldsOf(vector);
    if (json !== undefined) expect(payloads[json.kind].safeParse(json.fields).success).toBe(true);
  });
});

describe("invalid vectors", () => {
  test.each(invalid)("$title", ({ vector }) => {
    const parsed = parsePublish(vector.device, vector.topic, bytesOf(vector));
    const seen =
      parsed.verdict === "quarantine"
        ? { verdict: parsed.verdict, code: parsed.code, path: parsed.detail.path }
        : { verdict: parsed.verdict };
    expect(seen).toEqual(vector.expect);
    const json = fieldsOf(vector);
    if (json !== undefined && vector.expect.verdict === "quarantine" && vector.expect.code === "invalid_field") {
      expect(payloads[json.kind].safeParse(json.fields).success).toBe(false);
    }
  });
});

test("there is a vector for every kind and every code", () => {
  const kinds = valid.flatMap(({ vector }) => leafOf(vector.device, vector.topic) ?? []);
  expect(new Set(kinds)).toEqual(new Set([...deviceKinds, "state"]));
  const codes = invalid.flatMap(({ vector }) => (vector.expect.verdict === "quarantine" ? [vector.expect.code] : []));
  // a payload that is too large would make a large file: parse.test.ts makes one
  expect(new Set([...codes, "payload_too_large"])).toEqual(new Set(Object.keys(quarantineCodes)));
});

test("no two vectors have one name", () => {
  for (const vectors of [valid, invalid]) {
    expect(new Set(vectors.map(({ title }) => title)).size).toBe(vectors.length);
  }
});
