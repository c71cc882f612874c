import fc from "fast-check";
import { expect, it } from "vitest";
import { PacketLimit } from "./packet-limit.ts";

function packet(length: number): number[] {
  const header = [0x30];
  for (let rest = length; ; rest >>>= 7) {
    header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return [...header, ...Array.from({ length }, (_, index) => index & 0xff)];
}

it("lets packets within the limit through, however they are cut, and ends at the first beyond it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (lengths, cuts) => {
        const stream = Uint8Array.from(lengths.flatMap(packet));
        const limit = new PacketLimit(() => 300);
        let allowed = true;
        for (let at = 0, cut = 0; at < stream.length && allowed; cut++) {
          const size = cuts[cut % cuts.length] as number;
          allowed = limit.allows(stream.subarray(at, at + size));
          at += size;
        }
        expect(allowed).toBe(lengths.every((length) => length <= 300));
      },
    ),
  );
});

it("refuses a packet as soon as it announces too much, before its body comes", () => {
  expect(new PacketLimit(() => 1_000).allows(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f))).toBe(false);
  expect(new PacketLimit(() => 1_000).allows(Uint8Array.of(0x30, 0xe9, 0x07))).toBe(false);
  expect(new PacketLimit(() => 1_000).allows(Uint8Array.of(0x30, 0xe8, 0x07))).toBe(true);
});

it("refuses a length of more than four bytes", () => {
  expect(new PacketLimit(() => Infinity).allows(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe(false);
});
