import { z } from "zod";
import { duration } from "../time/duration.ts";
import { condition, leavesOf, signal, type Condition } from "./condition.ts";
import { identifier } from "./identifier.ts";
import { schedule } from "./schedule.ts";
import { text } from "./text.ts";

export type { Condition } from "./condition.ts";

export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

const late_after_ms = 15 * 60_000;

export const rule = z
  .strictObject({
    id: identifier,
    name: text,
    severity: z.enum(severities),
    when: condition,
    for: duration.default(0).describe("How long it must hold before the alert fires; at once by default."),
    keep: duration
      .optional()
      .describe(
        "How long the alert still fires after its condition cleared; what comes back in that time is the same alert.",
      ),
    active: schedule
      .optional()
      .describe("When the rule looks, by the site's clock; outside of it it raises nothing and what it raised clears."),
    unless: z
      .array(signal)
      .min(1)
      .max(16)
      .optional()
      .describe(
        "Conditions as in `when`: while one holds (maintenance, say) the rule raises nothing and what it raised clears.",
      ),
    settle: duration
      .optional()
      .describe(
        "How much out of order readings may come; verdicts wait so long. Nothing by default; 2s where several series are looked at.",
      ),
    rises: z
      .array(
        z.strictObject({
          after: duration.describe("How long it has fired"),
          to: z.enum(severities).describe("when it becomes of this severity."),
        }),
      )
      .min(1)
      .max(4)
      .optional()
      .describe("The severity of an alert that lasts."),
    late_after: duration
      .default(late_after_ms)
      .describe("What fired longer ago than this when it comes to light is an alert in retrospect."),
    tell_late: z
      .boolean()
      .optional()
      .describe(
        "Whether people are told of what came to light in retrospect and is over. By default only of fire: a critical rule on a contact with the channel `fire`.",
      ),
    advice: text.optional().describe("What to do first; part of the message."),
  })
  .superRefine(({ when, active, unless, settle, rises }, context) => {
    const reject = (path: PropertyKey[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (leavesOf(when).length === 0) {
      for (const [key, given] of Object.entries({ active, unless, settle })) {
        if (given !== undefined) reject([key], "no such key of a rule on silence");
      }
    }
    rises?.forEach(({ after }, index) => {
      const before = rises[index - 1];
      if (before !== undefined && before.after >= after)
        reject(["rises", index, "after"], "longer than the one before");
    });
  });
export type Rule = z.output<typeof rule>;

/** Whether a condition is on what comes from devices; the others are on silence. */
export function isOnSilence(when: Condition): boolean {
  return leavesOf(when).length === 0;
}

/** Whether people are told also of what came to light late. */
export function tellsLate({ when, severity, tell_late }: Rule): boolean {
  if (tell_late !== undefined) return tell_late;
  return isOnSilence(when) || (severity === "critical" && when.type === "contact" && when.channel === "fire");
}
