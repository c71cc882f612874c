import { deviceKinds } from "@gengfu/shared/model/reading";
import { describe, expect, test } from "vitest";
import { payloads } from "./contract/payloads.ts";
import { leafOf } from "./contract/topics.ts";
import { parsePublish } from "./parse.ts";
import { bytesOf, fieldsOf, vectorsOf } from "./vectors.ts";

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

test("there is a vector for every kind", () => {
  const kinds = valid.flatMap(({ vector }) => leafOf(vector.device, vector.topic) ?? []);
  expect(new Set(kinds)).toEqual(new Set([...deviceKinds, "state"]));
});

test("no two vectors have one name", () => {
  for (const vectors of [valid, invalid]) {
    expect(new Set(vectors.map(({ title }) => title)).size).toBe(vectors.length);
  }
});
