import { parse } from "yaml";
import { z } from "zod";

/** A time of day by the site's clock. */
export const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day such as 06:30, 24 h clock");
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Days that one line of a calendar may span. */
const span_days_max = 366;

const days = z
  .array(z.string())
  .max(2_000)
  .default([])
  .transform((given, context) =>
    given.flatMap((one, index) => {
      const found = daysOf(one);
      if (found === undefined) {
        const message = "a day such as 2026-10-01, or the first and the last: 2026-10-01/2026-10-07";
        context.addIssue({ code: "custom", path: [index], message });
      }
      return found ?? [];
    }),
  );
const calendarDays = z.strictObject({
  holidays: days.describe("Days on which nobody works; a day, or the first and the last one with / between."),
  workdays: days.describe("Days of a weekend on which people work (调休)."),
});

/** Holidays: as a mapping, or as the text of a YAML file of that shape, which `file:PATH` fetches. */
export const calendar = z.preprocess((given, context) => {
  if (typeof given !== "string") return given;
  try {
    return parse(given) as unknown;
  } catch {
    context.issues.push({ code: "custom", input: given, message: "well-formed YAML with `holidays` and `workdays`" });
    return z.NEVER;
  }
}, calendarDays);
export type Calendar = z.output<typeof calendarDays>;

export const workingHours = z.strictObject({
  start: timeOfDay.default("08:30").describe("When work begins on a workday."),
  end: timeOfDay.default("17:30").describe("When it ends."),
});

/** When a rule looks. What is given must hold all together; a night belongs to the day on which it began. */
export const schedule = z.strictObject({
  months: z
    .array(z.int().min(1).max(12))
    .min(1)
    .optional()
    .describe("Months by number, such as [11, 12, 1, 2, 3] for the heating season."),
  days: z
    .array(z.enum([...weekdays, "workday", "restday", "holiday"]))
    .min(1)
    .optional()
    .describe("Days; workday and restday heed the site's `calendar`, so that a holiday is a restday too."),
  hours: z
    .strictObject({ from: timeOfDay, to: timeOfDay })
    .optional()
    .describe("Between two times of day; over midnight where `to` is not after `from`."),
  working: z
    .enum(["during", "outside"])
    .optional()
    .describe("Only during, or only outside, the site's `working_hours` of workdays."),
});
export type Schedule = z.output<typeof schedule>;

function daysOf(text: string): string[] | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:\/(\d{4}-\d{2}-\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  try {
    const first = Temporal.PlainDate.from(match[1] as string);
    const { days: span } = first.until(match[2] ?? first);
    if (span < 0 || span > span_days_max) return undefined;
    return Array.from({ length: span + 1 }, (_, index) => first.add({ days: index }).toString());
  } catch {
    return undefined;
  }
}
