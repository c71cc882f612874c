import { describe, expect, it } from "vitest";
import { parseFirmwareVersion, parseTarget } from "./commands.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("what is answered", () => {
  it.each([
    ["no card", "4B 00", null],
    ["a UID of 4 bytes", "4B 01 01 00 04 08 04 CB 98 A6 05", "CB98A605"],
    ["a UID of 7 bytes", "4B 01 01 00 44 00 07 04 A1 B2 C3 D4 E5 80", "04A1B2C3D4E580"],
    ["a UID of 10 bytes", "4B 01 01 00 84 00 0A 01 02 03 04 05 06 07 08 09 0A", "0102030405060708090A"],
    ["what a processor card says behind it", "4B 01 01 00 04 28 04 FD E6 08 99 10 78 80", "FDE60899"],
    ["a UID that is cut off", "4B 01 01 00 04 08 04 CB 98 A6", undefined],
    ["a length that no UID has", "4B 01 01 00 04 08 05 CB 98 A6 05 06", undefined],
    ["more cards than asked for", "4B 02 01 00 04 08 04 CB 98 A6 05", undefined],
    ["nothing", "4B", undefined],
  ])("%s", (_, answer, uid) => {
    expect(parseTarget(hex(answer))).toBe(uid);
  });

  it("names chip and firmware", () => {
    expect(parseFirmwareVersion(hex("03 32 01 06 07"))).toBe("PN532 1.6");
    expect(parseFirmwareVersion(hex("03 32"))).toBeUndefined();
  });
});
