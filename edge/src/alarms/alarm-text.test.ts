import { site as siteSchema } from "@gengfu/shared/model/site";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alarmText, backText, silentText } from "./alarm-text.ts";
import { alarmOf, siteWith } from "./fixture.ts";

const site = siteWith();
const at = Date.UTC(2026, 0, 1, 16, 0, 5);

describe("what is texted", () => {
  it("says where, what and when, by the site's clock", () => {
    expect(alarmText(site, [alarmOf({ at })])).toBe("【一中】火警:消防主机 00:00:05。云端失联,网关短信,请立即查看!");
  });

  it("is one for several, and says what is over", () => {
    const both = [alarmOf({ at, isCleared: true }), alarmOf({ at, id: "b", isCleared: true })];
    expect(alarmText(site, both)).toBe(
      "【一中】火警:消防主机等2处报警(已恢复) 00:00:05。云端失联,网关短信,请立即查看!",
    );
  });

  it("says that the cloud is gone and back", () => {
    expect(silentText(site, "gate", 600_000)).toBe(
      "【一中】网关主楼与云端失联已10分钟。火警等紧急报警改由网关短信通知。",
    );
    expect(backText(site, "gate")).toBe("【一中】网关主楼与云端恢复连接。");
  });

  it("fits into one text of 70 whatever things are called, and halves no character", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) => text.length <= 200);
    fc.assert(
      fc.property(name, name, name, name, fc.integer({ min: 1, max: 999 }), (zh, rule, device, gateway, count) => {
        const plain = siteWith();
        const named = siteSchema.safeParse({ ...plain, name: { zh, en: "a" } });
        const called = {
          ...(named.data ?? plain),
          rules: plain.rules.map((one) => ({ ...one, name: { zh: rule, en: "a" } })),
          devices: plain.devices.map((one) => ({ ...one, name: { zh: device, en: "a" } })),
          gateways: plain.gateways.map((one) => ({ ...one, name: { zh: gateway, en: "a" } })),
        };
        const alarms = Array.from({ length: count }, () => alarmOf({ at }));
        for (const text of [alarmText(called, alarms), silentText(called, "gate", 1e9), backText(called, "gate")]) {
          expect(text.length).toBeLessThanOrEqual(70);
          expect(text.isWellFormed()).toBe([zh, rule, device, gateway].every((one) => one.isWellFormed()));
        }
      }),
      { numRuns: 300 },
    );
  });
});
