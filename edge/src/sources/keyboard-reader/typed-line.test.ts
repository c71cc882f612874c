import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { typedEvents } from "../../testing/typed-events.ts";
import { eventBytes, InputEventParser } from "./input-events.ts";
import { TypedLine } from "./typed-line.ts";

function linesOf(bytes: Uint8Array, size: 16 | 24 = 24): string[] {
  const line = new TypedLine();
  return new InputEventParser(size).push(bytes).flatMap((event) => line.take(event, 0) ?? []);
}
const event = (type: number, code: number, value: number): { type: number; code: number; value: number } => ({
  type,
  code,
  value,
});
const press = (code: number) => event(1, code, 1);

describe("what a reader types", () => {
  it("is taken as it was recorded from a device on a 64-bit machine", () => {
    // MSC_SCAN, KEY_2 down, SYN; MSC_SCAN, KEY_2 up, SYN; then the same of Enter
    const recorded =
      "5d1f916600000000a1e10b000000000004000400" +
      "1f000700" +
      "5d1f916600000000a1e10b000000000001000300" +
      "01000000" +
      "5d1f916600000000a1e10b000000000000000000" +
      "00000000" +
      "5d1f9166000000004d010c000000000004000400" +
      "1f000700" +
      "5d1f9166000000004d010c000000000001000300" +
      "00000000" +
      "5d1f9166000000004d010c000000000000000000" +
      "00000000" +
      "5d1f916600000000f5200c000000000001001c00" +
      "01000000" +
      "5d1f916600000000f5200c000000000000000000" +
      "00000000";
    expect(linesOf(Buffer.from(recorded, "hex"))).toEqual(["2"]);
  });

  it.each([16, 24] as const)("comes line by line, with events of %i bytes", (size) => {
    expect(linesOf(typedEvents("0077705923\n04A1B2C3\n", size), size)).toEqual(["0077705923", "04A1B2C3"]);
  });

  it("may come from the number pad, with letters of either case, and keys that repeat", () => {
    const line = new TypedLine();
    const typed = [press(82), press(79), press(69), press(30), event(1, 30, 2), event(1, 30, 0), press(96)];
    expect(typed.map((one) => line.take(one, 0)).at(-1)).toBe("01A");
  });

  it("shows keys that no number has, and that some are lost", () => {
    expect(linesOf(typedEvents("00Z7\n\n"))).toEqual(["00?7"]);
    const line = new TypedLine();
    for (const one of [press(2), event(0, 3, 0), press(3)]) line.take(one, 0);
    expect(line.take(press(28), 0)).toBe("12?");
    line.take(press(2), 0);
    expect(line.take(press(28), 0)).toBe("1");
  });

  it("is given up where it breaks off, and cut where it has no end", () => {
    const line = new TypedLine();
    line.take(press(2), 0);
    line.take(press(3), 1_000);
    expect(line.take(press(28), 2_001)).toBeNull();
    for (let key = 0; key < 1_000; key++) line.take(press(2), 3_000);
    expect(line.take(press(28), 3_000)).toBe("1".repeat(64));
  });

  it("is found in chunks as at once, whatever bytes come", () => {
    const bytes = fc.oneof(
      fc
        .string({ unit: fc.constantFrom(..."0123456789ABCDEFZ\n".split("")), maxLength: 12 })
        .map((text) => typedEvents(text)),
      fc.uint8Array({ maxLength: 120 }).map((noise) => Buffer.from(noise)),
    );
    const stream = fc.array(bytes, { minLength: 1, maxLength: 5, size: "max" }).map((parts) => Buffer.concat(parts));
    const sizes = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 20 });
    let chunks = 0;
    fc.assert(
      fc.property(stream, sizes, (all, cuts) => {
        const parser = new InputEventParser(24);
        const line = new TypedLine();
        const lines: string[] = [];
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          lines.push(...parser.push(all.subarray(at, end)).flatMap((one) => line.take(one, 0) ?? []));
          chunks += 1;
          at = end;
        }
        expect(lines).toEqual(linesOf(all));
        for (const one of lines) expect(one).toMatch(/^[0-9A-F?]{1,65}$/);
      }),
      { numRuns: 6_000 },
    );
    expect(chunks).toBeGreaterThan(100_000);
  });
});

it("an event is smaller where a long is", () => {
  expect(["x64", "arm64", "riscv64", "arm", "ia32"].map(eventBytes)).toEqual([24, 24, 24, 16, 16]);
});
