import { z } from "zod";
import { clockQualities, type Lane } from "./model/reading.ts";
import { identifier } from "./model/identifier.ts";
import { severities } from "./model/rule.ts";

/**
 * What edge and cloud say to each other over MQTT. A gateway signs on with its id and secret and may use its own
 * topics only. Batches go at QoS 1; their PUBACK means that the cloud has committed them.
 */
export const uplinkTopics = {
  batch: (gateway: string, lane: Lane): string => `gengfu/uplink/v1/${gateway}/${lane}`,
  status: (gateway: string): string => `gengfu/uplink/v1/${gateway}/status`,
  unclaimed: (gateway: string): string => `gengfu/uplink/v1/${gateway}/unclaimed`,
  /** The cloud's time, its answer to each status that asks for it. */
  time: (gateway: string): string => `gengfu/downlink/v1/${gateway}/time`,
  /** What becomes of the site's alerts, for those on site; JSON at QoS 0. */
  alert: (gateway: string): string => `gengfu/downlink/v1/${gateway}/alert`,
  /** Cloud to gateway; a gateway may subscribe to its own. */
  downlink: (gateway: string): string => `gengfu/downlink/v1/${gateway}/#`,
};

const topicPattern = /^gengfu\/uplink\/v1\/([^/]+)\/(events|samples|status|unclaimed)$/;

export type UplinkChannel = Lane | "status" | "unclaimed";

/** The parts of a topic of the uplink, or undefined where it is none. */
export function parseUplinkTopic(topic: string): { gateway: string; channel: UplinkChannel } | undefined {
  const match = topicPattern.exec(topic);
  if (match === null) return undefined;
  return { gateway: match[1] as string, channel: match[2] as UplinkChannel };
}

/** The heartbeat of a gateway, JSON at QoS 0, every `interval_ms` and whenever the connection comes up. */
export const gatewayStatus = z.object({
  gateway: identifier,
  epoch: z.int().nonnegative(),
  /** The run of the gateway's log that it is in, where the log has runs. */
  run: z.string().max(32).optional(),
  /** By the gateway's clock. */
  at: z.int(),
  clock: z.enum(clockQualities),
  /** The last seq that the gateway gave out. */
  last: z.int().nonnegative(),
  backlog: z.object({ events: z.int().nonnegative(), samples: z.int().nonnegative() }),
  dropped: z.int().nonnegative(),
  quarantined: z.int().nonnegative(),
  uptime_s: z.number().nonnegative(),
  rss_bytes: z.int().nonnegative(),
  version: z.string().max(64),
  /** How often the gateway's system clock was moved by more than clocks may differ, since its start. */
  clock_steps: z.int().nonnegative().optional(),
  /** What goes to the gateway's disk, of which a card bears only so much. */
  disk: z
    .object({
      /** Bytes written since midnight by the site's clock. */
      written_today_bytes: z.int().nonnegative(),
      /** And in the day before; null where the gateway did not run then. */
      written_yesterday_bytes: z.int().nonnegative().nullable(),
      /** Readings that are in memory only, since the cloud has them or will have them soon. */
      waiting: z.int().nonnegative(),
    })
    .optional(),
  /** When the gateway said this, by a clock of its own that the cloud's answer repeats; without it none is wanted. */
  asked_ms: z.number().optional(),
  /** Troubles that someone should look at, each a plain sentence; empty when all is well. */
  troubles: z.array(z.string().max(500)).max(20),
});
export type GatewayStatus = z.output<typeof gatewayStatus>;

/** What the cloud answers on the topic of its time, JSON at QoS 0. */
export const cloudTime = z.object({
  /** The cloud's time, epoch milliseconds UTC. */
  at: z.int(),
  /** As the status said. */
  asked_ms: z.number(),
});
export type CloudTime = z.output<typeof cloudTime>;

/** An alert as the cloud tells it to the site's gateways: at each change, and the open ones when a gateway connects. */
export const gatewayAlert = z.object({
  id: z.string().max(200),
  rule: identifier,
  severity: z.enum(severities),
  state: z.enum(["firing", "acknowledged", "cleared", "closed"]),
  device: identifier.nullable(),
  channel: identifier.nullable(),
  /** What raised it, in the kind's unit; null where the alert is about silence. */
  value: z.number().nullable(),
  /** Epoch milliseconds UTC. */
  raisedAt: z.int(),
  message: z.object({ zh: z.string().max(1_000), en: z.string().max(1_000) }),
});
export type GatewayAlert = z.output<typeof gatewayAlert>;

/** Why something that speaks to the gateway became no reading. */
export const unclaimedReasons = ["unknown_device", "no_mapping", "not_measured", "not_signed_on"] as const;

/** Who speaks to a gateway and is in no configuration; JSON at QoS 0, when a connection comes up and after changes. */
export const unclaimedReport = z.object({
  devices: z
    .array(
      z.object({
        /** The bridge through which it speaks; empty for one that was refused at its sign-on. */
        via: z.string().max(64),
        /** As it calls itself. */
        name: z.string().max(128),
        reason: z.enum(unclaimedReasons),
        count: z.int().nonnegative(),
        /** By the gateway's clock. */
        firstSeenAt: z.int(),
        lastSeenAt: z.int(),
        topics: z
          .array(
            z.object({
              topic: z.string().max(256),
              /** The begin of what it sent last. */
              payload: z.string().max(600),
              count: z.int().nonnegative(),
              lastSeenAt: z.int(),
            }),
          )
          .max(8),
        /** What could stand in site.yaml and edge.yaml for it, YAML; null where nothing needs to. */
        proposal: z.object({ site: z.string().max(4_000).nullable(), edge: z.string().max(4_000).nullable() }),
      }),
    )
    .max(100),
  /** How many were left out at the bound. */
  forgotten: z.int().nonnegative(),
});
export type UnclaimedReport = z.output<typeof unclaimedReport>;
export type UnclaimedDevice = UnclaimedReport["devices"][number];
