import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GengfuError } from "../errors.ts";
import { clockQualities, kinds, type NumberedReading } from "../model/reading.ts";
import { decodeBatch, encodeBatch, type BatchReading } from "./batch.ts";

const header = { gateway: "main-building", epoch: 4_711 };
const value = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -10_000, max: 10_000 }).map((whole) => whole / 100),
);
const sinceBoot = fc.option(
  fc.record({ boot: fc.constantFrom(0, 7, 2 ** 48 - 1), ms: fc.integer({ min: 0, max: 1e12 }) }),
  { nil: undefined },
);
const repeat = fc.option(
  fc.record({
    key: fc.constantFrom("3.7", "3.8", "12.4000000000", "pi#9", "1.2.3", "007.1", ""),
    mayRepeat: fc.option(fc.constantFrom<[number, number]>([8, 10_007], [9, 9])),
  }),
  { nil: undefined },
);
const reading = fc.record({
  device: fc.constantFrom("tank-fire", "boiler-1", "reader-lobby"),
  kind: fc.constantFrom(...kinds),
  channel: fc.constantFrom(null, "supply", "return"),
  at: fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }),
  receivedAt: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  clock: fc.constantFrom(...clockQualities),
  sinceBoot,
  repeat,
  value,
  detail: fc.oneof(
    fc.constant(null),
    fc.dictionary(fc.constantFrom("card", "guard", "firmware"), fc.oneof(fc.string(), fc.boolean(), fc.integer())),
  ),
});

