import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rule as ruleSchema, type Rule } from "@gengfu/shared/model/rule";
import { readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { demoSiteFile } from "./generate.ts";
import { alarmOf, colours, silence_ms, thresholdsOf } from "./thresholds.ts";

const demo = readConfig(demoSiteFile, siteSchema);
const { bad, watch, good, neutral } = colours;

function siteWith(...rules: object[]): Site {
  return {
    ...demo,
    rules: rules.map((rule, index) => ruleSchema.parse({ id: `rule-${index}`, name: "rule", ...rule })),
  };
}

const tank = { device: "tank-fire", kind: "level", channel: null };

describe("the coloured bands of a series", () => {
  it("are red below a critical limit, orange until it clears, green beyond", () => {
    expect(thresholdsOf(demo, tank)).toEqual([
      { value: null, color: bad },
      { value: 1.5, color: watch },
      { value: 1.7, color: good },
    ]);
  });

  it("are orange from where an upper limit clears, red from the limit on", () => {
    expect(thresholdsOf(demo, { device: "boiler-1", kind: "temperature", channel: "supply" })).toEqual([
      { value: null, color: good },
      { value: 80, color: watch },
      { value: 85, color: bad },
    ]);
  });

  it("are neutral where no rule judges the series: no limit is not a good value", () => {
    const none = [{ value: null, color: neutral }];
    expect(thresholdsOf(demo, { device: "boiler-1", kind: "temperature", channel: "return" })).toEqual(none);
    expect(thresholdsOf(demo, { device: "boiler-1", kind: "pressure", channel: "supply" })).toEqual(none);
    expect(thresholdsOf(demo, { ...tank, device: "tank-domestic" })).toEqual(none);
  });

  it("join a warning within a critical limit, and limits on both ends", () => {
    const site = siteWith(
      { severity: "critical", when: { type: "below", kind: "level", limit: 1 } },
      { severity: "warning", when: { type: "below", kind: "level", device: "tank-fire", limit: 1.4, clear: 1.6 } },
      { severity: "critical", when: { type: "above", kind: "level", limit: 2.8 } },
    );
    expect(thresholdsOf(site, tank)).toEqual([
      { value: null, color: bad },
      { value: 1, color: watch },
      { value: 1.6, color: good },
      { value: 2.8, color: bad },
    ]);
  });

  it("agree with the rules at every value", () => {
    const limit = fc.integer({ min: -5, max: 5 });
    const anyRule = fc
      .record({
        severity: fc.constantFrom("critical", "warning", "info"),
        type: fc.constantFrom("above", "below"),
        limit,
        slack: fc.integer({ min: 0, max: 3 }),
      })
      .map(({ severity, type, limit, slack }) => {
        const clear = type === "above" ? limit - slack : limit + slack;
        return { severity, when: { type, kind: "level", limit, clear } };
      });
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1, maxLength: 5 }), limit, (rules, edge) => {
        const site = siteWith(...rules);
        const steps = thresholdsOf(site, tank);
        // between the edges, which are integers
        const value = edge + 0.5;
        const shown = steps.findLast((step) => step.value === null || step.value <= value)?.color;
        expect(shown).toBe(judged(site.rules, value));
        expect(steps.slice(1).map((step) => step.value)).toEqual(
          steps
            .slice(1)
            .map((step) => step.value)
            .toSorted((a, b) => Number(a) - Number(b)),
        );
      }),
    );
  });
});

/** The colour by the rules' own words. */
function judged(rules: readonly Rule[], value: number): string {
  let found: string = good;
  for (const { when, severity } of rules) {
    if (when.type !== "above" && when.type !== "below") continue;
    const beyond = (limit: number): boolean => (when.type === "above" ? value > limit : value < limit);
    if (beyond(when.limit) && severity === "critical") return bad;
    if (beyond(when.limit) || beyond(when.clear ?? when.limit)) found = watch;
  }
  return found;
}

describe("a contact's alarm", () => {
  const fire = { device: "fire-panel", kind: "contact", channel: "fire" };

  it("is what its rule fires on, as grave as the rule", () => {
    expect(alarmOf(demo, fire)).toEqual({ value: 1, severity: "critical" });
    expect(alarmOf(demo, { ...fire, channel: "fault" })).toEqual({ value: 1, severity: "warning" });
    const opening = siteWith({ severity: "warning", when: { type: "contact", device: "fire-panel", closed: false } });
    expect(alarmOf(opening, fire)).toEqual({ value: 0, severity: "warning" });
  });

  it("is the closed contact where no rule says", () => {
    expect(alarmOf(demo, { ...fire, channel: "mains" })).toEqual({ value: 1, severity: null });
  });
});

it("a line breaks after what the rule on silent devices says", () => {
  expect(silence_ms(demo)).toBe(600_000);
  expect(silence_ms(siteWith({ severity: "warning", when: { type: "device_silent", after: "3m" } }))).toBe(180_000);
  expect(silence_ms(siteWith())).toBe(600_000);
});
