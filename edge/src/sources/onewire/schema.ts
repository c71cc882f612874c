import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { rejectRepeats } from "../repeats.ts";

const sensor = z.strictObject({
  id: z
    .string()
    .regex(/^(10|22|28|3b|42)-[0-9a-f]{12}$/, "a thermometer's id, such as 28-0316a2795cff")
    .describe("The sensor's folder under `folder`: ls /sys/bus/w1/devices."),
  device: identifier.describe("The device of the site file whose reading it is."),
  channel: identifier.optional().describe("Which of several of the device's temperatures."),
  offset: z.number().min(-10).max(10).default(0).describe("Added to what the sensor says, degC."),
});
export type OnewireSensor = z.output<typeof sensor>;

/** The part of `edge.yaml` for thermometers on the gateway's 1-Wire bus. */
export const onewireSchema = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .default("/sys/bus/w1/devices")
      .describe("Where the kernel shows the bus's devices; /sys/bus/w1/devices by default."),
    interval: duration
      .refine((interval_ms) => interval_ms >= 10, "an interval of at least 10ms")
      .default(30_000)
      .describe("How often each sensor is read; 30s by default. A reading takes up to 750 ms."),
    sensors: z.array(sensor).min(1).max(256).describe("The sensors that are wired."),
  })
  .superRefine(({ sensors }, context) => {
    rejectRepeats(context, ["sensors"], "id", sensors, ({ id }) => id);
    rejectRepeats(context, ["sensors"], "channel", sensors, ({ device, channel }) => `${device}/${channel}`);
  });
export type OnewireConfig = z.output<typeof onewireSchema>;
