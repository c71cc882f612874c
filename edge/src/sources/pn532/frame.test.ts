import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldOff, getFirmwareVersion, inListPassiveTarget, lookThrice, samConfiguration } from "./commands.ts";
import { ackFrame, encodeFrame, FrameParser, type Frame } from "./frame.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const answer = (data: string): Frame => ({ kind: "answer", data: hex(data) });

/** The frame of an answer, as the PN532 makes it. */
function answerFrame(data: Uint8Array): Buffer {
  const frame = encodeFrame(data);
  frame[5] = 0xd5;
  frame[frame.length - 2] = ((frame.at(-2) ?? 0) - 1) & 0xff;
  return frame;
}

describe("commands are framed as in the manual", () => {
  it.each([
    ["GetFirmwareVersion", getFirmwareVersion, "00 00 FF 02 FE D4 02 2A 00"],
    ["SAMConfiguration", samConfiguration, "00 00 FF 03 FD D4 14 01 17 00"],
    ["RFConfiguration, retries", lookThrice, "00 00 FF 06 FA D4 32 05 FF 01 02 F3 00"],
    ["RFConfiguration, field", fieldOff, "00 00 FF 04 FC D4 32 01 00 F9 00"],
    ["InListPassiveTarget", inListPassiveTarget, "00 00 FF 04 FC D4 4A 01 00 E1 00"],
  ])("%s", (_, command, frame) => {
    expect(encodeFrame(command)).toEqual(hex(frame));
  });

  it("refuses what no normal frame holds", () => {
    expect(() => encodeFrame(new Uint8Array())).toThrow("0 bytes");
    expect(() => encodeFrame(new Uint8Array(255))).toThrow("255 bytes");
  });
});

describe("frames are found in what a PN532 sends", () => {
  it.each<[string, string, Frame[]]>([
    ["an acknowledgement", "00 00 FF 00 FF 00", [{ kind: "ack" }]],
    ["a negative acknowledgement", "00 00 FF FF 00 00", [{ kind: "nack" }]],
    ["an error frame", "00 00 FF 01 FF 7F 81 00", [{ kind: "refusal" }]],
    [
      "an acknowledgement and the firmware's version behind it",
      "00 00 FF 00 FF 00 00 00 FF 06 FA D5 03 32 01 06 07 E8 00",
      [{ kind: "ack" }, answer("03 32 01 06 07")],
    ],
    ["the answer to SAMConfiguration", "00 00 FF 02 FE D5 15 16 00", [answer("15")]],
    [
      "a Mifare card of 4 bytes",
      "00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 CB 98 A6 05 C0 00",
      [answer("4B 01 01 00 04 08 04 CB 98 A6 05")],
    ],
    [
      "a processor card with what it says of itself",
      "00 00 FF 1C E4 D5 4B 01 01 00 04 28 04 FD E6 08 99 10 78 80 90 02 20 90 00 00 00 00 00 FD E6 08 99 5C 00",
      [answer("4B 01 01 00 04 28 04 FD E6 08 99 10 78 80 90 02 20 90 00 00 00 00 00 FD E6 08 99")],
    ],
    ["a longer preamble and none at all", "00 00 00 00 00 FF 00 FF 00 FF 00 FF", [{ kind: "ack" }, { kind: "ack" }]],
    ["noise before it", "FF FF 00 55 00 FF 13 00 00 FF 00 FF 00", [{ kind: "ack" }]],
    ["a wrong sum of the data", "00 00 FF 02 FE D5 15 17 00 00 00 FF 00 FF 00", [{ kind: "damaged" }, { kind: "ack" }]],
    ["a wrong sum of the length", "00 00 FF 02 FF D5 15 16 00 00 00 FF 00 FF 00", [{ kind: "ack" }]],
    ["a frame that goes the other way", "00 00 FF 02 FE D4 02 2A 00 00 00 FF 00 FF 00", [{ kind: "ack" }]],
    [
      "an extended frame",
      "00 00 FF FF FF 00 02 FE D5 15 16 00 00 00 FF 00 FF 00",
      [{ kind: "extended" }, { kind: "ack" }],
    ],
    ["an extended frame longer than any", "00 00 FF FF FF 7F 7F 02 00 00 FF 00 FF 00", [{ kind: "ack" }]],
  ])("%s", (_, bytes, frames) => {
    expect(new FrameParser().push(hex(bytes))).toEqual(frames);
  });

  it("finds a frame that begins within one whose end was lost", () => {
    const parser = new FrameParser();
    const whole = hex("00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 CB 98 A6 05 C0 00");
    expect(parser.push(whole.subarray(0, 8))).toEqual([]);
    expect(parser.push(whole)).toEqual([{ kind: "damaged" }, answer("4B 01 01 00 04 08 04 CB 98 A6 05")]);
  });

  it("forgets the begin of one that will not be continued", () => {
    const parser = new FrameParser();
    parser.push(hex("00 00 FF F0 10 D5"));
    parser.reset();
    expect(parser.push(Buffer.from(ackFrame))).toEqual([{ kind: "ack" }]);
  });
});

describe("the parser holds in any weather", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 254 }).map((data) => answerFrame(data)) },
    { weight: 1, arbitrary: fc.constant(Buffer.from(ackFrame)) },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.constantFrom(0x00, 0xff, 0x01, 0xd5), { maxLength: 12 })
        .map((bytes) => Buffer.from(bytes)),
    },
  );
  const mutated = fc
    .tuple(
      fc.array(piece, { minLength: 1, maxLength: 6, size: "max" }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    )
    .map(([pieces, changes]) => {
      const bytes = Buffer.concat(pieces);
      for (const [place, value] of changes) if (bytes.length > 0) bytes[place % bytes.length] = value;
      return bytes;
    });

  it("finds in chunks what it finds at once, and holds less than a frame", () => {
    let chunks = 0;
    fc.assert(
      fc.property(
        mutated,
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 }),
        (bytes, sizes) => {
          const parser = new FrameParser();
          const frames: Frame[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const end = at + (sizes[turn % sizes.length] ?? 1);
            frames.push(...parser.push(bytes.subarray(at, end)));
            expect(parser.held).toBeLessThan(273);
            chunks += 1;
            at = end;
          }
          expect(frames).toEqual(new FrameParser().push(bytes));
        },
      ),
      { numRuns: 20_000 },
    );
    expect(chunks).toBeGreaterThan(100_000);
  });

  it("finds every frame where nothing but zeros stands between them", () => {
    const spaced = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 254 }), fc.nat(5)), { maxLength: 8 });
    fc.assert(
      fc.property(spaced, (frames) => {
        const bytes = Buffer.concat(frames.flatMap(([data, zeros]) => [Buffer.alloc(zeros), answerFrame(data)]));
        const found = new FrameParser().push(bytes);
        expect(found).toEqual(frames.map(([data]) => ({ kind: "answer", data: Buffer.from(data) })));
      }),
    );
  });

  it("is in step again at most one frame's length after noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
        const parser = new FrameParser();
        parser.push(noise);
        parser.push(Buffer.alloc(273));
        expect(parser.push(Buffer.from(ackFrame))).toEqual([{ kind: "ack" }]);
      }),
      { numRuns: 2_000 },
    );
  });
});
