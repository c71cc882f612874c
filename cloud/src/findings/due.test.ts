import { describe, expect, it, test } from "vitest";
import { after, deadlines } from "./due.ts";
import { findingSettings } from "./settings.ts";

const court = { time_zone: "Asia/Shanghai" };
const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds;
const days = (working_days: number) => ({ working_days });

describe("a time limit in working days", () => {
  test.each([
    // found on a Monday morning: the seventh working day after it is Wednesday of the next week
    ["2026-01-05T08:00+08:00", 7, "2026-01-15T00:00+08:00"],
    ["2026-01-09T23:59+08:00", 1, "2026-01-13T00:00+08:00"],
    ["2026-01-10T12:00+08:00", 1, "2026-01-13T00:00+08:00"],
    // Sunday 23:30 in London is Monday in China
    ["2026-01-04T23:30Z", 1, "2026-01-07T00:00+08:00"],
  ])("that begins at %s, of %d, ends before %s", (from, count, end) => {
    expect(after(at(from), days(count), court)).toBe(at(end) - 1);
  });

  it("leaves out holidays and counts weekends on which people work", () => {
    const calendar = { holidays: ["2026-01-08"], workdays: ["2026-01-10"] };
    expect(after(at("2026-01-07T08:00+08:00"), days(2), { ...court, calendar })).toBe(at("2026-01-11T00:00+08:00") - 1);
  });

  it("ends before a midnight that is there, also where clocks are put forward at midnight", () => {
    const site = { time_zone: "America/Santiago" };
    // on 2026-09-06 the day begins at 01:00
    const end = after(at("2026-09-03T12:00-04:00"), days(1), { ...site, calendar: { holidays: [], workdays: [] } });
    expect(end).toBe(at("2026-09-05T00:00-04:00") - 1);
    const saturday = { holidays: [], workdays: ["2026-09-05"] };
    expect(after(at("2026-09-04T12:00-04:00"), days(1), { ...site, calendar: saturday })).toBe(
      at("2026-09-06T01:00-03:00") - 1,
    );
  });
});

describe("the deadlines by the contracts' figures", () => {
  const settings = findingSettings.parse({});
  const from = at("2026-01-05T08:00+08:00");

  it.each([
    ["urgent", "2026-01-06T08:00+08:00"],
    ["ordinary", "2026-01-07T08:00+08:00"],
    ["serious", "2026-01-14T23:59:59.999+08:00"],
  ] as const)("%s: %s", (grade, end) => {
    const { dueAt, proposalDueAt } = deadlines(settings, grade, from, court);
    expect([dueAt, proposalDueAt]).toEqual([at(end), at("2026-01-06T08:00+08:00")]);
  });

  it("are settings", () => {
    const own = findingSettings.parse({ due: { serious: "72h", ordinary: days(1) }, proposal_within: "2h" });
    expect(deadlines(own, "serious", from, court)).toEqual({
      dueAt: from + 72 * 3_600_000,
      proposalDueAt: from + 7_200_000,
    });
    expect(deadlines(own, "ordinary", from, court).dueAt).toBe(at("2026-01-06T23:59:59.999+08:00"));
    expect(findingSettings.safeParse({ due: { serious: days(0) } }).success).toBe(false);
  });
});
