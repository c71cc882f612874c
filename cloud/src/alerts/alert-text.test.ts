import type { Effect } from "@gengfu/shared/rules/effect";
import { rule as ruleSchema } from "@gengfu/shared/model/rule";
import { describe as suite, expect, it } from "vitest";
import { describe, joined, siteTime } from "./alert-text.ts";
import { demoSite, start } from "./fixture.ts";

const effect: Effect = {
  kind: "raise",
  alert: "a",
  site: demoSite.id,
  rule: "r",
  gateway: "main-building",
  device: "boiler-1",
  measure: "temperature",
  channel: "supply",
  onset: start,
  at: start,
  value: 86.254,
};

const tell = (when: object, about: Partial<Effect>): string =>
  joined(
    describe(demoSite, ruleSchema.parse({ id: "r", name: { zh: "规则", en: "Rule" }, severity: "warning", when }), {
      ...effect,
      ...about,
    }),
  );

suite("what people read", () => {
  it.each<[object, Partial<Effect>, string]>([
    [
      { type: "above", kind: "temperature", limit: 85 },
      {},
      "规则：1 号取暖锅炉 出水温度 86.25 °C，高于 85 °C / Rule: Heating boiler 1, Supply temperature 86.25 °C, above 85 °C",
    ],
    [
      { type: "below", kind: "pressure", limit: 100 },
      { measure: "pressure", channel: null, value: 90 },
      "规则：1 号取暖锅炉 压力 90 kPa，低于 100 kPa / Rule: Heating boiler 1, Pressure 90 kPa, below 100 kPa",
    ],
    [
      { type: "contact", closed: false },
      { device: "fire-panel", measure: "contact", channel: "mains", value: 0 },
      "规则：消防控制主机 主电故障触点断开 / Rule: Fire panel, Mains fault contact open",
    ],
    [
      { type: "contact" },
      { device: "fire-panel", measure: "contact", channel: "unnamed", value: 1 },
      "规则：消防控制主机 unnamed触点闭合 / Rule: Fire panel, unnamed contact closed",
    ],
    [
      { type: "gateway_silent", after: "2m" },
      { device: null, measure: null, channel: null, value: null },
      "规则：主楼网关 自 2026-01-01 08:00:00 起无数据 / Rule: Main building, no data since 2026-01-01 08:00:00",
    ],
  ])("of %j", (when, about, message) => {
    expect(tell(when, about)).toBe(message);
  });

  it("is one text where both languages are the same", () => {
    expect(joined({ zh: "A", en: "A" })).toBe("A");
  });

  it("has times by the site's clock, 24 h", () => {
    expect(siteTime(demoSite, Date.UTC(2026, 5, 30, 16, 0, 9))).toBe("2026-07-01 00:00:09");
    expect(siteTime({ time_zone: "Europe/Berlin" }, Date.UTC(2026, 5, 30, 16, 0, 9))).toBe("2026-06-30 18:00:09");
  });
});
