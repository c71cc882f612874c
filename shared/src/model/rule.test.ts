import { describe, expect, it } from "vitest";
import { siteWith } from "../rules/fixture.ts";
import { site } from "./site.ts";

const court = { id: "court", name: "Court", gateways: [{ id: "gw", name: "Gateway", secret: "x" }] };

const rule = (when: object, about: object = {}): object => ({
  id: "r",
  name: "R",
  severity: "warning",
  when,
  ...about,
});
const fire = { type: "contact", device: "panel", channel: "fire" };
const low = { type: "below", kind: "level", device: "tank", limit: 1 };
const away = { type: "contact", device: "panel", channel: "nowhere" };

/** Where a rule is refused. */
function refused(one: object): string[] {
  try {
    siteWith([one]);
    return [];
  } catch (error) {
    const issues = (error as { issues: { path: PropertyKey[] }[] }).issues;
    return issues.map(({ path }) => path.slice(2).join("."));
  }
}

describe("a rule", () => {
  it.each<[string, object]>([
    ["on a channel that a device may bring up", rule(away)],
    [
      "on other conditions, in each other",
      rule({ type: "all", of: [fire, { type: "not", of: { type: "any", of: [low, fire] } }] }),
    ],
    [
      "with all that rules may have",
      rule(fire, { unless: [low], active: { months: [1] }, settle: "5s", keep: "1m", tell_late: true }),
    ],
    [
      "on silence, kept and rising",
      rule({ type: "gateway_silent", after: "2m" }, { keep: "1m", rises: [{ after: "1m", to: "critical" }] }),
    ],
  ])("%s is one", (_, one) => {
    expect(refused(one)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["whose range is upside down", rule({ type: "range", kind: "level", low: 2, high: 1 }), "when.high"],
    [
      "whose margin leaves nothing of the range",
      rule({ type: "range", kind: "level", low: 1, high: 2, margin: 0.5 }),
      "when.margin",
    ],
    ["that clears above its limit", rule({ type: "above", kind: "level", limit: 1, clear: 2 }), "when.clear"],
    [
      "that clears below its limit, within others",
      rule({ type: "any", of: [fire, { ...low, clear: 0.5 }] }),
      "when.of.1.clear",
    ],
    [
      "that clears at a greater change",
      rule({ type: "falls", kind: "level", by: 1, within: "1h", clear: 2 }),
      "when.clear",
    ],
    ["on silence with a schedule", rule({ type: "device_silent", after: "1m" }, { active: { months: [1] } }), "active"],
    [
      "whose steps do not rise",
      rule(fire, {
        rises: [
          { after: "2m", to: "info" },
          { after: "1m", to: "critical" },
        ],
      }),
      "rises.1.after",
    ],
    ["on a device that is not there", rule({ type: "all", of: [fire, { ...low, device: "ghost" }] }), "when.of"],
    ["quiet by a device that is not there", rule(fire, { unless: [{ ...fire, device: "ghost" }] }), "unless"],
    ["that would be mute, since nobody lists its series", rule({ type: "all", of: [fire, away] }), "when"],
    ["that would never be quiet", rule(fire, { unless: [away] }), "unless.0"],
    [
      "with a memory, on a series that nobody lists",
      rule({ ...away, type: "chatter", times: 3, within: "1m" }),
      "when",
    ],
    ["on a silence that nobody lists", rule({ type: "series_silent", kind: "pressure", after: "1h" }), "when"],
  ])("%s is refused, by its place", (_, one, place) => {
    expect(refused(one)).toEqual([place]);
  });

  it("that looks at too many series at once is refused", () => {
    const measures = Array.from({ length: 101 }, (_, index) => ({ kind: "temperature", channel: `t${index}` }));
    const devices = [{ id: "many", name: "Many", secret: "x", measures }];
    const hot = { type: "above", kind: "temperature", device: "many", limit: 30 };
    const build = (one: object): unknown => site.parse({ ...court, devices, rules: [one] });
    expect(() => build(rule({ type: "any", of: [hot, hot] }))).toThrow("no more than 100 series together, not at 202");
    expect(() => build(rule(hot, { keep: "1m", active: { months: [1] } }))).not.toThrow();
  });
});
