import { afterEach, beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import { kinds, type Kind, type StoredReading } from "@gengfu/shared/model/reading";
import type { ReadingRow, Store } from "./store.ts";

export interface StoreUnderTest {
  /** An empty store. */
  open(): Promise<Store> | Store;
  /** What `readings` gives back of a reading: all of it, or what the store's points tell. */
  kept(reading: StoredReading): ReadingRow;
  /** Whether kinds quarantine and gap are kept at all. */
  readonly keepsAsides: boolean;
}

const start = Date.UTC(2026, 2, 1);
let seq = 0;

/** A reading as plain as it gets; every one has another seq. */
export function readingWith(part: Partial<StoredReading>): StoredReading {
  seq += 1;
  return {
    gateway: "main-building",
    epoch: 7,
    seq,
    device: "tank-fire",
    kind: "level",
    channel: null,
    at: start,
    receivedAt: (part.at ?? start) + 40,
    clock: "synchronised",
    value: 1.5,
    detail: null,
    ...part,
  };
}

/** What every store must do; run on each implementation. */
export function storeContract(name: string, subject: StoreUnderTest): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await subject.open();
    });
    afterEach(() => store.close());

    const write = async (...readings: StoredReading[]): Promise<void> => {
      expect((await store.write(readings)).rejected).toEqual([]);
    };
    const kept = (readings: StoredReading[]): ReadingRow[] => readings.map((reading) => subject.kept(reading));

    it("has nothing at first", async () => {
      expect(await store.readings({})).toEqual([]);
      expect(await store.series({ kind: "level", from: start, to: start + 1_000, every: 100 })).toEqual([]);
    });

    it("gives back what was written, newest first over all series", async () => {
      const readings = [
        readingWith({ at: start + 3, channel: "supply", kind: "temperature", value: 71.25 }),
        readingWith({ at: start + 1, gateway: "tribunal-2" }),
        readingWith({ at: start + 4, kind: "contact", channel: "fire", device: "fire-panel", value: 1 }),
        readingWith({ at: start + 2, kind: "state", value: 0 }),
        readingWith({
          at: start,
          kind: "tap",
          device: "reader-lobby",
          value: null,
          detail: { card: "04A1B2C3D4E580" },
        }),
        readingWith({ at: start - 1, kind: "status", value: null, detail: { battery_volts: 3.5, firmware: "1.0.2" } }),
        readingWith({ at: start - 2, kind: "count", device: "screening-gate", value: 22_000 }),
      ];
      await write(...readings);
      expect(await store.readings({})).toEqual(kept(readings.toSorted((a, b) => b.at - a.at)));
    });

    it("filters by kind, device and channel", async () => {
      const supply = readingWith({ kind: "temperature", device: "boiler-1", channel: "supply", at: start + 2 });
      const back = readingWith({ kind: "temperature", device: "boiler-1", channel: "return", at: start + 1 });
      const pressure = readingWith({ kind: "pressure", device: "boiler-1", value: 180 });
      const level = readingWith({});
      await write(supply, back, pressure, level);
      expect(await store.readings({ device: "boiler-1" })).toEqual(kept([supply, back, pressure]));
      expect(await store.readings({ kind: "temperature" })).toEqual(kept([supply, back]));
      expect(await store.readings({ kind: "temperature", channel: "return" })).toEqual(kept([back]));
      expect(await store.readings({ kind: "pressure", device: "tank-fire" })).toEqual([]);
    });

    it("takes the beginning of a span and leaves its end", async () => {
      const readings = [0, 1, 2, 3].map((at) => readingWith({ at: start + at }));
      await write(...readings);
      expect(await store.readings({ from: start + 1, to: start + 3 })).toEqual(
        kept([readings[2] as StoredReading, readings[1] as StoredReading]),
      );
    });

    it("gives the newest 1,000 unless told otherwise", async () => {
      const readings = Array.from({ length: 1_100 }, (_, index) =>
        readingWith({ at: start + index, device: `tank-${index % 3}` }),
      );
      await write(...readings);
      expect((await store.readings({})).map(({ at }) => at)).toEqual(
        Array.from({ length: 1_000 }, (_, index) => start + 1_099 - index),
      );
      expect((await store.readings({ limit: 2 })).map(({ at }) => at)).toEqual([start + 1_099, start + 1_098]);
      expect(await store.readings({ limit: 1_000_000 })).toHaveLength(1_100);
    });

    it("keeps readings of a series that share a millisecond, newer seqs first", async () => {
      const readings = [1, 2, 3].map((value) => readingWith({ value }));
      await write(...readings);
      expect((await store.readings({})).map(({ value }) => value)).toEqual([3, 2, 1]);
    });

    it("is not changed by what is written again", async () => {
      const readings = Array.from({ length: 50 }, (_, index) =>
        readingWith({ at: start + (index % 7), device: `tank-${index % 2}`, value: index }),
      );
      await write(...readings);
      const before = await store.readings({});
      await write(...readings.slice(10, 30).toReversed());
      await write(...readings);
      expect(await store.readings({})).toEqual(before);
      expect(before).toHaveLength(50);
      const [point] = await store.series({ kind: "level", from: start, to: start + 1_000, every: 10_000 });
      expect(point?.count).toBe(50);
    });

    it("gives buckets with min, mean, max and count, at multiples of their length", async () => {
      const values: [number, number][] = [
        [0, 1],
        [10, 2],
        [99, 6],
        [100, 5],
        [350, -1],
      ];
      await write(...values.map(([after, value]) => readingWith({ at: start + after, value })));
      await write(readingWith({ at: start + 20, device: "tank-domestic", value: 100 }));
      const query = { kind: "level", device: "tank-fire", from: start + 5, to: start + 1_000, every: 100 } as const;
      expect(await store.series(query)).toEqual([
        { at: start, min: 2, mean: 4, max: 6, count: 2 },
        { at: start + 100, min: 5, mean: 5, max: 5, count: 1 },
        { at: start + 300, min: -1, mean: -1, max: -1, count: 1 },
      ]);
      const both = await store.series({ kind: "level", from: start, to: start + 100, every: 1_000 });
      expect(both).toEqual([{ at: start, min: 1, mean: 27.25, max: 100, count: 4 }]);
      expect(await store.series({ ...query, to: start + 350, every: 1_000 })).toMatchObject([{ count: 3, max: 6 }]);
    });

    it("buckets of any data are what a plain sum over it says", async () => {
      let round = 0;
      const span = 10_000;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ after: fc.nat(span), value: fc.integer({ min: -1_000, max: 1_000 }) }), {
            maxLength: 60,
          }),
          fc.integer({ min: 1, max: span }),
          async (samples, every) => {
            const device = `tank-${(round += 1)}`;
            const origin = Math.ceil(start / every) * every;
            await write(...samples.map(({ after, value }) => readingWith({ device, at: origin + after, value })));
            const expected = new Map<number, number[]>();
            for (const { after, value } of samples) {
              const at = origin + Math.floor(after / every) * every;
              expected.set(at, [...(expected.get(at) ?? []), value]);
            }
            const points = await store.series({ kind: "level", device, from: origin, to: origin + span + 1, every });
            expect(points.map(({ at }) => at)).toEqual([...expected.keys()].toSorted((a, b) => a - b));
            for (const { at, min, mean, max, count } of points) {
              const values = expected.get(at) as number[];
              expect([min, max, count]).toEqual([Math.min(...values), Math.max(...values), values.length]);
              expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
            }
          },
        ),
        { numRuns: 25 },
      );
    });

    it("keeps what people and devices write, whatever its signs", async () => {
      const details = ['a "quoted" one', "back\\slash", "中文 名", "a,b=c d", "line\nbreak", "emoji 🔥", "trailing\\"];
      const readings = details.map((card, index) =>
        readingWith({ kind: "tap", value: null, at: start + index, detail: { card } }),
      );
      await write(...readings);
      const back = await store.readings({ kind: "tap" });
      expect(back.map(({ detail }) => detail?.["card"])).toEqual(details.toReversed());
    });

    it("gives quarantine, gap and clock records only to those who ask for them", async () => {
      const asides: Kind[] = ["quarantine", "gap", "clock"];
      await write(
        ...kinds.map((kind, index) => readingWith({ kind, at: start + index, value: kind === "level" ? 1 : null })),
      );
      expect((await store.readings({})).map(({ kind }) => kind).toSorted()).toEqual(
        kinds.filter((kind) => !asides.includes(kind)).toSorted(),
      );
      for (const kind of asides) expect(await store.readings({ kind })).toHaveLength(subject.keepsAsides ? 1 : 0);
    });
  });
}
