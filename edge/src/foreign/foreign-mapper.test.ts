import type { SiteDevice } from "@gengfu/shared/model/site";
import { describe, expect, it, test } from "vitest";
import { ForeignMapper } from "./foreign-mapper.ts";
import { foreignSchema } from "./schema.ts";

const devices: SiteDevice[] = [
  {
    id: "pump",
    name: { zh: "泵", en: "Pump" },
    type: "other",
    measures: [
      { kind: "pressure" },
      { kind: "temperature", channel: "inlet" },
      { kind: "contact", channel: "running" },
      { kind: "count" },
      { kind: "level" },
    ],
  },
  { id: "reader", name: { zh: "读卡器", en: "Reader" }, type: "reader", measures: [{ kind: "tap" }] },
];

function mapper(bridge: object): ForeignMapper {
  const [config] = foreignSchema.parse([{ id: "plant", secret: "s", ...bridge }]);
  if (config === undefined) throw new Error("no bridge");
  return new ForeignMapper(config, devices);
}

function valueOf(value: object, payload: unknown): unknown {
  const one = mapper({ mappings: [{ topic: "plant/x", device: "pump", values: [value] }] });
  const { readings, broken } = one.map("plant/x", Buffer.from(JSON.stringify(payload)));
  return readings[0]?.message.value ?? broken[0]?.why.code;
}

describe("a mapping of one's own", () => {
  it.each([
    [{ path: "p", kind: "pressure", unit: "bar" }, { p: 2.5 }, 250],
    [{ path: "p", kind: "pressure", unit: "psi" }, { p: 100 }, 689.4757],
    [{ path: "p", kind: "pressure", unit: "hectopascals", offset: -101.325 }, { p: 1_013.25 }, 0],
    [{ path: "p", kind: "level", unit: "centimetres" }, { p: "152" }, 1.52],
    [{ path: "t", kind: "temperature", channel: "inlet", unit: "fahrenheit" }, { t: 212 }, 100],
    [{ path: "t", kind: "temperature", channel: "inlet", unit: "kelvin" }, { t: 273.15 }, 0],
    [{ path: "a.b.c", kind: "count" }, { a: { b: { c: 7 } } }, 7],
    [{ path: "n", kind: "count" }, { n: 7.5 }, "invalid_field"],
    [{ path: "p", kind: "pressure" }, { p: 1e9 }, "invalid_field"],
    [{ path: "p", kind: "pressure" }, { p: "1,5" }, "invalid_field"],
    [{ path: "p", kind: "pressure" }, { p: { q: 1 } }, "invalid_field"],
    [{ path: "p", kind: "pressure" }, { p: true }, "invalid_field"],
    [{ path: "t", kind: "temperature", channel: "inlet" }, { t: -127 }, "invalid_field"],
  ])("%j of %j is %j", (value, payload, expected) => {
    expect(valueOf(value, payload)).toBe(expected);
  });

  it.each([
    ["ON", {}, 1],
    ["off", {}, 0],
    ["CLOSED", {}, 1],
    ["Open", {}, 0],
    [true, {}, 1],
    [0, {}, 0],
    ["ON", { invert: true }, 0],
    [false, { invert: true }, 1],
    ["wet", { texts: { wet: true, dry: false } }, 1],
    ["dry", { texts: { wet: true, dry: false } }, 0],
    ["dry", { texts: { wet: true, dry: false }, invert: true }, 1],
    ["toString", {}, "invalid_field"],
    ["HOLD", {}, "invalid_field"],
    [2, {}, "invalid_field"],
    [[true], {}, "invalid_field"],
  ])("the contact %j by %j is %j", (payload, how, expected) => {
    const value = { path: "c", kind: "contact", channel: "running", ...how };
    expect(valueOf(value, { c: payload })).toBe(expected);
  });

  it("names the device by the topic, goes before the preset, and may leave what is of no interest", () => {
    const both = mapper({
      preset: "zigbee2mqtt",
      devices: { p1: "pump" },
      mappings: [
        { topic: "zigbee2mqtt/{device}/raw" },
        { topic: "plant/{device}/{name}", values: [{ kind: "pressure", channel: "-" }] },
      ],
    });
    expect(both.map("plant/p1/press", Buffer.from("12")).readings).toMatchObject([
      { device: "pump", message: { kind: "pressure", channel: null, value: 12 } },
    ]);
    expect(both.map("zigbee2mqtt/p1/raw", Buffer.from("{}"))).toMatchObject({ readings: [], unclaimed: undefined });
  });

  it("takes a card as it is written on readers of many makers", () => {
    const cards = mapper({
      mappings: [{ topic: "door/{device}/card", values: [{ path: "uid", kind: "tap" }] }],
      devices: { front: "reader" },
    });
    expect(cards.map("door/front/card", Buffer.from('{"uid":"04-a1-b2-c3"}')).readings).toMatchObject([
      { device: "reader", message: { kind: "tap", detail: { card: "04A1B2C3" } } },
    ]);
  });
});

describe("what can't be read", () => {
  const one = mapper({
    mappings: [{ topic: "plant/{device}", values: [{ path: "p", kind: "pressure" }] }],
    devices: { a: "pump" },
  });

  it("goes to quarantine where the device is known", () => {
    expect(one.map("plant/a", Buffer.from("{")).broken).toMatchObject([{ device: "pump", why: { code: "not_json" } }]);
    const large = Buffer.alloc(65 * 1024, 0x20);
    expect(one.map("plant/a", large).broken).toMatchObject([{ why: { code: "payload_too_large" } }]);
    const deep = Buffer.from("[".repeat(40));
    expect(one.map("plant/a", deep).broken).toMatchObject([{ why: { code: "not_json" } }]);
  });

  it("is nobody's where the device isn't, or the topic", () => {
    expect(one.map("plant/b", Buffer.from('{"p":1}')).unclaimed).toMatchObject({
      name: "b",
      reason: "unknown_device",
      seen: [{ name: "p", kind: "pressure" }],
    });
    expect(one.map("plant/b", Buffer.alloc(65 * 1024)).unclaimed).toMatchObject({ reason: "unknown_device" });
    expect(one.map("other/a", Buffer.from("1")).unclaimed).toMatchObject({ name: "other/a", reason: "no_mapping" });
  });

  it("is nothing at all where a retained message is taken back", () => {
    expect(one.map("plant/a", Buffer.alloc(0))).toMatchObject({ readings: [], broken: [], unclaimed: undefined });
  });
});

test("the schema names what is wrong", () => {
  const wrong = (bridge: object): string[] =>
    (foreignSchema.safeParse([{ id: "b", ...bridge }]).error?.issues ?? []).map(({ path }) => path.slice(1).join("."));
  expect(wrong({ preset: "tasmota" })).toEqual(["secret"]);
  expect(wrong({ secret: "s" })).toEqual(["preset"]);
  expect(wrong({ secret: "s", topics: ["gengfu/v1/#"] })).toEqual(["topics.0"]);
  // what YAML makes of an address without quotes
  expect(wrong({ secret: "s", preset: "zigbee2mqtt", devices: { 6066005677880260: "d" } })).toEqual(["devices"]);
  expect(wrong({ secret: "s", topics: ["a/#/b"] })).toEqual(["topics.0"]);
  expect(wrong({ secret: "s", mappings: [{ topic: "a/b", values: [{ kind: "level" }] }] })).toEqual([
    "mappings.0.topic",
  ]);
  expect(
    wrong({ secret: "s", mappings: [{ topic: "a/b", device: "d", values: [{ kind: "level", unit: "bar" }] }] }),
  ).toEqual(["mappings.0.values.0.unit"]);
});
