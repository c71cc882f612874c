import type { Calendar } from "@gengfu/shared/model/schedule";
import type { Grade } from "./finding.ts";
import type { FindingSettings, TimeLimit } from "./settings.ts";

/** What a site's working days go by. */
export interface WorkingDays {
  /** IANA name. */
  readonly time_zone: string;
  readonly calendar?: Calendar | undefined;
}

/** Until when a measure must be proposed and the work be done, counted from `from`; epoch milliseconds. */
export function deadlines(
  settings: Pick<FindingSettings, "due" | "proposal_within">,
  grade: Grade,
  from: number,
  site: WorkingDays,
): { readonly proposalDueAt: number; readonly dueAt: number } {
  return { proposalDueAt: from + settings.proposal_within, dueAt: after(from, settings.due[grade], site) };
}

/**
 * When a time limit that begins at `from` is over. Working days end with their last millisecond by the site's clock: people
 * read `23:59` of that day, where midnight would show the next.
 */
export function after(from: number, limit: TimeLimit, site: WorkingDays): number {
  if (typeof limit === "number") return from + limit;
  const holidays = new Set(site.calendar?.holidays);
  const workdays = new Set(site.calendar?.workdays);
  const isWorkday = (day: Temporal.PlainDate): boolean => {
    const date = day.toString();
    return workdays.has(date) || (day.dayOfWeek <= 5 && !holidays.has(date));
  };
  let day = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(site.time_zone).toPlainDate();
  // the day on which it is found doesn't count
  for (let left = limit.working_days; left > 0;) {
    day = day.add({ days: 1 });
    if (isWorkday(day)) left -= 1;
  }
  return day.add({ days: 1 }).toZonedDateTime({ timeZone: site.time_zone }).epochMilliseconds - 1;
}
