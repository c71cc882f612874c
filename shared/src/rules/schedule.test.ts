import { describe, expect, it } from "vitest";
import { schedule, type Schedule } from "../model/schedule.ts";
import { siteWith } from "./fixture.ts";
import { ScheduleBook } from "./schedule.ts";

const calendar = { holidays: ["2026-10-01/2026-10-07"], workdays: ["2026-10-10"] };
const court = siteWith([], { calendar, working_hours: { start: "08:30", end: "17:30" } });

const book = (given: Schedule): ScheduleBook => new ScheduleBook(schedule.parse(given), court);
const moment = (local: string): number =>
  Temporal.PlainDateTime.from(local).toZonedDateTime("Asia/Shanghai").epochMilliseconds;
const looks = (given: Schedule, local: string): boolean => book(given).isActive(moment(local));

describe("when a rule looks", () => {
  it.each<[string, Schedule, string, boolean]>([
    ["in a month that is named", { months: [11, 12, 1] }, "2026-12-31T23:59", true],
    ["not in another", { months: [11, 12, 1] }, "2026-02-01T00:00", false],
    ["on a weekday that is named", { days: ["fri"] }, "2026-10-16T12:00", true],
    ["not on another", { days: ["fri"] }, "2026-10-17T12:00", false],
    ["on a restday that is a holiday", { days: ["restday"] }, "2026-10-02T12:00", true],
    ["not on a Saturday on which people work", { days: ["restday"] }, "2026-10-10T12:00", false],
    ["on a holiday only", { days: ["holiday"] }, "2026-10-10T12:00", false],
    ["between two hours", { hours: { from: "09:00", to: "10:00" } }, "2026-10-16T09:00", true],
    ["not at the end", { hours: { from: "09:00", to: "10:00" } }, "2026-10-16T10:00", false],
    ["over midnight, in the evening", { hours: { from: "22:00", to: "06:00" } }, "2026-10-16T22:00", true],
    ["over midnight, in the morning", { hours: { from: "22:00", to: "06:00" } }, "2026-10-16T05:59", true],
    ["not by day", { hours: { from: "22:00", to: "06:00" } }, "2026-10-16T12:00", false],
    [
      "in the night that began on Friday",
      { days: ["fri"], hours: { from: "22:00", to: "06:00" } },
      "2026-10-17T03:00",
      true,
    ],
    ["not in the night before", { days: ["fri"], hours: { from: "22:00", to: "06:00" } }, "2026-10-16T03:00", false],
    ["outside working hours, at night", { working: "outside" }, "2026-10-16T20:00", true],
    ["not at work", { working: "outside" }, "2026-10-16T12:00", false],
    ["outside working hours, on a holiday", { working: "outside" }, "2026-10-01T12:00", true],
    ["during working hours of a shifted workday", { working: "during" }, "2026-10-10T12:00", true],
    ["when all hold", { months: [10], days: ["workday"], working: "during" }, "2026-10-16T08:30", true],
  ])("%s", (_, given, local, expected) => {
    expect(looks(given, local)).toBe(expected);
  });

  it("changes at no moment that it does not name beforehand", () => {
    for (const given of [
      { months: [10], hours: { from: "22:00", to: "06:00" } },
      { working: "outside" },
      { days: ["workday"] },
    ] as const) {
      const one = book(schedule.parse(given));
      const end = moment("2026-11-03T00:00");
      let changes = 0;
      for (let at = moment("2026-09-28T00:00"); at < end;) {
        const until = one.changesAfter(at);
        expect(until).toBeGreaterThan(at);
        const step = Math.max(1, Math.floor((until - at) / 7));
        for (let inner = at; inner < until; inner += step)
          expect(book(schedule.parse(given)).isActive(inner)).toBe(one.isActive(at));
        if (one.isActive(at) !== one.isActive(until)) changes++;
        at = until;
      }
      expect(changes).toBeGreaterThan(3);
    }
  });

  it("goes by the site's clock, also where that is put forward", () => {
    const berlin = siteWith([], { time_zone: "Europe/Berlin" });
    const night = new ScheduleBook(schedule.parse({ hours: { from: "01:30", to: "02:30" } }), berlin);
    // on 29 March 2026 02:00 is 03:00
    expect(night.isActive(Date.UTC(2026, 2, 29, 0, 45))).toBe(true);
    expect(night.isActive(Date.UTC(2026, 2, 29, 2, 0))).toBe(false);
  });
});

describe("the calendar", () => {
  it("may be the text of a file", () => {
    expect(siteWith([], { calendar: "holidays: [2026-01-01]\nworkdays: []\n" }).calendar).toEqual({
      holidays: ["2026-01-01"],
      workdays: [],
    });
  });

  it.each(["2026-02-30", "1 May", "2026-10-07/2026-10-01"])("has no day %s", (day) => {
    expect(() => siteWith([], { calendar: { holidays: [day] } })).toThrow("2026-10-01/2026-10-07");
  });
});
