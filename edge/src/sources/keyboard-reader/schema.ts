import { identifier } from "@gengfu/shared/model/identifier";
import { z } from "zod";
import { signalsSchema } from "../../taps/reader-signals.ts";
import { rejectRepeats } from "../repeats.ts";
import { numberFormats } from "./card-number.ts";

const reader = z.strictObject({
  input: z
    .string()
    .regex(/^\/[\x21-\x7e]{1,200}$/, "the path of an input device, such as /dev/input/by-id/usb-...-event-kbd")
    .describe("The reader's input device: /dev/input/by-id/...-event-kbd."),
  device: identifier.describe("The reader as the site file names it; it must measure tap."),
  format: z
    .enum(numberFormats)
    .default("decimal")
    .describe(
      "How it types the UID: decimal, 10 digits; hex, 8, 10, 14 or 20 digits; each also with the bytes reversed.",
    ),
  signals: signalsSchema.optional(),
});
export type KeyboardReaderConfig = z.output<typeof reader>;

/** The part of `edge.yaml` for USB readers that type a card's number as a keyboard does. */
export const keyboardReadersSchema = z
  .strictObject({ readers: z.array(reader).min(1).max(16).describe("The readers that are plugged in.") })
  .superRefine(({ readers }, context) => {
    rejectRepeats(context, ["readers"], "input", readers, ({ input }) => input);
    rejectRepeats(context, ["readers"], "device", readers, ({ device }) => device);
  });
export type KeyboardReadersConfig = z.output<typeof keyboardReadersSchema>;