describe("batch codec", () => {
  it("gives back what it was given, whatever that is", () => {
    const first = fc.integer({ min: 1, max: 1e12 });
    const name = fc.constantFrom("a", "Zx_-9fQ1");
    const run = fc.option(fc.record({ id: name, first: fc.constant(1), parent: fc.option(name) }), { nil: undefined });
    const about = fc.record({ backlog: fc.boolean(), run });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), first, about, (readings, least, told) => {
        const numbered: BatchReading[] = readings.map(({ sinceBoot, repeat, ...one }, index) => ({
          ...one,
          ...(sinceBoot === undefined ? {} : { sinceBoot }),
          ...(repeat === undefined ? {} : { repeat }),
          seq: least + 2 * index,
        }));
        const decoded = decodeBatch(encodeBatch({ ...header, ...told }, numbered));
        const positiveZero = (number: number | null): number | null => (number === 0 ? 0 : number);
        expect(decoded).toEqual({
          ...header,
          ...told,
          readings: numbered.map((one) => ({ ...header, ...one, value: positiveZero(one.value) })),
        });
      }),
      { numRuns: 300 },
    );
  });

  it("refuses a reading from before its run", () => {
    const one = { device: "d", kind: "level", channel: null, clock: "device", value: 1, detail: null } as const;
    const readings = [9, 10].map((seq) => ({ ...one, at: 1, receivedAt: 1, seq }));
    const encoded = (first: number): Uint8Array =>
      encodeBatch({ ...header, run: { id: "r", first, parent: "p" } }, readings);
    expect(decodeBatch(encoded(9)).readings).toHaveLength(2);
    expect(() => decodeBatch(encoded(10))).toThrow(/before its run/);
  });

  it("says of which boot readings are for a few bytes in all", () => {
    const readings = Array.from({ length: 1_000 }, (_, index): NumberedReading => {
      const ms = 9_000 + index * 250 + ((index * 31) % 7);
      const at = 946_684_800_000 + ms;
      return {
        seq: index + 1,
        device: "tank",
        kind: "level",
        channel: null,
        at,
        receivedAt: at,
        clock: "unsynchronised",
        sinceBoot: { boot: 2 ** 48 - 1, ms },
        value: 1,
        detail: null,
      };
    });
    const without = readings.map(({ sinceBoot: _sinceBoot, ...one }) => one);
    expect(encodeBatch(header, readings).length - encodeBatch(header, without).length).toBeLessThan(60);
  });

  it.each([
    { what: "each reading", isKeyed: false },
    { what: "each reading with the key of its publish", isKeyed: true },
  ])("takes under 4 bytes for $what in batches of 1,000 and under 10 in batches of 50", ({ isKeyed }) => {
    for (const [count, limit] of [
      [1_000, 4],
      [50, 10],
    ] as const) {
      const noise = (index: number): number => ((index * 7_919) % 31) / 100;
      const readings = Array.from({ length: count }, (_, index): BatchReading => {
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
          ...(isKeyed
            ? { repeat: { key: `${17 + (index % 4)}.${90_210 + Math.floor(index / 2)}`, mayRepeat: null } }
            : {}),
        };
      });
      const run = { id: "Zx_-9fQ1", first: 812_345, parent: "m3Kd07aB" };
      expect(encodeBatch({ ...header, run }, readings).length / count).toBeLessThan(limit);
    }
  });

  it("is of version 1, which older clouds know, unless it has keys", () => {
    const one: NumberedReading = {
      device: "d",
      kind: "level",
      channel: null,
      at: 1,
      receivedAt: 1,
      clock: "device",
      value: 1,
      detail: null,
      seq: 9,
    };
    expect(encodeBatch(header, [one])[0]).toBe(1);
    expect(encodeBatch(header, [one, { ...one, seq: 10, repeat: { key: "1.1", mayRepeat: null } }])[0]).toBe(2);
  });

  it("refuses keys that are not as many as the readings, or too long", () => {
    const frame = (keys: unknown): Uint8Array => {
      const series = { d: "d", k: "level", q: { d: [0, 1] }, t: [0, 2], r: [0, 2], v: [1, 2], w: keys };
      return Buffer.concat([
        Buffer.from([2, 0]),
        Buffer.from(JSON.stringify({ g: "g", e: 1, q: 1, t: 0, s: [series] })),
      ]);
    };
    expect(decodeBatch(frame({ p: ["a", "b"] })).readings.map(({ repeat }) => repeat?.key)).toEqual(["a", "b"]);
    expect(() => decodeBatch(frame({ p: ["a"] }))).toThrow(/not as many/);
    expect(() => decodeBatch(frame({ b: 1, s: [1, 2] }))).toThrow(/not as many/);
    expect(() => decodeBatch(frame({ b: [1, 2], s: [1, 10_000] }))).toThrow(/more than/);
    expect(() => decodeBatch(frame({ p: ["a", "b".repeat(257)] }))).toThrow(GengfuError);
  });

  it("refuses what it did not make with an error of its own, in bounded time and memory", () => {
    const whole = encodeBatch(
      header,
      Array.from({ length: 40 }, (_, index) => ({
        seq: index + 1,
        device: "tank-fire",
        kind: "level" as const,
        channel: null,
        at: 1_790_000_000_000 + index * index,
        receivedAt: 1_790_000_000_000,
        clock: "device" as const,
        value: index / 7,
        detail: null,
        repeat: {
          key: index < 20 ? `1.${index}` : `pi#${index}`,
          mayRepeat: index % 2 === 0 ? null : ([3, 9] as const),
        },
      })),
    );
    const expectOwnError = (bytes: Uint8Array): void => {
      try {
        decodeBatch(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(GengfuError);
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (flips) => {
          const bytes = Uint8Array.from(whole);
          for (const [index, byte] of flips) bytes[index] = byte;
          expectOwnError(bytes);
        },
      ),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const version of [1, 2]) {
          expectOwnError(Buffer.concat([Buffer.from([version, 0]), Buffer.from(JSON.stringify(json) ?? "")]));
        }
      }),
      { numRuns: 500 },
    );
    expectOwnError(new Uint8Array());
    expectOwnError(Buffer.from([1]));
  });

  it("refuses a column that claims more than it may, and a seq that stands twice", () => {
    const frame = (series: unknown): Uint8Array =>
      Buffer.concat([
        Buffer.from([1, 0]),
        Buffer.from(JSON.stringify({ g: "g", e: 1, q: 1, t: 0, s: [series, series] })),
      ]);
    const series = { d: "d", k: "level", q: { d: [0, 1] }, t: [0, 2], r: [0, 2], v: [1, 2] };
    expect(() => decodeBatch(frame(series))).toThrow(/a seq twice/);
    expect(() => decodeBatch(frame({ ...series, t: [0, 10_000] }))).toThrow(/more than/);
    expect(() => decodeBatch(frame({ ...series, v: 1 }))).toThrow(/different lengths/);
    expect(() => decodeBatch(Buffer.from([9, 0, 1]))).toThrow(/version 9/);
  });
});
