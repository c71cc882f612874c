import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** The part of `edge.yaml` for what the gateway does by itself about urgent alerts, which is off without it. */
export const alarmsSchema = z.strictObject({
  outputs: z
    .array(identifier)
    .max(16)
    .default([])
    .describe(
      "Outputs under gpio.outputs that are on while an urgent alert on a contact fires, such as siren, beacon.",
    ),
  rules: z
    .array(
      z.strictObject({
        rule: identifier.describe("A critical rule of the site file."),
        outputs: z.array(identifier).max(16).describe("What it switches instead; [] for nothing."),
      }),
    )
    .max(256)
    .default([])
    .describe("Rules that switch other outputs; those on levels and the like switch only what stands here."),
  silence_button: z
    .strictObject({
      device: identifier.describe("The device whose contact it is."),
      channel: identifier.optional().describe("Which of its contacts."),
    })
    .optional()
    .describe("A push-button on site: outputs go off and no more texts are sent of what fires at that moment."),
  cloud_patience: duration
    .pipe(z.number().min(1_000, "at least 1s"))
    .default(10_000)
    .describe("How long the cloud may take to say that it knows of an alert before people are texted; 10s by default."),
  cloud_silent_after: duration
    .pipe(z.number().min(1_000, "at least 1s"))
    .default(600_000)
    .describe("People are texted when the cloud was gone for so long, and when it is back; 10m by default."),
  repeat_every: duration
    .pipe(z.number().min(1_000, "at least 1s"))
    .default(300_000)
    .describe("How often people are texted of what still fires and nobody has acknowledged; 5m by default."),
  repeat_times: z.int().min(1).max(100).default(3).describe("How often in all."),
  texts_per_day: z
    .int()
    .min(10)
    .max(10_000)
    .default(100)
    .describe("What the contract of the SIM bears in 24 hours; repeats take no more than half of it."),
});
export type AlarmsConfig = z.output<typeof alarmsSchema>;
