import type { Route } from "@gengfu/shared/model/site";

/** One walk of a route that is due: when its window opens (inclusive) and closes (exclusive), epoch milliseconds. */
export interface PlannedRound {
  /** Made from the plan alone, so that it is the same each time: `<route>:<date>:<HHMM>-<HHMM>`. */
  readonly id: string;
  readonly route: string;
  /** The day on which the window opens, by the site's clock, YYYY-MM-DD. */
  readonly date: string;
  readonly window: { readonly from: number; readonly to: number };
}

const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/**
 * The rounds of a route whose windows open on a date. An `end` at or before `start` is on the next day. Where the zone
 * skips a time of day the window moves on by as much as is skipped; a time that comes twice means the first.
 */
export function plannedRounds(route: Route, date: Temporal.PlainDate, zone: string): PlannedRound[] {
  const today = weekdays[date.dayOfWeek - 1];
  return route.rounds
    .filter(({ days }) => today !== undefined && days.includes(today))
    .map(({ start, end }) => ({
      id: `${route.id}:${date.toString()}:${start.replace(":", "")}-${end.replace(":", "")}`,
      route: route.id,
      date: date.toString(),
      window: { from: instant(date, start, zone), to: instant(end <= start ? date.add({ days: 1 }) : date, end, zone) },
    }));
}

/** The date that it is in a zone at an instant (epoch milliseconds). */
export function dateAt(instant_ms: number, zone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(instant_ms).toZonedDateTimeISO(zone).toPlainDate();
}

function instant(date: Temporal.PlainDate, time: string, zone: string): number {
  return date.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds;
}
