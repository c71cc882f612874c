import type { Text } from "@gengfu/shared/model/text";
import { advice, broken, type CheckRule, type Problem } from "./finding.ts";

/** A value that is more likely a mistake than a measurement, and which mistake. */
interface Suspicion {
  readonly field: string;
  readonly isSuspect: (value: number) => boolean;
  /** Beyond doubt, as an error code of a sensor is. */
  readonly certain?: boolean;
  readonly advice: Text;
}

/**
 * What things on such sites measure: tanks of some metres, boilers below 130 degC and some bar. Values are looked at
 * whether or not they are within the contract's range, which is wider.
 */
const suspicions: readonly Suspicion[] = [
  {
    field: "metres",
    isSuspect: (value) => value > 20 && value <= 1_000,
    advice: { en: "Likely centimetres: divide by 100.", zh: "可能是厘米：请除以 100。" },
  },
  {
    field: "metres",
    isSuspect: (value) => value > 1_000,
    advice: { en: "Likely millimetres: divide by 1000.", zh: "可能是毫米：请除以 1000。" },
  },
  {
    field: "celsius",
    isSuspect: (value) => value === -127,
    certain: true,
    advice: {
      en: "This is what a DS18B20 library says without the sensor: check the wire, and leave the reading out.",
      zh: "这是 DS18B20 未接好时的返回值：请检查接线，并不要发送该读数。",
    },
  },
  {
    field: "celsius",
    isSuspect: (value) => value === 85,
    advice: {
      en: "Exactly 85 is what a DS18B20 says before its first conversion: wait 750 ms after asking it.",
      zh: "恰好 85 是 DS18B20 首次转换前的值：请求后请等待 750 毫秒。",
    },
  },
  {
    field: "celsius",
    isSuspect: (value) => value > 130 && value <= 1_300,
    advice: { en: "Likely tenths of a degree: divide by 10.", zh: "可能是 0.1 度：请除以 10。" },
  },
  {
    field: "celsius",
    isSuspect: (value) => value > 1_300,
    advice: { en: "Likely hundredths or thousandths of a degree.", zh: "可能是百分之一或千分之一度。" },
  },
  {
    field: "kilopascals",
    isSuspect: (value) => value > 2_000,
    advice: { en: "Likely pascals: divide by 1000.", zh: "可能是帕：请除以 1000。" },
  },
  {
    field: "kilopascals",
    isSuspect: (value) => value > 0 && value < 1,
    advice: { en: "Likely megapascals: multiply by 1000.", zh: "可能是兆帕：请乘以 1000。" },
  },
  {
    field: "kilopascals",
    isSuspect: (value) => value >= 1 && value < 12,
    advice: { en: "Likely bar: multiply by 100.", zh: "可能是 bar：请乘以 100。" },
  },
  {
    field: "battery_volts",
    isSuspect: (value) => value > 60,
    advice: { en: "Likely millivolts (divide by 1000) or a percentage.", zh: "可能是毫伏(除以 1000)或百分比。" },
  },
  {
    field: "rssi_dbm",
    isSuspect: (value) => value > 0,
    advice: {
      en: "A received signal is below 0 dBm: likely the sign is missing, or a percentage.",
      zh: "接收信号应小于 0 dBm：可能丢了负号，或是百分比。",
    },
  },
];

/** Runs faster than this many times real time: milliseconds. */
const uptime_ratio_max = 50;

export const unitRules: readonly CheckRule[] = [
  {
    id: "units",
    title: { en: "Values look like the contract's units.", zh: "数值与约定的单位相符。" },
    examine: ({ publishes, fresh }) => {
      const fields = new Set(suspicions.map(({ field }) => field));
      let seen = 0;
      const problems = publishes.flatMap(({ publish, fields: found }): Problem[] =>
        [...fields].flatMap((field): Problem[] => {
          const value = found[field];
          if (typeof value !== "number") return [];
          seen++;
          return suspicions
            .filter((suspicion) => suspicion.field === field && suspicion.isSuspect(value))
            .map(({ certain = false, advice: text }) => {
              const where = `${field} ${value} on ${publish.topic.slice(0, 120)}`;
              return certain ? broken(where, text) : advice(where, text);
            });
        }),
      );
      const uptimes = fresh.flatMap(({ publish: { at_ms }, message: { boot, detail } }) =>
        typeof detail?.["uptime_seconds"] === "number" ? [{ at_ms, boot, seconds: detail["uptime_seconds"] }] : [],
      );
      for (const [index, { at_ms, boot, seconds }] of uptimes.entries()) {
        const before = uptimes[index - 1];
        if (before === undefined || before.boot !== boot || at_ms - before.at_ms < 100) continue;
        const ratio = ((seconds - before.seconds) * 1_000) / (at_ms - before.at_ms);
        if (ratio < uptime_ratio_max) continue;
        problems.push(
          advice(`uptime_seconds ${before.seconds}, then ${seconds}`, {
            en: "It runs a thousand times too fast: likely milliseconds, divide millis() by 1000.",
            zh: "增长过快：可能是毫秒，请把 millis() 除以 1000。",
          }),
        );
      }
      return { seen: seen + uptimes.length, problems };
    },
  },
];
