import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { signalsSchema } from "../../taps/reader-signals.ts";
import { rejectRepeats } from "../repeats.ts";

const reader = z.strictObject({
  port: z
    .string()
    .min(1)
    .max(200)
    .describe("The serial port: /dev/serial/by-id/... for a USB adapter, /dev/serial0 for the Pi's own."),
  device: identifier.describe("The reader as the site file names it; it must measure tap."),
  baud: z
    .union([z.literal(9_600), z.literal(19_200), z.literal(38_400), z.literal(57_600), z.literal(115_200)])
    .default(115_200)
    .describe("Bits a second; a PN532 begins with 115200 and nothing here changes that."),
  poll: duration
    .pipe(z.number().min(20, "at least 20ms").max(5_000, "at most 5s"))
    .default(250)
    .describe("How often it looks for a card; 250ms by default."),
  signals: signalsSchema.optional(),
});
export type Pn532ReaderConfig = z.output<typeof reader>;

/** The part of `edge.yaml` for PN532 modules at serial ports. */
export const pn532Schema = z
  .strictObject({ readers: z.array(reader).min(1).max(16).describe("The readers that are wired.") })
  .superRefine(({ readers }, context) => {
    rejectRepeats(context, ["readers"], "port", readers, ({ port }) => port);
    rejectRepeats(context, ["readers"], "device", readers, ({ device }) => device);
  });
export type Pn532Config = z.output<typeof pn532Schema>;
