import { describe, expect, test } from "vitest";
import { dateAt, plannedRounds } from "./plan.ts";

type Day = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
const everyDay: Day[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const name = { zh: "主楼", en: "main" };
const route = (start: string, end: string, days: Day[] = everyDay) => ({
  id: "main",
  name,
  checkpoints: ["a"],
  ordered: false,
  rounds: [{ days, start, end }],
});
const plan = (date: string, zone: string, start: string, end: string, days?: Day[]) =>
  plannedRounds(route(start, end, days), Temporal.PlainDate.from(date), zone).map(({ window }) => [
    new Date(window.from).toISOString(),
    new Date(window.to).toISOString(),
  ]);

describe("windows", () => {
  test.each([
    ["a morning in China", "2026-01-05", "Asia/Shanghai", "06:30", "07:30", "2026-01-04T22:30", "2026-01-04T23:30"],
    ["across midnight", "2026-01-05", "Asia/Shanghai", "23:00", "01:00", "2026-01-05T15:00", "2026-01-05T17:00"],
    ["across the year", "2026-12-31", "Asia/Shanghai", "23:30", "00:30", "2026-12-31T15:30", "2026-12-31T16:30"],
    ["a whole day", "2026-01-05", "Asia/Shanghai", "08:00", "08:00", "2026-01-05T00:00", "2026-01-06T00:00"],
    ["winter", "2026-01-05", "Europe/Berlin", "06:00", "07:00", "2026-01-05T05:00", "2026-01-05T06:00"],
    ["summer", "2026-07-06", "Europe/Berlin", "06:00", "07:00", "2026-07-06T04:00", "2026-07-06T05:00"],
    [
      "over the hour that is skipped",
      "2026-03-29",
      "Europe/Berlin",
      "01:00",
      "04:00",
      "2026-03-29T00:00",
      "2026-03-29T02:00",
    ],
    [
      "in the hour that is skipped",
      "2026-03-29",
      "Europe/Berlin",
      "02:10",
      "02:50",
      "2026-03-29T01:10",
      "2026-03-29T01:50",
    ],
    [
      "over the hour that comes twice",
      "2026-10-25",
      "Europe/Berlin",
      "01:00",
      "04:00",
      "2026-10-24T23:00",
      "2026-10-25T03:00",
    ],
    [
      "at night into the skipped hour",
      "2026-03-28",
      "Europe/Berlin",
      "22:00",
      "06:00",
      "2026-03-28T21:00",
      "2026-03-29T04:00",
    ],
  ])("%s", (_, date, zone, start, end, from, to) => {
    expect(plan(date, zone, start, end)).toEqual([[`${from}:00.000Z`, `${to}:00.000Z`]]);
  });

  test("only on its weekdays; a night round belongs to the day on which it starts", () => {
    expect(plan("2026-01-09", "Asia/Shanghai", "23:00", "01:00", ["fri"])).toHaveLength(1);
    expect(plan("2026-01-10", "Asia/Shanghai", "23:00", "01:00", ["fri"])).toHaveLength(0);
  });
});

test("ids are made from the plan", () => {
  const [round] = plannedRounds(route("06:30", "07:30"), Temporal.PlainDate.from("2026-01-05"), "Asia/Shanghai");
  expect(round?.id).toBe("main:2026-01-05:0630-0730");
});

test("the date is the one that the zone has", () => {
  const lateEvening = Date.UTC(2026, 0, 5, 16, 30);
  expect(dateAt(lateEvening, "Asia/Shanghai").toString()).toBe("2026-01-06");
  expect(dateAt(lateEvening, "Europe/Berlin").toString()).toBe("2026-01-05");
});
