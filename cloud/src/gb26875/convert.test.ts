import type { Reading } from "@gengfu/shared/model/reading";
import { transmissionDevice } from "@gengfu/shared/model/gb26875";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { convert } from "./convert.ts";
import type { DataUnit } from "./data-unit.ts";
import { command, type Frame } from "./frame.ts";
import { frameKey } from "./frame-key.ts";
import { Moments } from "./moments.ts";
import { PartMap } from "./part-map.ts";
import { encodeDataUnit } from "./testing/encode-data-unit.ts";
import { timeTag } from "./time-tag.ts";
import { UnitMemory } from "./unit-memory.ts";

const zone = "Asia/Shanghai";
/** 2026-01-05 08:00:00 in China. */
const now = Date.UTC(2026, 0, 5, 0, 0);
const bit = (...bits: number[]): number => bits.reduce((sum, each) => sum | (1 << each), 0);
const at = (seconds: number): Uint8Array => timeTag(now + seconds * 1_000, zone);

const parts = new PartMap(
  "fire-unit",
  transmissionDevice.parse({
    address: 889,
    device: "unit",
    parts: [
      { system: 1, device: "fire-panel" },
      { system: 1, address: 1, zone: 3, number: 7, device: "boiler-room" },
      { system: 11, zone: 1, number: 1, device: "tank-fire" },
      { system: 11, zone: 1, number: 2, device: "boiler", channel: "supply" },
      { system: 11, zone: 1, number: 3, device: "gauge", factor: 0.1 },
    ],
  }),
);

let memory: UnitMemory;
beforeEach(() => (memory = new UnitMemory(parts.devices)));

function frameOf(data: Uint8Array, more: Partial<Frame> = {}): Frame {
  const addresses = { source: "79-03-00-00-00-00", destination: "38-5B-01-00-00-00" };
  return { serial: 1, version: [1, 1], sent: at(0), ...addresses, command: command.send, data, ...more };
}

/** What a data unit becomes; the log then has it. */
function take(unit: DataUnit | Uint8Array, more: Partial<Frame> & { receivedAt?: number } = {}): readonly Reading[] {
  const { receivedAt = now, ...rest } = more;
  const frame = frameOf(unit instanceof Uint8Array ? unit : encodeDataUnit(unit), rest);
  const moments = new Moments({ receivedAt, zone, sent: frame.sent, deviation_max_ms: 30_000 });
  const { readings } = convert(frame, { parts, memory, moments, zone });
  readings.forEach((reading, seq) => memory.take({ ...reading, gateway: "fire-unit", epoch: 1, seq }));
  return readings;
}

const smoke = { system: 1, address: 1, component: 40, zone: 10, number: 2 };
const callPoint = { system: 1, address: 1, component: 23, zone: 3, number: 7 };

function state(which: typeof smoke, bits: number, description = ""): DataUnit {
  return { kind: "component_state", objects: [{ ...which, state: bits, description, time: at(0) }] };
}

function panel(bits: number, seconds = 0): DataUnit {
  return { kind: "system_state", objects: [{ system: 1, address: 1, state: bits, time: at(seconds) }] };
}

/** The last value of each contact of a device. */
function closed(readings: readonly Reading[], device: string): Record<string, number | null> {
  return Object.fromEntries(
    readings.filter((each) => each.device === device).map(({ channel, value }) => [channel ?? "-", value]),
  );
}

describe("states", () => {
  test("every bit of a system is a contact of its own, named by what it means", () => {
    expect(closed(take(panel(bit(0, 1, 8, 11))), "fire-panel")).toEqual({
      normal: 1,
      fire: 1,
      fault: 0,
      disabled: 0,
      supervisory: 0,
      started: 0,
      feedback: 0,
      delayed: 0,
      mains: 1,
      battery: 0,
      bus: 0,
      mode: 1,
      "config-changed": 0,
      reset: 0,
    });
  });

  test("a system that no part names is the transmission device's", () => {
    const readings = take({ kind: "system_state", objects: [{ system: 16, address: 4, state: bit(1), time: at(0) }] });
    expect(closed(readings, "unit")["fire"]).toBe(1);
  });

  test("those of the transmission device itself", () => {
    const readings = take({ kind: "unit_state", objects: [{ state: bit(0, 3, 5), time: at(0) }] });
    expect(closed(readings, "unit")).toEqual({ normal: 1, fire: 0, fault: 0, mains: 1, battery: 0, link: 1, line: 0 });
  });

  test("a component that no part names is a device by its address, and its fire the panel's", () => {
    const readings = take(state(smoke, bit(1), "2F east"));
    expect(closed(readings, "fire-unit-1-1-10-2")).toMatchObject({ fire: 1, fault: 0, power: 0 });
    expect(closed(readings, "fire-panel")).toEqual({ fire: 1 });
    expect(readings.find(({ device }) => device === "fire-panel")?.detail).toMatchObject({
      part: "1-1-10-2",
      component: 40,
      description: "2F east",
    });
  });

  test("a component that a part names is that device, and its fire the panel's, too", () => {
    const readings = take(state(callPoint, bit(1)));
    expect(closed(readings, "boiler-room")["fire"]).toBe(1);
    expect(closed(readings, "fire-panel")).toEqual({ fire: 1 });
  });

  test("a channel stands before those of the states of one that shares a device", () => {
    const readings = take(state({ ...smoke, system: 11, zone: 1, number: 2 }, bit(2)));
    expect(closed(readings, "boiler")).toMatchObject({ "supply-fault": 1, "supply-fire": 0 });
  });
});

