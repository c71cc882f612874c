/** (e) Bytes for each reading on the uplink, beside plain JSON. */
import { encodeBatch } from "@gengfu/shared/codec/batch";
import type { NumberedReading } from "@gengfu/shared/model/reading";
import type { Section } from "./report.ts";

/** Readings as a site has them: two tanks and a boiler with two temperatures, every second or so, with noise. */
function siteReadings(count: number): NumberedReading[] {
  const noise = (index: number): number => ((index * 7_919) % 31) / 100;
  return Array.from({ length: count }, (_, index) => {
    const boiler = index % 4 > 1;
    const at = 1_790_000_000_000 + index * 250 + ((index * 31) % 7);
    return {
      seq: 1_000_000 + index,
      device: boiler ? "boiler-1" : index % 4 === 0 ? "tank-fire" : "tank-domestic",
      kind: boiler ? "temperature" : "level",
      channel: boiler ? (index % 4 === 2 ? "supply" : "return") : null,
      at,
      receivedAt: at,
      clock: "synchronised",
      value: Math.round(100 * (boiler ? 60 + 10 * Math.sin(index / 40) + noise(index) : 2 + noise(index))) / 100,
      detail: null,
    } satisfies NumberedReading;
  });
}

export function bytes(): Section {
  const run = { id: "Zx_-9fQ1", first: 812_345, parent: "m3Kd07aB" };
  const header = { gateway: "main-building", epoch: 62_317_426_500_771, run };
  const each = (count: number): number => encodeBatch(header, siteReadings(count)).length / count;
  const json = Buffer.byteLength(JSON.stringify(siteReadings(1_000))) / 1_000;
  const row = (count: number, target: number) => ({
    what: `in batches of ${count.toLocaleString("en")}`,
    value: `${each(count).toFixed(2)} (${(json / each(count)).toFixed(0)} times smaller than JSON)`,
    target: `under ${target}`,
    reached: each(count) < target,
  });
  return {
    title: "Bytes for each reading on the uplink",
    command: "npm run bench -- bytes",
    rows: [
      { what: "plain JSON", value: json.toFixed(1), target: "", reached: null },
      row(1_000, 4),
      row(50, 10),
      { what: "a single event", value: each(1).toFixed(0), target: "", reached: null },
    ],
    notes: ["Payload of the MQTT packet; its header and topic add about 50 bytes a batch."],
  };
}
