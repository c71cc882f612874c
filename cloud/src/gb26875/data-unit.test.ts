import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDataUnit, type DataUnit } from "./data-unit.ts";
import { postCheck, readUnit, setClock } from "./down-unit.ts";
import { FrameParser } from "./frame-parser.ts";
import { noData } from "./frame.ts";
import { encodeDataUnit } from "./testing/encode-data-unit.ts";
import { bytesOf, published, type PublishedFrame } from "./testing/published-frames.ts";
import { showTag, timeOf, timeTag } from "./time-tag.ts";

const zone = "Asia/Shanghai";

function dataOf(which: PublishedFrame): Uint8Array {
  const [found] = new FrameParser().push(bytesOf(which));
  return found?.kind === "frame" ? found.frame.data : noData;
}

/** 2012-09-26 09:58:02 in China, which most of the published frames say. */
const published_at = Uint8Array.of(2, 58, 9, 26, 9, 12);

describe("published frames say", () => {
  const component = { system: 1, address: 1, state: 2 };
  test.each([
    [
      "smoke",
      "component_state",
      { ...component, component: 40, zone: 10, number: 2, description: "", time: published_at },
    ],
    [
      "describedSmoke",
      "component_state",
      { system: 1, address: 3, component: 0, zone: 217, number: 6, state: 2, description: "Ａ区１层呷哺走廊" },
    ],
    [
      "photoelectric",
      "component_state",
      { ...component, component: 42, zone: 1, number: 1, description: "1号接口板1回路1号" },
    ],
    ["mainsFault", "unit_state", { state: 1 << 3, time: published_at }],
    ["postCheckAnswer", "unit_operation", { operation: 1 << 5, operator: 1, time: published_at }],
    ["silenced", "unit_operation", { operation: 1 << 1, operator: 0 }],
    ["resetOperation", "unit_operation", { operation: 1 << 0, operator: 0 }],
    ["unitVersion", "unit_version", { version: "1.1", time: undefined }],
    ["unitTime", "unit_time", { time: published_at }],
  ] as const)("%s: %s", (name, kind, object) => {
    expect(decodeDataUnit(dataOf(published[name]))).toMatchObject({ kind, objects: [object] });
  });

  test("what the centre sends is what was published", () => {
    expect(readUnit("state")).toEqual(dataOf(published.readState));
    expect(readUnit("version")).toEqual(dataOf(published.readVersion));
    expect(readUnit("time")).toEqual(dataOf(published.readTime));
    expect(setClock(published_at)).toEqual(dataOf(published.setClock));
    expect(postCheck(10)).toEqual(dataOf(published.postCheck));
  });
});

const byte = fc.nat(255);
const word = fc.nat(0xff_ff);
const time = fc.option(fc.uint8Array({ minLength: 6, maxLength: 6 }), { nil: undefined });
const noTime = fc.constant(undefined);
const text = (maxLength: number) => fc.stringMatching(/^[!-~]*$/, { maxLength }).map((it) => it.slice(0, maxLength));
const version = fc.tuple(byte, byte).map(([major, minor]) => `${major}.${minor}`);
const system = { system: byte, address: byte };
const component = { ...system, component: byte, zone: word, number: word };

/** Objects of one data unit all have a time, or none has. */
function unitOf(kind: DataUnit["kind"], body: Record<string, fc.Arbitrary<unknown>>, times = time) {
  return times.chain((first) => {
    const each = fc.record({
      ...body,
      time: first === undefined ? noTime : fc.uint8Array({ minLength: 6, maxLength: 6 }),
    });
    return fc.array(each, { minLength: 1, maxLength: 3 }).map((objects) => ({ kind, objects }) as DataUnit);
  });
}

const someUnit = fc.oneof(
  unitOf("system_state", { ...system, state: word }),
  unitOf("component_state", { ...component, state: word, description: text(31) }),
  unitOf("analogue_value", { ...component, quantity: byte, value: fc.integer({ min: -32_768, max: 32_767 }) }),
  unitOf("system_operation", { ...system, operation: byte, operator: byte }),
  unitOf("system_version", { ...system, version }),
  unitOf("system_configuration", { ...system, description: text(200) }, noTime),
  unitOf("component_configuration", { ...component, description: text(31) }),
  unitOf("system_time", system),
  unitOf("unit_state", { state: byte }),
  unitOf("unit_operation", { operation: byte, operator: byte }),
  unitOf("unit_version", { version }),
  unitOf("unit_configuration", { description: text(200) }, noTime),
);

test("every data unit comes back as it went", () => {
  fc.assert(
    fc.property(someUnit, (unit) => {
      expect(decodeDataUnit(encodeDataUnit(unit))).toEqual(unit);
    }),
  );
});

test("whatever bytes there are, decoding ends with a unit or a reason", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_024 }), fc.nat(30), (bytes, type) => {
      if (bytes.length > 0) bytes[0] = type;
      const unit = decodeDataUnit(bytes);
      if (unit.kind === "undecodable") expect(unit.reason).not.toBe("");
      else expect(unit.objects.length).toBe(bytes[1]);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["no data", [], "too few"],
  ["a type of nobody's", [150, 1, 0], "type 150"],
  ["no objects", [21, 0], "0 objects"],
  ["fewer bytes than objects", [1, 2, 1, 1, 2, 0, 0, 0, 0, 1, 1, 20], "2 objects of 4 bytes"],
  ["a text beyond the data", [26, 1, 9, 65], "beyond the data"],
  ["bytes behind a text", [26, 1, 1, 65, 66], "1 bytes behind"],
])("%s is refused with the reason", (_, bytes, reason) => {
  const unit = decodeDataUnit(Uint8Array.from(bytes));
  expect(unit.kind === "undecodable" && unit.reason).toContain(reason);
});

describe("times", () => {
  test("are by the wall clock of the site's zone", () => {
    expect(timeOf(published_at, zone)).toBe(Date.UTC(2012, 8, 26, 1, 58, 2));
    expect(timeTag(Date.UTC(2012, 8, 26, 1, 58, 2, 999), zone)).toEqual(published_at);
    expect(showTag(published_at)).toBe("2012-09-26 09:58:02");
  });

  test.each([
    ["zeros", [0, 0, 0, 0, 0, 0]],
    ["a 30th of February", [0, 0, 0, 30, 2, 24]],
    ["a 60th second", [60, 0, 0, 1, 1, 24]],
    ["a 24th hour", [0, 0, 24, 1, 1, 24]],
    ["bytes beyond a century", [0, 0, 0, 1, 1, 100]],
    ["BCD", [0x37, 0x30, 0x09, 0x26, 0x09, 0x99]],
  ])("%s are none", (_, bytes) => {
    expect(timeOf(Uint8Array.from(bytes), zone)).toBeUndefined();
  });
});
