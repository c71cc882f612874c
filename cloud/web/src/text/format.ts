import type { Kind } from "@gengfu/shared/model/reading";
import type { Language } from "@gengfu/shared/model/text";
import { dateOf } from "./zone.ts";

/** Numbers, times and durations as people read them. Made once for each language and zone; the instances are cheap to call. */
export interface Format {
  readonly language: Language;
  readonly zone: string;
  number(value: number, digits?: number): string;
  /** A kind's value with its unit, such as `1.42 m`; a dash where there is none. */
  quantity(kind: Kind, value: number | null): string;
  percent(share: number): string;
  /** `3.2 MB`, of 10^6 bytes each. */
  megabytes(bytes: number): string;
  /** `14:03:22` by the site's clock. */
  time(at: number): string;
  /** `14:03`. */
  minute(at: number): string;
  /** `14:03:22` today, else `11-21 14:03`. */
  moment(at: number, now: number): string;
  /** `2026-11-21 14:03`: for records, which are read for years. */
  dated(at: number): string;
  /** `2026-11-21`. */
  date(at: number): string;
  /** `周六`, `Sat`. */
  weekday(at: number): string;
  /** `3 min 12 s`, `2 h 05 min`, `4 d 3 h`; never negative. */
  duration(span_ms: number): string;
}

const locales: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

/** Units of the contract, and how many decimals are worth showing. */
const units: Partial<Record<Kind, { readonly unit: Record<Language, string>; readonly digits: number }>> = {
  level: { unit: { zh: "m", en: "m" }, digits: 2 },
  temperature: { unit: { zh: "°C", en: "°C" }, digits: 1 },
  pressure: { unit: { zh: "kPa", en: "kPa" }, digits: 0 },
  count: { unit: { zh: "次", en: "pulses" }, digits: 0 },
};

const spans: Record<Language, Record<"d" | "h" | "min" | "s", string>> = {
  zh: { d: "天", h: "小时", min: "分", s: "秒" },
  en: { d: "d", h: "h", min: "min", s: "s" },
};

/** Keeps a number and its unit on one line. */
export const nbsp = "\u00a0";

export function unitOf(kind: Kind, language: Language): string {
  return units[kind]?.unit[language] ?? "";
}

export function createFormat(language: Language, zone: string): Format {
  const locale = locales[language];
  const numbers = new Map<number, Intl.NumberFormat>();
  const numberFormat = (digits: number): Intl.NumberFormat => {
    const known = numbers.get(digits);
    if (known !== undefined) return known;
    const made = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    numbers.set(digits, made);
    return made;
  };
  const clock = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
  const withSeconds = clock({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const withMinutes = clock({ hour: "2-digit", minute: "2-digit" });
  const weekdays = clock({ weekday: "short" });
  const percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });

  const number = (value: number, digits = 0): string =>
    // a value that rounds to nothing is 0, not -0
    numberFormat(digits).format(Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value);
  const date = (at: number): string => dateOf(at, zone);

  return {
    language,
    zone,
    number,
    quantity(kind, value) {
      if (value === null) return "–";
      const shape = units[kind];
      return shape === undefined
        ? number(value, Number.isInteger(value) ? 0 : 2)
        : `${number(value, shape.digits)}${nbsp}${shape.unit[language]}`;
    },
    percent: (share) => percents.format(share),
    megabytes: (bytes) => `${number(bytes / 1e6, 1)}${nbsp}MB`,
    time: (at) => withSeconds.format(at),
    minute: (at) => withMinutes.format(at),
    moment: (at, now) =>
      date(at) === date(now) ? withSeconds.format(at) : `${date(at).slice(5)} ${withMinutes.format(at)}`,
    dated: (at) => `${date(at)} ${withMinutes.format(at)}`,
    date,
    weekday: (at) => weekdays.format(at),
    duration: (span_ms) => duration(span_ms, spans[language]),
  };
}

function duration(span_ms: number, name: Record<"d" | "h" | "min" | "s", string>): string {
  const seconds = Math.max(0, Math.floor(span_ms / 1_000));
  const [d, h, min, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (value: number): string => String(value).padStart(2, "0");
  if (d > 0) return `${d}${nbsp}${name.d} ${h}${nbsp}${name.h}`;
  if (h > 0) return `${h}${nbsp}${name.h} ${two(min)}${nbsp}${name.min}`;
  if (min > 0) return `${min}${nbsp}${name.min} ${two(s)}${nbsp}${name.s}`;
  return `${s}${nbsp}${name.s}`;
}
