import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TapRepeats, type Read } from "./tap-repeats.ts";

const within_ms = 5_000;
const read = (ms: number, part: Partial<Read> = {}): Read => ({
  reader: "lobby",
  card: "AA",
  moment: { by: "gateway", ms },
  number: null,
  ...part,
});

/** Takes reads as the gate does; answers with which tap each belongs to, counted from 0. */
function tapsOf(reads: readonly Read[], repeats = new TapRepeats<number>(within_ms)): number[] {
  let taps = 0;
  return reads.map((one) => {
    const known = repeats.find(one);
    if (known !== undefined) return known;
    repeats.remember(one, taps);
    return taps++;
  });
}

describe("reads of one card at one reader", () => {
  it("are one tap while less than the time lies between each and the next", () => {
    expect(tapsOf([0, 4_999, 9_998, 14_998].map((ms) => read(ms)))).toEqual([0, 0, 0, 1]);
  });

  it("are taps of their own at another reader, with another card, or by another clock", () => {
    const reads = [
      read(0),
      read(0, { reader: "gate" }),
      read(0, { card: "BB" }),
      read(0, { moment: { by: "device", ms: 0 } }),
    ];
    expect(tapsOf(reads)).toEqual([0, 1, 2, 3]);
  });

  it("stay apart where they come late, in whichever order", () => {
    const hour = Array.from({ length: 12 }, (_, index) => read(index * 300_000));
    expect(tapsOf(hour)).toEqual(hour.map((_, index) => index));
    expect(tapsOf(hour.toReversed())).toEqual(hour.map((_, index) => index));
    expect(tapsOf([read(600_000), read(0), read(602_000), read(2_000), read(598_000)])).toEqual([0, 1, 0, 1, 0]);
  });

  it("are known by their number, however late it is sent again, and do not last until then", () => {
    const numbered = (ms: number, number: string): Read => read(ms, { number });
    expect(tapsOf([numbered(0, "1.1"), numbered(60_000, "1.1"), numbered(62_000, "1.2")])).toEqual([0, 0, 1]);
    expect(tapsOf([numbered(0, "1.1"), numbered(1_000, "1.2"), numbered(60_000, "1.2")])).toEqual([0, 0, 0]);
  });

  it("are new after the tap was taken back", () => {
    const repeats = new TapRepeats<number>(within_ms);
    tapsOf([read(0), read(100_000)], repeats);
    repeats.forget(read(0), 0);
    expect(repeats.find(read(0))).toBeUndefined();
    expect(repeats.find(read(100_000))).toBe(1);
    repeats.forget(read(0), 1);
    expect(repeats.find(read(100_000))).toBeUndefined();
  });

  it("are each a tap where the time is 0", () => {
    expect(tapsOf([read(0), read(0), read(1)], new TapRepeats(0))).toEqual([0, 1, 2]);
  });

  it("are taps as far apart as a model says, in order of time", () => {
    const cards = fc.constantFrom("AA", "BB");
    const gaps = fc.array(fc.tuple(cards, fc.integer({ min: 0, max: 12_000 })), { maxLength: 30 });
    fc.assert(
      fc.property(gaps, (steps) => {
        let now = 0;
        const reads = steps.map(([card, gap]) => read((now += gap), { card }));
        const last = new Map<string, { ms: number; tap: number }>();
        let taps = 0;
        const expected = reads.map(({ card, moment: { ms } }) => {
          const before = last.get(card);
          const tap = before !== undefined && ms - before.ms < within_ms ? before.tap : taps++;
          last.set(card, { ms, tap });
          return tap;
        });
        expect(tapsOf(reads)).toEqual(expected);
      }),
    );
  });
});

describe("the memory", () => {
  it("is bounded for each reader by itself", () => {
    const repeats = new TapRepeats<number>(within_ms);
    repeats.remember(read(0, { reader: "gate" }), 0);
    for (let card = 0; card < 10_000; card++) repeats.remember(read(0, { card: String(card) }), card);
    expect(repeats.find(read(0, { reader: "gate" }))).toBe(0);
    expect(repeats.find(read(0, { card: "9999" }))).toBe(9_999);
    expect(repeats.find(read(0, { card: "9743" }))).toBeUndefined();
  });

  it("is bounded for each card", () => {
    const repeats = new TapRepeats<number>(within_ms);
    for (let tap = 0; tap < 100; tap++) repeats.remember(read(tap * 10_000), tap);
    expect(repeats.find(read(990_000))).toBe(99);
    expect(repeats.find(read(670_000))).toBeUndefined();
  });
});