describe("a panel's contact is closed while any part behind it signals", () => {
  test("the end of one of two fires is told, and the panel's stays", () => {
    take(state(smoke, bit(1)));
    take(state(callPoint, bit(1)));
    const readings = take(state(smoke, bit(0)));
    const told = readings.find(({ device, channel }) => device === "fire-panel" && channel === "fire");
    expect(told).toMatchObject({ value: 1, detail: { part: "1-1-10-2", reported: 0 } });
    expect(closed(take(state(callPoint, bit(0))), "fire-panel")).toEqual({ fire: 0 });
  });

  test("a panel that says that there is no fire says so for its components", () => {
    take(state(smoke, bit(1)));
    take(state(callPoint, bit(1)));
    const readings = take(panel(bit(0)));
    expect(closed(readings, "fire-panel")["fire"]).toBe(0);
    expect(closed(readings, "boiler-room")).toEqual({ fire: 0 });
    expect(closed(readings, "fire-unit-1-1-10-2")).toEqual({ fire: 0 });
    expect(memory.contacts.saved).toEqual([]);
  });

  test("a reset ends what latches, and nothing of another system", () => {
    take(state(smoke, bit(1, 2)));
    take(state({ ...smoke, system: 10 }, bit(1)));
    const readings = take({
      kind: "system_operation",
      objects: [{ system: 1, address: 1, operation: bit(0), operator: 3, time: at(5) }],
    });
    expect(closed(readings, "fire-panel")).toMatchObject({ "op-reset": 1, "op-silence": 0, fire: 0 });
    expect(closed(readings, "fire-unit-1-1-10-2")).toEqual({ fire: 0 });
    expect(memory.contacts.has("fire-panel", "fault", "1-1-10-2")).toBe(true);
    expect(memory.contacts.has("unit", "fire", "10-1-10-2")).toBe(true);
  });

  test("the contacts that are remembered as closed are those that were last shown so", () => {
    const reports = fc.array(
      fc.oneof(
        fc
          .tuple(fc.constantFrom(smoke, callPoint, { ...smoke, number: 3 }), fc.nat(0x1_ff))
          .map(([which, bits]) => state(which, bits)),
        fc.nat(0x3f_ff).map((bits) => panel(bits)),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(reports, (units) => {
        memory = new UnitMemory(parts.devices);
        const last = new Map<string, number | null>();
        for (const unit of units) {
          for (const { device, channel, value } of take(unit)) last.set(`${device} ${channel}`, value);
        }
        const open = memory.contacts.saved.map(([key]) => key).toSorted();
        const shown = [...last].flatMap(([key, value]) => (value === 1 && !key.endsWith("normal") ? [key] : []));
        expect(shown.toSorted()).toEqual(open);
      }),
    );
  });
});

describe("values", () => {
  function value(quantity: number, raw: number, number = 1): Reading | undefined {
    const which = { system: 11, address: 1, component: 92, zone: 1, number };
    return take({ kind: "analogue_value", objects: [{ ...which, quantity, value: raw, time: at(0) }] })[0];
  }

  test.each([
    ["event count", 1, 12, { kind: "count", value: 12 }],
    ["height in cm", 2, 187, { kind: "level", value: 1.87 }],
    ["temperature in tenths", 3, -3, { kind: "temperature", value: -0.3 }],
    ["pressure in tenths of MPa", 4, 7, { kind: "pressure", value: 700 }],
    ["pressure in tenths of kPa", 5, 1_013, { kind: "pressure", value: 101.3 }],
    ["flow", 10, 125, { kind: "status", channel: "flow", value: null, detail: { flow_litres_per_second: 12.5 } }],
    ["one of nobody's", 99, -5, { kind: "status", channel: "quantity-99", detail: { quantity: 99, raw: -5 } }],
  ])("%s", (_, quantity, raw, expected) => {
    expect(value(quantity, raw)).toMatchObject({ device: "tank-fire", ...expected });
  });

  test("get the channel of one that shares a device, and the factor of one that has its own units", () => {
    expect(value(3, 655, 2)).toMatchObject({ device: "boiler", channel: "supply", value: 65.5 });
    expect(value(4, 65, 3)).toMatchObject({ device: "gauge", channel: null, value: 650 });
  });
});

describe("times", () => {
  const fault = bit(0, 2);

  test("are the object's own where they can be so", () => {
    expect(take(panel(fault, -95))[0]).toMatchObject({ at: now - 95_000, receivedAt: now, clock: "device" });
  });

  test.each([
    ["in the future", { time: at(3_600) }, {}],
    ["of a clock that was never set", { time: Uint8Array.of(0, 0, 0, 1, 1, 0) }, {}],
    ["that is none", { time: new Uint8Array(6) }, {}],
    ["of a device whose clock is wrong, as its frame says", { time: at(-3_600) }, { sent: at(-3_600) }],
  ])("one %s gives way to the time of arrival, and is kept", (_, { time }, more) => {
    const unit: DataUnit = { kind: "unit_state", objects: [{ state: fault, time }] };
    const [reading] = take(unit, more);
    expect(reading).toMatchObject({ at: now, receivedAt: now, clock: "synchronised" });
    expect(reading?.detail?.["told"]).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  test("don't put a report before one that came earlier, whatever the clock of the panel says", () => {
    take(panel(fault, -10));
    const late = take(panel(bit(0, 1), -3_600));
    expect(late.find(({ channel }) => channel === "fire")).toMatchObject({ value: 1, at: now - 10_000 });
    expect(closed(take(state(smoke, bit(1))), "fire-panel")).toEqual({ fire: 1 });
  });

  test("a clock that is a little ahead puts nothing into the future", () => {
    expect(take(panel(fault, 20), { sent: at(20) })[0]).toMatchObject({ at: now, clock: "device" });
  });
});

describe("texts and the rest", () => {
  test("versions, configurations and clocks are statuses", () => {
    const units: DataUnit[] = [
      { kind: "system_version", objects: [{ system: 1, address: 1, version: "2.7", time: undefined }] },
      { kind: "system_configuration", objects: [{ system: 1, address: 1, description: "8 loops", time: undefined }] },
      { kind: "component_configuration", objects: [{ ...smoke, description: "2F", time: undefined }] },
      { kind: "system_time", objects: [{ system: 1, address: 1, time: at(90) }] },
      { kind: "unit_version", objects: [{ version: "1.1", time: undefined }] },
      { kind: "unit_configuration", objects: [{ description: "4G", time: undefined }] },
      { kind: "unit_time", objects: [{ time: at(-2) }] },
    ];
    const readings = units.flatMap((unit) => take(unit));
    expect(readings).toMatchObject([
      { kind: "status", device: "fire-panel", channel: "version", detail: { firmware: "2.7" } },
      { kind: "status", device: "fire-panel", channel: "configuration", detail: { description: "8 loops" } },
      { kind: "status", device: "fire-unit-1-1-10-2", channel: "configuration", detail: { description: "2F" } },
      { kind: "status", device: "fire-panel", channel: "time", detail: { clock_ahead_seconds: 90 } },
      { kind: "status", device: "unit", channel: "unit-version", detail: { firmware: "1.1" } },
      { kind: "status", device: "unit", channel: "unit-configuration", detail: { description: "4G" } },
      { kind: "status", device: "unit", channel: "unit-time", detail: { clock_ahead_seconds: -2 } },
    ]);
  });

  test("an operation at the transmission device tells all its bits, with who did it", () => {
    const readings = take({ kind: "unit_operation", objects: [{ operation: bit(5), operator: 7, time: at(0) }] });
    expect(closed(readings, "unit")).toMatchObject({ "op-post-check": 1, "op-reset": 0, "op-manual-alarm": 0 });
    expect(readings[0]?.detail).toMatchObject({ operator: 7 });
  });

  test("what can't be decoded goes to quarantine with its bytes", () => {
    const [reading] = take(Uint8Array.of(150, 1, 0xab));
    expect(reading).toMatchObject({
      kind: "quarantine",
      device: "unit",
      detail: { topic: "gb26875/79-03-00-00-00-00/2", code: "undecodable", payload: "9601ab" },
    });
  });
});

describe("a frame is known again", () => {
  const timed = encodeDataUnit(panel(bit(1)));
  const untimed = Uint8Array.of(25, 1, 1, 1);

  test("by its serial and data, though it says another time of sending", () => {
    expect(frameKey(frameOf(timed, { sent: at(0) }))).toBe(frameKey(frameOf(timed, { sent: at(10) })));
  });

  test("without a time in its data by the time of sending, too", () => {
    expect(frameKey(frameOf(untimed, { sent: at(0) }))).not.toBe(frameKey(frameOf(untimed, { sent: at(10) })));
    const never = encodeDataUnit({ kind: "unit_state", objects: [{ state: 2, time: new Uint8Array(6) }] });
    expect(frameKey(frameOf(never, { sent: at(0) }))).not.toBe(frameKey(frameOf(never, { sent: at(10) })));
  });

  test("and not by another serial, command or data", () => {
    const key = frameKey(frameOf(timed));
    expect(frameKey(frameOf(timed, { serial: 2 }))).not.toBe(key);
    expect(frameKey(frameOf(timed, { command: command.reply }))).not.toBe(key);
    expect(frameKey(frameOf(encodeDataUnit(panel(bit(1), 1))))).not.toBe(key);
  });
});
