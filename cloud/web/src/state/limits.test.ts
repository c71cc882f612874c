import { describe, expect, it } from "vitest";
import { aSite } from "./fixtures.ts";
import { brokenLimit, contactRule, limitsOf, scaleOf, shareOf } from "./limits.ts";

describe("limits", () => {
  const series = { device: "tank-fire", kind: "level", channel: null } as const;

  it("are those of the rules that concern the series", () => {
    expect(limitsOf(aSite.rules, series)).toEqual([
      { rule: "tank-low", severity: "critical", side: "below", value: 1.5 },
    ]);
    expect(limitsOf(aSite.rules, { ...series, device: "other" })).toEqual([]);
    expect(limitsOf(aSite.rules, { ...series, kind: "pressure" })).toEqual([]);
  });

  it("are broken beyond them, not on them, and the worst is told", () => {
    const limits = limitsOf(aSite.rules, series);
    expect(brokenLimit(limits, 1.5)).toBeNull();
    expect(brokenLimit(limits, 1.49)?.rule).toBe("tank-low");
    expect(brokenLimit([{ rule: "w", severity: "warning", side: "below", value: 2 }, ...limits], 1)?.rule).toBe(
      "tank-low",
    );
    expect(brokenLimit(limits, null)).toBeNull();
  });

  it("give the scale where the site does not", () => {
    const limits = limitsOf(aSite.rules, series);
    expect(scaleOf({ min: 0, max: 3 }, limits, 9)).toEqual([0, 3]);
    expect(scaleOf({ min: null, max: null }, limits, 2)).toEqual([0, 2.5]);
    expect(scaleOf({ min: 2, max: 2 }, [], null)).toEqual([2, 3]);
    expect([shareOf(-1, [0, 4]), shareOf(1, [0, 4]), shareOf(9, [0, 4])]).toEqual([0, 0.25, 1]);
  });

  it("say what a contact's state means", () => {
    expect(contactRule(aSite.rules, { device: "fire-panel", kind: "contact", channel: "fire" })).toEqual({
      severity: "critical",
      closed: true,
    });
    expect(contactRule(aSite.rules, { device: "fire-panel", kind: "contact", channel: "mains" })).toBeNull();
  });
});
