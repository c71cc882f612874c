import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parts_max, submitPdus } from "./pdu.ts";

const common = { reference: 15, validity_minutes: null };

describe("a text as PDUs", () => {
  it("is as a vendor's manual shows it: Neoway N11 V2, AT+CMGS without a service centre", () => {
    expect(submitPdus({ ...common, number: "13421839693", text: "hello" })).toEqual([
      { hex: "0001000B813124819396F300080A00680065006C006C006F", length: 23 },
    ]);
  });

  it("goes abroad by a number with +, and has a validity", () => {
    // TS 23.040 9.2.3.12.1: 71 is 360 minutes
    expect(submitPdus({ ...common, number: "+8613800138000", text: "火", validity_minutes: 360 })).toEqual([
      { hex: "0011000D91683108108300F000084702706B", length: 17 },
    ]);
  });

  it.each([
    [5, 0],
    [720, 143],
    [750, 144],
    [1_440, 167],
    [2_880, 168],
    [999_999, 196],
  ])("is valid for %i minutes by the octet %i", (validity_minutes, octet) => {
    const [pdu] = submitPdus({ ...common, number: "10086", text: "a", validity_minutes });
    expect(Number.parseInt(pdu?.hex.slice(-8, -6) ?? "", 16)).toBe(octet);
  });

  it("of 70 characters goes alone, of 71 in two parts of at most 67 with the header 05 00 03", () => {
    expect(submitPdus({ ...common, number: "10086", text: "火".repeat(70) })).toHaveLength(1);
    const parts = submitPdus({ ...common, number: "10086", text: "火".repeat(71) });
    expect(parts.map(({ hex }) => hex.slice(2, 4))).toEqual(["41", "41"]);
    expect(parts.map(({ hex }) => hex.slice(20, 34))).toEqual(["8C0500030F0201", "0E0500030F0202"]);
  });

  it("loses no character and exceeds no bound, whatever it is", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(text, fc.stringMatching(/^\+?\d{5,15}$/), (given, number) => {
        const pdus = submitPdus({ ...common, number, text: given });
        expect(pdus.length).toBeLessThanOrEqual(parts_max);
        const header = number.replace("+", "").length;
        const texts = pdus.map(({ hex, length }) => {
          expect(hex.length / 2 - 1).toBe(length);
          const data = Buffer.from(hex, "hex").subarray(8 + Math.ceil(header / 2));
          expect(data.length).toBeLessThanOrEqual(140);
          const body = pdus.length > 1 ? data.subarray(6) : data;
          const part = Buffer.from(body).swap16().toString("utf16le");
          expect(part.isWellFormed()).toBe(given.isWellFormed());
          return part;
        });
        expect(given.startsWith(texts.join(""))).toBe(true);
        if (given.length <= 66 * parts_max) expect(texts.join("")).toBe(given);
      }),
      { numRuns: 2_000 },
    );
  });
});
