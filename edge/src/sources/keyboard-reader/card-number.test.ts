import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uidOf, type NumberFormat } from "./card-number.ts";

describe("a card's number", () => {
  it.each<[string, NumberFormat, string | undefined]>([
    ["0077705923", "decimal", "04A1B2C3"],
    ["3283263748", "decimal_reversed", "04A1B2C3"],
    ["0000000001", "decimal_reversed", "01000000"],
    ["4294967295", "decimal", "FFFFFFFF"],
    ["4294967296", "decimal", undefined],
    ["77705923", "decimal", undefined],
    ["04A1B2C3", "decimal", undefined],
    ["04A1B2C3", "hex", "04A1B2C3"],
    ["C3B2A104", "hex_reversed", "04A1B2C3"],
    ["04A1B2C3D4E580", "hex", "04A1B2C3D4E580"],
    ["80E5D4C3B2A104", "hex_reversed", "04A1B2C3D4E580"],
    ["0F0184F07A", "hex", "0F0184F07A"],
    ["0102030405060708090A", "hex", "0102030405060708090A"],
    ["04A1B2C", "hex", undefined],
    ["04A1B2C3D4E5", "hex", undefined],
    ["04A1B2?3", "hex", undefined],
    ["", "hex", undefined],
  ])("%s as %s", (text, format, uid) => {
    expect(uidOf(text, format)).toBe(uid);
  });

  it("comes out the same, in whichever format it was typed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const uid = Buffer.from(bytes);
        const hex = uid.toString("hex").toUpperCase();
        const decimal = (value: number): string => String(value).padStart(10, "0");
        expect(uidOf(hex, "hex")).toBe(hex);
        expect(uidOf(Buffer.from(uid.toReversed()).toString("hex").toUpperCase(), "hex_reversed")).toBe(hex);
        expect(uidOf(decimal(uid.readUInt32BE()), "decimal")).toBe(hex);
        expect(uidOf(decimal(uid.readUInt32LE()), "decimal_reversed")).toBe(hex);
      }),
    );
  });
});
