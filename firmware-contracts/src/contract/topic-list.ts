import { deviceKinds } from "@gengfu/shared/model/reading";
import { payload_bytes_max } from "./limits.ts";

/** One topic of the contract: who publishes what on it, and how. */
export interface TopicRule {
  readonly topic: string;
  readonly from: "device" | "gateway";
  /** `json` is described by the schema file, `text` by its words. */
  readonly payload: { readonly schema: string } | { readonly words: readonly string[] };
  readonly payload_bytes_max: number;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly description: string;
}

const sent = { qos: 1, payload_bytes_max } as const;

/** Every topic, in the order of the README. */
export const topicList: readonly TopicRule[] = [
  ...deviceKinds.map((kind): TopicRule => {
    const description = "A reading. Its acknowledgement means that it is on the gateway's disk.";
    const payload = { schema: `${kind}.schema.json` };
    return { topic: `gengfu/v1/<device>/${kind}`, from: "device", payload, ...sent, retain: false, description };
  }),
  {
    topic: "gengfu/v1/<device>/state",
    from: "device",
    payload: { words: ["online", "offline"] },
    qos: 1,
    payload_bytes_max,
    retain: true,
    description: "Whether the device is there: `online` after each connection, `offline` as its last will.",
  },
  {
    topic: "gengfu/v1/<device>/error",
    from: "gateway",
    payload: { schema: "error.schema.json" },
    qos: 0,
    payload_bytes_max,
    retain: false,
    description: "What was wrong with a publish that broke the contract.",
  },
];
