import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc16, findAnswer, RtuPort } from "./rtu-port.ts";

const expected = { unit: 7, code: 3, bytes: 4 };
const answer = framed([7, 3, 4, 0x12, 0x34, 0x56, 0x78]);
const exception = framed([7, 0x83, 2]);

function framed(bytes: number[]): Buffer {
  const crc = crc16(Buffer.from(bytes));
  return Buffer.from([...bytes, crc & 0xff, crc >> 8]);
}

it("makes the check sum as others do", () => {
  // a request for ten holding registers of unit 1, as manuals print it
  expect(crc16(Buffer.from("01030000000a", "hex"))).toBe(0xcdc5);
});

describe("the answer on a line", () => {
  it("is found behind noise, behind an echo of the request, and before more noise", () => {
    const echo = framed([7, 3, 0, 0, 0, 2]);
    expect(findAnswer(Buffer.concat([Buffer.from([7, 3, 4, 7]), echo, answer, Buffer.from([1, 2])]), expected)).toEqual(
      answer,
    );
    expect(findAnswer(Buffer.concat([echo, exception]), expected)).toEqual(exception);
  });

  it("is not one of another unit, function or length, and not one that was garbled", () => {
    expect(findAnswer(framed([8, 3, 4, 1, 2, 3, 4]), expected)).toBeNull();
    expect(findAnswer(framed([7, 4, 4, 1, 2, 3, 4]), expected)).toBeNull();
    expect(findAnswer(framed([7, 3, 2, 1, 2]), expected)).toBeNull();
    for (let bit = 0; bit < answer.length * 8; bit++) {
      const garbled = Buffer.from(answer);
      garbled[bit >> 3] = (garbled[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(findAnswer(garbled, expected)).toBeNull();
    }
  });

  it("is what was sent or nothing, whatever else is on the line, in chunks of any size", () => {
    const noise = fc.uint8Array({ maxLength: 12 });
    const piece = fc.oneof(
      noise,
      fc.constant(answer),
      fc.constant(exception),
      fc.tuple(fc.nat(answer.length - 1), fc.nat(255)).map(([at, byte]) => Buffer.from(answer).fill(byte, at, at + 1)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
        const line = new PassThrough();
        const port = new RtuPort(line);
        const heard: Buffer[] = [];
        port.on("data", (frame: Buffer) => heard.push(frame));
        port.write(Buffer.from([7, 3, 0, 0, 0, 2, 0, 0]));
        const bytes = Buffer.concat(pieces);
        for (let at = 0; at < bytes.length; at += size) line.emit("data", bytes.subarray(at, at + size));
        expect(heard.length).toBeLessThanOrEqual(1);
        for (const frame of heard) {
          expect([7, frame.length]).toEqual([frame[0], frame[1] === 3 ? 9 : 5]);
          expect(crc16(frame)).toBe(0);
        }
        const wasSent = pieces.some((one) => answer.equals(one) || exception.equals(one));
        if (wasSent) expect(heard).toHaveLength(1);
        line.destroy();
      }),
      { numRuns: 100_000 },
    );
  }, 60_000);

  it("is looked for in no more than a frame's length, however much noise there is", () => {
    const line = new PassThrough();
    const port = new RtuPort(line);
    const heard: Buffer[] = [];
    port.on("data", (frame: Buffer) => heard.push(frame));
    port.write(Buffer.from([7, 3, 0, 0, 0, 2, 0, 0]));
    for (let chunk = 0; chunk < 10_000; chunk++) line.emit("data", Buffer.alloc(100, chunk));
    expect(port.hasHeardNoise).toBe(true);
    line.emit("data", answer);
    expect(heard).toEqual([answer]);
    line.emit("data", answer);
    expect(heard).toHaveLength(1);
  });
});
