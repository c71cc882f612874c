/**
 * The calendar of the site's zone, by Intl alone: browsers on site are too old for Temporal. Epoch milliseconds in
 * and out.
 */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(zone, made);
  return made;
}

/** What the site's clock shows. */
export function wallTime(at: number, zone: string): WallTime {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(at)) parts[type] = Number(value);
  const part = (name: string): number => parts[name] ?? 0;
  return {
    year: part("year"),
    month: part("month"),
    day: part("day"),
    hour: part("hour"),
    minute: part("minute"),
    second: part("second"),
  };
}

/** When the site's day began in which `at` lies. */
export function startOfDay(at: number, zone: string): number {
  const { year, month, day } = wallTime(at, zone);
  return instantShowing(Date.UTC(year, month - 1, day), zone);
}

/** When the next day begins: a day of summer time has 23 or 25 hours. */
export function startOfNextDay(at: number, zone: string): number {
  const { year, month, day } = wallTime(at, zone);
  return instantShowing(Date.UTC(year, month - 1, day + 1), zone);
}

/** The date by the site's clock, `2026-11-21`. */
export function dateOf(at: number, zone: string): string {
  const { year, month, day } = wallTime(at, zone);
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/**
 * The instant at which the site's clock shows what a field of a form says, `2026-11-21T08:05`; null where it
 * says nothing.
 */
export function instantOf(shown: string, zone: string): number | null {
  const parsed = Date.parse(`${shown}Z`);
  return Number.isNaN(parsed) ? null : instantShowing(parsed, zone);
}

/**
 * The watch of the night, 1 to 5, that the watchman calls: 19-21, 21-23, 23-1, 1-3, 3-5 by the site's clock. Null by
 * day.
 */
export function nightWatch(at: number, zone: string): 1 | 2 | 3 | 4 | 5 | null {
  const { hour } = wallTime(at, zone);
  if (hour >= 19 && hour < 21) return 1;
  if (hour >= 21 && hour < 23) return 2;
  if (hour >= 23 || hour < 1) return 3;
  if (hour < 3) return 4;
  return hour < 5 ? 5 : null;
}

/** The instant at which the site's clock shows what `shown`, read as UTC, says. */
function instantShowing(shown: number, zone: string): number {
  const first = shown - offsetAt(shown, zone);
  // the offset at the guess may be that of the other side of a change
  return shown - offsetAt(first, zone);
}

function offsetAt(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = wallTime(at, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}
