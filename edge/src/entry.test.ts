import { clockQualities, kinds } from "@gengfu/shared/model/reading";
import fc from "fast-check";
import { expect, it } from "vitest";
import { edgeEntryCodec, type EdgeEntry } from "./entry.ts";

it("brings entries back as they were", () => {
  const entries: EdgeEntry[] = [
    {
      device: "tank",
      kind: "level",
      channel: null,
      at: 5,
      receivedAt: 9,
      clock: "device",
      value: 1.25,
      detail: null,
      key: "1.2",
    },
    {
      device: "reader",
      kind: "tap",
      channel: "a",
      at: 1_780_000_000_000,
      receivedAt: 1_780_000_000_000,
      clock: "unsynchronised",
      value: null,
      detail: { card: "04A1", guard: "张伟" },
      key: null,
      sinceBoot: { boot: 281_474_976_710_655, ms: 4_711 },
    },
  ];
  expect(edgeEntryCodec.decode(edgeEntryCodec.encode(entries))).toEqual(entries);
  expect(edgeEntryCodec.decode(edgeEntryCodec.encode([]))).toEqual([]);
});

it("reads what earlier versions wrote", () => {
  const written = '{"version":1,"rows":[["tank","level",null,5,4,"device",1.25,null,"1.2"]]}';
  expect(edgeEntryCodec.decode(Buffer.from(written))).toMatchObject([{ device: "tank", receivedAt: 9, key: "1.2" }]);
});

it("brings back whatever an entry may hold", () => {
  const time = fc.oneof(
    fc.integer({ min: 1_780_000_000_000, max: 1_780_000_100_000 }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  );
  const value = fc.oneof(
    fc.integer({ min: -10_000, max: 10_000 }).map((hundredths) => hundredths / 100),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const entry = fc
    .record({
      device: fc.constantFrom("tank", "boiler-1", "t"),
      kind: fc.constantFrom(...kinds),
      channel: fc.constantFrom(null, "supply", "return", "null"),
      at: time,
      receivedAt: time,
      clock: fc.constantFrom(...clockQualities),
      value: fc.option(value),
      detail: fc.option(
        fc.dictionary(fc.string({ unit: "grapheme" }), fc.oneof(fc.string(), fc.boolean(), fc.integer())),
      ),
      key: fc.option(fc.string({ unit: "grapheme", maxLength: 80 })),
      sinceBoot: fc.option(fc.record({ boot: fc.nat(), ms: fc.nat({ max: 2 ** 40 }) })),
      mayRepeat: fc.option(fc.tuple(fc.nat(), fc.nat({ max: 2 ** 45 }))),
    })
    .map(({ sinceBoot, mayRepeat, ...rest }): EdgeEntry => ({
      ...rest,
      ...(sinceBoot === null ? {} : { sinceBoot }),
      ...(mayRepeat === null ? {} : { mayRepeat }),
    }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      // JSON knows no keys without a prototype
      const plain = structuredClone(entries);
      expect(edgeEntryCodec.decode(edgeEntryCodec.encode(entries))).toEqual(plain);
    }),
    { numRuns: 500 },
  );
});

it("takes few bytes for what devices send all day", () => {
  const entries = Array.from({ length: 1_000 }, (_, n): EdgeEntry => ({
    device: `d${n % 100}`,
    kind: "temperature",
    channel: "supply",
    at: 1_780_000_000_000 + n,
    receivedAt: 1_780_000_000_000 + n,
    clock: "synchronised",
    value: 61.25 + n / 100,
    detail: null,
    key: `17.${100_000 + n}`,
  }));
  expect(edgeEntryCodec.encode(entries).length / entries.length).toBeLessThan(25);
});

it("refuses what it did not write", () => {
  const bytes = edgeEntryCodec.encode([
    {
      device: "tank",
      kind: "tap",
      channel: null,
      at: 5,
      receivedAt: 9,
      clock: "device",
      value: null,
      detail: { card: "04" },
      key: "1.2",
    },
  ]);
  for (let length = 1; length < bytes.length; length++) {
    // an end where an entry could begin does not show
    if (length === 5 + Buffer.from(bytes).readUInt32LE(1)) continue;
    expect(() => edgeEntryCodec.decode(bytes.slice(0, length)), `cut at ${length}`).toThrow();
  }
});
