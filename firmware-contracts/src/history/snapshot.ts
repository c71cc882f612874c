import { deviceKinds, type DeviceKind } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { quarantineCodes } from "../contract/codes.ts";
import { topicList, topicRule } from "../contract/topic-list.ts";
import { jsonSchemas } from "../json-schema.ts";
import { kindSchema } from "../kind-schema.ts";
import { vectorSchema, vectorsOf } from "../vectors.ts";

/** What a kind's payload says: which field is the value, which are kept beside it, which of these are in capitals. */
const meaning = z.strictObject({
  value: z.string().nullable(),
  detail: z.array(z.string()),
  capitals: z.array(z.string()),
});

/** A version of the contract as data: what later versions are held against. */
export const snapshotSchema = z.strictObject({
  version: z.string().regex(/^\d+\.\d+$/),
  topics: z.array(topicRule),
  codes: z.array(z.string()),
  schemas: z.record(z.string(), kindSchema),
  meaning: z.record(z.string(), meaning),
  vectors: z.strictObject({ valid: z.array(vectorSchema), invalid: z.array(vectorSchema) }),
});
export type Snapshot = z.output<typeof snapshotSchema>;

const meanings: Readonly<Record<DeviceKind, z.output<typeof meaning>>> = {
  tap: { value: null, detail: ["card", "tag", "guard"], capitals: ["card", "tag"] },
  level: { value: "metres", detail: [], capitals: [] },
  temperature: { value: "celsius", detail: [], capitals: [] },
  pressure: { value: "kilopascals", detail: [], capitals: [] },
  contact: { value: "closed", detail: [], capitals: [] },
  count: { value: "total", detail: [], capitals: [] },
  status: { value: null, detail: ["battery_volts", "rssi_dbm", "uptime_seconds", "firmware"], capitals: [] },
};

/** The contract as it stands, to be kept for ever under a version. */
export function snapshot(version: string): Snapshot {
  const schemas = jsonSchemas();
  return snapshotSchema.parse({
    version,
    topics: topicList,
    codes: Object.keys(quarantineCodes),
    schemas: Object.fromEntries(deviceKinds.map((kind) => [kind, schemas.get(`${kind}.schema.json`)])),
    meaning: meanings,
    vectors: {
      valid: vectorsOf("valid").map(({ vector }) => vector),
      invalid: vectorsOf("invalid").map(({ vector }) => vector),
    },
  });
}
