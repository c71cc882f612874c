import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { rejectRepeats } from "../repeats.ts";
import { currentLoop } from "./calibration.ts";

const input = z.strictObject({
  adc: z
    .string()
    .min(1)
    .max(64)
    .describe("The converter, by its name, its label or its folder: cat /sys/bus/iio/devices/*/name."),
  input: z
    .string()
    .regex(/^voltage\d{1,3}(-voltage\d{1,3})?$/, "an input such as voltage0, or voltage0-voltage1 between two")
    .describe("Which of its inputs, as in in_voltage0_raw."),
  shunt_ohms: z.number().gt(0).max(10_000).describe("The resistor across which the loop's voltage is measured."),
  points: currentLoop.describe("Two or more points of the current, mA, and the value that it stands for."),
  device: identifier.describe("The device of the site file whose reading it is."),
  kind: z.enum(["level", "temperature", "pressure"]).default("level").describe("What the transmitter measures."),
  channel: identifier.optional().describe("Which of several of the device's of that kind."),
});
export type CurrentLoopInput = z.output<typeof input>;

/** The part of `edge.yaml` for transmitters of 4 to 20 mA at a converter of the gateway's own. */
export const currentLoopSchema = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .default("/sys/bus/iio/devices")
      .describe("Where the kernel shows converters; /sys/bus/iio/devices by default."),
    interval: duration
      .refine((interval_ms) => interval_ms >= 10, "an interval of at least 10ms")
      .default(10_000)
      .describe("How often each input is read; 10s by default."),
    inputs: z.array(input).min(1).max(256).describe("The loops that are wired."),
  })
  .superRefine(({ inputs }, context) => {
    rejectRepeats(context, ["inputs"], "input", inputs, (one) => `${one.adc}/${one.input}`);
    rejectRepeats(context, ["inputs"], "channel", inputs, (one) => `${one.device}/${one.kind}/${one.channel}`);
  });
export type CurrentLoopConfig = z.output<typeof currentLoopSchema>;
