import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dateOf, instantOf, nightWatch, startOfDay, startOfNextDay, wallTime } from "./zone.ts";

const hour_ms = 3_600_000;

describe("the calendar of the site's zone", () => {
  it("begins the day at the site's midnight, not at UTC's", () => {
    const at = Date.UTC(2026, 10, 20, 17, 30); // 01:30 on the 21st in Shanghai
    expect(startOfDay(at, "Asia/Shanghai")).toBe(Date.UTC(2026, 10, 20, 16));
    expect(dateOf(at, "Asia/Shanghai")).toBe("2026-11-21");
    expect(dateOf(at, "UTC")).toBe("2026-11-20");
  });

  it("knows days of 23 and 25 hours", () => {
    const spring = Date.UTC(2026, 2, 29, 12);
    const autumn = Date.UTC(2026, 9, 25, 12);
    expect(startOfNextDay(spring, "Europe/Berlin") - startOfDay(spring, "Europe/Berlin")).toBe(23 * hour_ms);
    expect(startOfNextDay(autumn, "Europe/Berlin") - startOfDay(autumn, "Europe/Berlin")).toBe(25 * hour_ms);
  });

  it("shows 0 o'clock as 0, never as 24", () => {
    expect(wallTime(Date.UTC(2026, 10, 20, 16, 0, 5), "Asia/Shanghai")).toMatchObject({ day: 21, hour: 0, second: 5 });
  });

  it("is read from fields of forms as the site's clock shows it", () => {
    const at = Date.UTC(2026, 10, 20, 17, 5);
    expect(instantOf("2026-11-21T01:05", "Asia/Shanghai")).toBe(at);
    expect([instantOf("", "UTC"), instantOf("soon", "UTC")]).toEqual([null, null]);
  });

  it("counts the watches of the night", () => {
    const watches = Array.from({ length: 24 }, (_, hour) => nightWatch(Date.UTC(2026, 0, 1, hour), "UTC"));
    expect(watches).toEqual([3, 4, 4, 5, 5, ...Array.from({ length: 14 }, () => null), 1, 1, 2, 2, 3]);
  });

  it("puts every instant into its own day", () => {
    const zones = fc.constantFrom("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "UTC");
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2020), max: Date.UTC(2035) }), zones, (at, zone) => {
        const start = startOfDay(at, zone);
        expect(start).toBeLessThanOrEqual(at);
        expect(startOfNextDay(at, zone)).toBeGreaterThan(at);
        expect(wallTime(start, zone)).toMatchObject({ hour: 0, minute: 0, second: 0 });
        expect(dateOf(start, zone)).toBe(dateOf(at, zone));
      }),
    );
  });
});
