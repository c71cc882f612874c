import { weekdays, type Schedule } from "../model/schedule.ts";
import type { Site } from "../model/site.ts";

/** A stretch of time in which a schedule does not change; both epoch milliseconds, `until` not included. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly active: boolean;
}

/** Stretches that are remembered: readings come in the order of their times but for backlogs. */
const stretches_max = 8;

/**
 * When a rule looks, by the site's clock. A window that goes over midnight belongs to the day on which it begins: Friday
 * 22:00 to 06:00 ends on Saturday morning.
 */
export class ScheduleBook {
  readonly #schedule: Schedule;
  readonly #zone: string;
  readonly #work: { readonly start: string; readonly end: string };
  readonly #holidays: ReadonlySet<string>;
  readonly #workdays: ReadonlySet<string>;
  /** Only saves work: what is asked for twice is reckoned once. */
  #known: Stretch[] = [];

  constructor(schedule: Schedule, site: Pick<Site, "time_zone" | "working_hours" | "calendar">) {
    this.#schedule = schedule;
    this.#zone = site.time_zone;
    this.#work = site.working_hours;
    this.#holidays = new Set(site.calendar?.holidays);
    this.#workdays = new Set(site.calendar?.workdays);
  }

  isActive(at: number): boolean {
    return this.#stretch(at).active;
  }

  /** The next moment at which it may change, later than `at`. */
  changesAfter(at: number): number {
    return this.#stretch(at).until;
  }

  #stretch(at: number): Stretch {
    const known = this.#known.find(({ from, until }) => from <= at && at < until);
    if (known !== undefined) return known;
    const found = this.#reckon(at);
    this.#known = [found, ...this.#known.slice(0, stretches_max - 1)];
    return found;
  }

  #reckon(at: number): Stretch {
    const { hours } = this.#schedule;
    const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(this.#zone).toPlainDate();
    const times = ["00:00", this.#work.start, this.#work.end, ...(hours === undefined ? [] : [hours.from, hours.to])];
    const bounds = [...new Set(times.map((time) => this.#moment(today, time)))].sort((a, b) => a - b);
    const from = bounds.findLast((bound) => bound <= at) ?? at;
    const until = bounds.find((bound) => bound > at) ?? this.#moment(today.add({ days: 1 }), "00:00");
    return { from, until, active: this.#holds(at, today) };
  }

  #holds(at: number, today: Temporal.PlainDate): boolean {
    const { hours, working } = this.#schedule;
    if (working !== undefined) {
      const atWork =
        this.#isWorkday(today) &&
        at >= this.#moment(today, this.#work.start) &&
        at < this.#moment(today, this.#work.end);
      if (atWork !== (working === "during")) return false;
    }
    if (hours === undefined) return this.#isDay(today);
    return [today, today.subtract({ days: 1 })].some((day) => {
      const overMidnight = hours.to <= hours.from;
      const end = this.#moment(overMidnight ? day.add({ days: 1 }) : day, hours.to);
      return this.#isDay(day) && at >= this.#moment(day, hours.from) && at < end;
    });
  }

  #isDay(day: Temporal.PlainDate): boolean {
    const { months, days } = this.#schedule;
    if (months?.includes(day.month) === false) return false;
    if (days === undefined) return true;
    const isWorkday = this.#isWorkday(day);
    const names = [
      weekdays[day.dayOfWeek - 1],
      isWorkday ? "workday" : "restday",
      ...(this.#holidays.has(day.toString()) ? ["holiday"] : []),
    ];
    return days.some((one) => names.includes(one));
  }

  #isWorkday(day: Temporal.PlainDate): boolean {
    const date = day.toString();
    if (this.#workdays.has(date)) return true;
    return day.dayOfWeek <= 5 && !this.#holidays.has(date);
  }

  #moment(day: Temporal.PlainDate, time: string): number {
    return day.toZonedDateTime({ timeZone: this.#zone, plainTime: time }).epochMilliseconds;
  }
}
