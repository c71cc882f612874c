import { deviceKinds } from "@gengfu/shared/model/reading";
import { z } from "zod";
import { payload_bytes_max } from "./limits.ts";
import { deviceTopic } from "./topics.ts";

/** One topic of the contract: who publishes what on it, and how. */
export const topicRule = z.strictObject({
  topic: z.string(),
  from: z.enum(["device", "gateway"]),
  /** JSON by a file in `schema/`, or one of some words as plain text. */
  payload: z.union([z.strictObject({ schema: z.string() }), z.strictObject({ words: z.array(z.string()) })]),
  payload_bytes_max: z.int(),
  qos: z.union([z.literal(0), z.literal(1)]),
  retain: z.boolean(),
  description: z.string(),
});
export type TopicRule = z.output<typeof topicRule>;

const device = "<device>";

/** Every topic, in the order of the README. */
export const topicList: readonly TopicRule[] = [
  ...deviceKinds.map((kind) => ({
    topic: deviceTopic(device, kind),
    from: "device" as const,
    payload: { schema: `${kind}.schema.json` },
    payload_bytes_max,
    qos: 1 as const,
    retain: false,
    description: "A reading. Its acknowledgement means that it is on the gateway's disk.",
  })),
  {
    topic: deviceTopic(device, "state"),
    from: "device",
    payload: { words: ["online", "offline"] },
    payload_bytes_max,
    qos: 1,
    retain: true,
    description: "Whether the device is there: `online` after each connection, `offline` as its last will.",
  },
  {
    topic: deviceTopic(device, "error"),
    from: "gateway",
    payload: { schema: "error.schema.json" },
    payload_bytes_max,
    qos: 0,
    retain: false,
    description: "What was wrong with a publish that broke the contract.",
  },
  {
    topic: deviceTopic(device, "feedback"),
    from: "gateway",
    payload: { schema: "feedback.schema.json" },
    payload_bytes_max,
    qos: 0,
    retain: false,
    description: "What became of a tap, for whoever stands at the reader.",
  },
];
