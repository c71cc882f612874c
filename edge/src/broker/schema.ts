import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** What devices may ask of the broker, at most. */
export const brokerLimits = z
  .strictObject({
    connections_max: z
      .int()
      .min(1)
      .max(100_000)
      .default(1_000)
      .describe("Connections of devices at a time; further ones are dropped."),
    connect_timeout: duration.default(10_000).describe("Within this time a connection must sign on; 10s by default."),
    packet_bytes_max: z
      .int()
      .min(128 * 1024)
      .max(16 * 1024 * 1024)
      .default(2 * 1024 * 1024)
      .describe("Bytes of one MQTT packet; a larger one ends the connection. Beyond 64 KiB all go to quarantine."),
    subscriptions_max: z.int().min(1).max(1_000).default(16).describe("Subscriptions of one connection."),
    quarantine_per_minute: z
      .int()
      .min(0)
      .max(10_000)
      .default(60)
      .describe("Payloads of one device that break the contract and are kept, in a minute; more are counted only."),
  })
  .prefault({});

export type BrokerLimits = z.output<typeof brokerLimits>;
