import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** How much one device may send. A sensor sends a few messages a minute; what loads a gateway on purpose, 10,000 a second. */
const flood = z
  .strictObject({
    reported_above: z
      .number()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe("Messages of one device in a second; one that sends more is reported as a trouble."),
    reported_after: duration
      .default(10_000)
      .describe("For so long it must send more to be reported, and less to be well again; 10s by default."),
    messages_per_second_max: z
      .number()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe(
        "Messages of one device that are taken in a second; 0, the default, for as many as come. Beyond it those at " +
          "QoS 1 are held back, those at QoS 0 dropped and counted.",
      ),
    burst_seconds: z
      .number()
      .min(0)
      .max(3_600)
      .default(5)
      .describe("What a device did not use of its limit it may send at once, up to so many seconds' worth."),
    devices: z
      .record(z.string().min(1).max(64), z.number().min(0).max(1_000_000))
      .default({})
      .describe("The limit of single devices, by id; 0 for none."),
  })
  .prefault({});

export type FloodLimits = z.output<typeof flood>;

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
    flood: flood.describe("How much one device may send."),
  })
  .prefault({});

export type BrokerLimits = z.output<typeof brokerLimits>;
