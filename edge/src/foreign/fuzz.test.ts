import { randomInt } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { SiteDevice } from "@gengfu/shared/model/site";
import { ManualClock } from "@gengfu/shared/time/clock";
import { unclaimedReport } from "@gengfu/shared/uplink-protocol";
import { expect, test } from "vitest";
import { ForeignMapper } from "./foreign-mapper.ts";
import { presetNames } from "./presets/presets.ts";
import { Proposer } from "./proposal.ts";
import { foreignSchema } from "./schema.ts";
import { Unclaimed } from "./unclaimed.ts";

const publishes = 100_000;
const growth_bytes_max = 16 * 1024 * 1024;

/** What bridges really say; the fuzz begins with these. */
const seeds: readonly (readonly [topic: string, payload: string])[] = [
  ["zigbee2mqtt/known", '{"contact":true,"battery":90,"voltage":3000,"last_seen":"2026-01-05T00:00:00Z"}'],
  ["zigbee2mqtt/known/availability", '{"state":"online"}'],
  ["zigbee2mqtt/bridge/state", "offline"],
  [
    "tele/known/SENSOR",
    '{"Time":"2026-01-05T08:00:00","DS18B20-1":{"Temperature":7.5},"ENERGY":{"Power":1},"TempUnit":"F"}',
  ],
  ["tele/known/LWT", "Online"],
  ["stat/known/POWER1", "ON"],
  ["known/sensor/supply/state", "71.25"],
  ["known/binary_sensor/flame/state", "ON"],
  ["shellies/known/relay/0", "on"],
  ["shellies/known/sensor/flood", "true"],
  ["known/events/rpc", '{"method":"NotifyStatus","params":{"ts":1767571200.5,"switch:0":{"output":true}}}'],
  ["known/status/temperature:0", '{"id":0,"tC":19.8,"tF":67.6}'],
  ["plant/known/data", '{"a":{"b":[1,2,3]},"p":2.5}'],
];
const bits = [
  "/",
  "//",
  "#",
  "+",
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  "null",
  "__proto__",
  "constructor",
  "1e999",
  "-0",
  "\0",
];
const more = [
  "known",
  "\u{1f525}",
  "\ud800",
  "门",
  ".",
  "..",
  "{device}",
  "toString",
  "hasOwnProperty",
  " ",
  "9".repeat(400),
];
const pieces = [...bits, ...more];

/** What is held after all garbage is gone, bytes. */
function held(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Numbers that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("a hundred thousand odd topics and payloads harm nothing", () => {
  const seed = Number(process.env["GENGFU_SEED"] ?? randomInt(2 ** 31));
  console.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const mutate = (text: string): string => {
    let odd = text;
    for (let times = below(4); times > 0; times--) {
      const at = below(odd.length + 1);
      odd = odd.slice(0, at) + (random() < 0.7 ? pick(pieces) : "") + odd.slice(at + below(5));
    }
    return odd;
  };
  const bytesOf = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    for (let times = below(3); times > 0 && bytes.length > 0; times--) bytes[below(bytes.length)] = below(256);
    return random() < 0.01 ? Buffer.alloc(70_000, bytes.length === 0 ? 0 : bytes) : bytes;
  };

  const device: SiteDevice = {
    id: "thing",
    name: { zh: "物", en: "Thing" },
    type: "other",
    measures: [
      { kind: "contact" },
      { kind: "temperature" },
      { kind: "temperature", channel: "supply" },
      { kind: "level", channel: "p" },
      { kind: "count" },
      { kind: "tap" },
      { kind: "status" },
    ],
  };
  const bridges = foreignSchema.parse([
    ...presetNames.map((preset) => ({ id: preset, secret: "s", preset, devices: { known: "thing" } })),
    {
      id: "own",
      secret: "s",
      devices: { known: "thing" },
      mappings: [
        { topic: "plant/{device}/{name}", values: [{ path: "{name}", unit: "bar", kind: "pressure", channel: "-" }] },
        { topic: "{device*}", values: [{ path: ["a.b.c", "card", ""], kind: "tap" }], time: "{name}.x" },
      ],
    },
  ]);
  const mappers = bridges.map((config) => new ForeignMapper(config, [device]));
  const unclaimed = new Unclaimed(new ManualClock(), new Proposer(bridges, [device]).propose);
  const outcomes = { readings: 0, broken: 0, unclaimed: 0, nothing: 0 };
  const fits = (topic: string): number =>
    mappers.findIndex((one) =>
      [undefined, "not_measured"].includes(one.map(topic, Buffer.from("{}")).unclaimed?.reason),
    );
  const round = (count: number): void => {
    for (let n = 0; n < count; n++) {
      const [topic, payload] = pick(seeds);
      const [odd, bytes] = [random() < 0.5 ? topic : mutate(topic), bytesOf(mutate(payload))];
      // mostly by a preset that knows it
      const which = random() < 0.2 ? below(mappers.length) : fits(topic);
      const mapped = (mappers[which] as ForeignMapper).map(odd, bytes);
      for (const { device: id, message } of mapped.readings) {
        expect(id).toBe("thing");
        if (message.value !== null) expect(Number.isFinite(message.value)).toBe(true);
      }
      outcomes.readings += mapped.readings.length;
      outcomes.broken += mapped.broken.length;
      if (mapped.unclaimed !== undefined) {
        outcomes.unclaimed += 1;
        unclaimed.publish({ via: bridges[which]?.id ?? "", topic: odd, payload: bytes, ...mapped.unclaimed });
      }
      if (mapped.readings.length + mapped.broken.length === 0 && mapped.unclaimed === undefined) outcomes.nothing += 1;
      if (n % 5_000 === 0) unclaimedReport.parse(JSON.parse(JSON.stringify(unclaimed.report())));
    }
  };
  round(publishes / 10);
  const before_bytes = held();
  round(publishes);
  const after_bytes = held();
  console.log(`${JSON.stringify(outcomes)}; grew by ${Math.round((after_bytes - before_bytes) / 1024)} KiB`);
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(1_000);
  expect(unclaimed.report().devices.length).toBeLessThanOrEqual(50);
  expect(after_bytes - before_bytes).toBeLessThan(growth_bytes_max);
}, 120_000);
