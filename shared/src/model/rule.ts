import { z } from "zod";
import { duration } from "../time/duration.ts";
import { identifier } from "./identifier.ts";
import { text } from "./text.ts";

export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

const series = {
  device: identifier.optional().describe("The device; without it, every device that reports the kind."),
  channel: identifier.optional().describe("The channel; without it, every channel."),
};

/** What makes a rule fire, one variant for each way of looking at a series. */
export const condition = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("contact"),
    ...series,
    closed: z.boolean().default(true).describe("Fires while the contact is closed (true) or open (false)."),
  }),
  z.strictObject({
    type: z.literal("above"),
    kind: z.enum(["level", "temperature", "pressure"]),
    ...series,
    limit: z.number().describe("Fires above this value, in the kind's unit."),
    clear: z.number().optional().describe("Clears below this value; `limit` by default."),
  }),
  z.strictObject({
    type: z.literal("below"),
    kind: z.enum(["level", "temperature", "pressure"]),
    ...series,
    limit: z.number().describe("Fires below this value, in the kind's unit."),
    clear: z.number().optional().describe("Clears above this value; `limit` by default."),
  }),
  z.strictObject({
    type: z.literal("device_silent"),
    device: identifier.optional().describe("The device; without it, every device of the site."),
    after: duration.describe("Fires when nothing came from the device for so long, while its gateway is heard."),
  }),
  z.strictObject({
    type: z.literal("gateway_silent"),
    after: duration.describe("Fires when nothing came from a gateway for so long."),
  }),
]);
export type Condition = z.output<typeof condition>;

export const rule = z
  .strictObject({
    id: identifier,
    name: text,
    severity: z.enum(severities),
    when: condition,
    for: duration.default(0).describe("How long it must hold before the alert fires; at once by default."),
    advice: text.optional().describe("What to do first; part of the message."),
  })
  .superRefine(({ when }, context) => {
    if (when.type !== "above" && when.type !== "below") return;
    if (when.clear === undefined) return;
    const wrong = when.type === "above" ? when.clear > when.limit : when.clear < when.limit;
    if (wrong) {
      context.addIssue({
        code: "custom",
        path: ["when", "clear"],
        message: when.type === "above" ? "a value at or below `limit`" : "a value at or above `limit`",
      });
    }
  });
export type Rule = z.output<typeof rule>;
