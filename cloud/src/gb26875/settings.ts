import { listenSchema } from "@gengfu/shared/config/listen";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** The part of `cloud.yaml` about user information transmission devices; which ones there are stands in the sites' files. */
export const transmissionSettings = listenSchema("the intake of transmission devices", 26_875).safeExtend({
  connections_max: z.int().min(1).max(10_000).default(1_000).describe("Connections of transmission devices at a time."),
  idle_timeout: duration
    .prefault("3m")
    .describe("A connection on which no good frame came for so long is ended; devices send one every 20 to 30 s."),
  clock_deviation_max: duration
    .prefault("30s")
    .describe("Beyond this a device's clock is set, and its readings get the time of their arrival."),
  set_clock_on_connect: z.boolean().default(false).describe("Sets a device's clock whenever it connects."),
  ask_on_connect: z
    .boolean()
    .default(false)
    .describe("Asks a device for its version, its state and that of its systems whenever it connects."),
});
export type TransmissionSettings = z.output<typeof transmissionSettings>;
