import { describe, expect, it } from "vitest";
import { createFormat } from "./format.ts";

const zh = createFormat("zh", "Asia/Shanghai");
const en = createFormat("en", "Asia/Shanghai");
const plain = (text: string): string => text.replaceAll("\u00a0", " ");
const at = Date.UTC(2026, 10, 20, 16, 3, 9);

describe("format", () => {
  it("gives every quantity its unit", () => {
    expect(plain(zh.quantity("level", 1.417))).toBe("1.42 m");
    expect(plain(en.quantity("temperature", 85.25))).toBe("85.3 °C");
    expect(plain(zh.quantity("pressure", 1180))).toBe("1,180 kPa");
    expect(plain(zh.quantity("count", 22000))).toBe("22,000 次");
    expect(zh.quantity("level", null)).toBe("–");
  });

  it("shows what rounds to nothing as 0, never as -0", () => {
    expect(plain(en.quantity("temperature", -0.04))).toBe("0.0 °C");
    expect(plain(en.quantity("temperature", -0.06))).toBe("-0.1 °C");
  });

  it("shows times in the site's zone on a 24 h clock", () => {
    expect(zh.time(at)).toBe("00:03:09");
    expect(en.minute(at)).toBe("00:03");
    expect(zh.weekday(at)).toBe("周六");
    expect(en.weekday(at)).toBe("Sat");
  });

  it("adds the date to a moment that is not of today", () => {
    expect(zh.moment(at, at + 60_000)).toBe("00:03:09");
    expect(zh.moment(at, at + 86_400_000)).toBe("11-21 00:03");
  });

  it.each([
    [-5, "0 s", "0 秒"],
    [59_999, "59 s", "59 秒"],
    [192_000, "3 min 12 s", "3 分 12 秒"],
    [7_500_000, "2 h 05 min", "2 小时 05 分"],
    [357_000_000, "4 d 3 h", "4 天 3 小时"],
  ])("says %d ms as %s", (span_ms, english, chinese) => {
    expect(plain(en.duration(span_ms))).toBe(english);
    expect(plain(zh.duration(span_ms))).toBe(chinese);
  });
});
