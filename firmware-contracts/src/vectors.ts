import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { leafOf } from "./contract/topics.ts";

/** One example of the contract, as it stands in `vectors/`. */
export const vectorSchema = z.strictObject({
  name: z.string(),
  device: z.string(),
  topic: z.string(),
  payload: z.string().optional(),
  payload_base64: z.base64().optional(),
  /** What is too large to write out: texts, each with how many times it stands there. */
  payload_parts: z.array(z.tuple([z.string(), z.int().positive()])).optional(),
  expect: z.discriminatedUnion("verdict", [
    z.strictObject({ verdict: z.literal("reading"), message: z.record(z.string(), z.unknown()) }),
    z.strictObject({ verdict: z.literal("state"), online: z.boolean() }),
    z.strictObject({ verdict: z.literal("quarantine"), code: z.string(), path: z.string() }),
    z.strictObject({ verdict: z.literal("foreign_topic") }),
  ]),
});
export type Vector = z.output<typeof vectorSchema>;

const folder = join(import.meta.dirname, "..", "vectors");

/** All vectors of `vectors/valid` or `vectors/invalid`, with the file that each stands in. */
export function vectorsOf(validity: "valid" | "invalid"): { title: string; vector: Vector }[] {
  return globSync(join(folder, validity, "*.json"))
    .toSorted()
    .flatMap((file) =>
      z
        .array(vectorSchema)
        .parse(JSON.parse(readFileSync(file, "utf8")))
        .map((vector) => ({ title: `${basename(file, ".json")}: ${vector.name}`, vector })),
    );
}

export function bytesOf({ payload, payload_base64, payload_parts }: Vector): Uint8Array {
  if (payload_base64 !== undefined) return Buffer.from(payload_base64, "base64");
  if (payload_parts !== undefined)
    return Buffer.from(payload_parts.map(([text, times]) => text.repeat(times)).join(""));
  return Buffer.from(payload ?? "");
}

/** The kind and the fields of a vector whose payload is an object of a kind, else undefined. */
export function fieldsOf(vector: Vector): { kind: DeviceKind; fields: Record<string, unknown> } | undefined {
  const kind = deviceKinds.find((known) => known === leafOf(vector.device, vector.topic));
  if (kind === undefined || vector.payload === undefined) return undefined;
  try {
    const fields = z.looseObject({}).safeParse(JSON.parse(vector.payload));
    return fields.success ? { kind, fields: { ...fields.data } } : undefined;
  } catch {
    // a vector that is no JSON says nothing about the schema
    return undefined;
  }
}
