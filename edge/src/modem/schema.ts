import { z } from "zod";

/** The part of `edge.yaml` for the SMS modem, which is off without it. */
export const modemSchema = z.strictObject({
  port: z
    .string()
    .min(1)
    .max(200)
    .describe(
      "The serial port that takes AT commands; a name under /dev/serial/by-id stays the same. A USB modem has several: " +
        "on SIM7600 and EC20 it is mostly the third.",
    ),
  baud: z
    .union([z.literal(9_600), z.literal(19_200), z.literal(38_400), z.literal(57_600), z.literal(115_200)])
    .default(115_200)
    .describe("Bits a second; a modem on USB takes any."),
});
export type ModemConfig = z.output<typeof modemSchema>;
