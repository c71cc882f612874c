import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packet } from "@gengfu/shared/testing/mqtt-packet";
import { encodePublish } from "../testing/raw-client.ts";
import { PublishLane } from "./publish-lane.ts";

interface Sent {
  readonly bytes: Buffer;
  /** The id of a publish that the lane may take. */
  readonly id: number | null;
}

const topic = "gengfu/v1/tank/level";
const plain = (id: number, size: number, dup: boolean): Sent => ({
  bytes: encodePublish({ topic, payload: "x".repeat(size), id, dup }),
  id,
});
const anyPacket: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.nat(300), fc.boolean()).map((it) => plain(...it)),
  },
  fc.constant({ bytes: packet(0xc0, Buffer.alloc(0)), id: null }),
  fc.constant({ bytes: encodePublish({ topic, payload: "retained", id: 5, retain: true }), id: null }),
  fc.constant({ bytes: encodePublish({ topic, payload: "qos 0", qos: 0 }), id: null }),
  fc.constant({ bytes: encodePublish({ topic: "gengfu/+/x", payload: "wildcard", id: 6 }), id: null }),
  fc.constant({ bytes: encodePublish({ topic, payload: Buffer.alloc(100_000), id: 7 }), id: null }),
);

/** Cuts bytes into pieces of the given sizes, over and over. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

/** The first packet of some bytes, if it is there whole. */
function firstPacket(bytes: Buffer): Buffer | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if ((byte & 0x80) === 0) return bytes.length < at + 1 + length ? undefined : bytes.subarray(0, at + 1 + length);
  }
  return undefined;
}

describe("publish lane", () => {
  it("takes plain publishes, leaves every other packet whole, and keeps the order, however the bytes are cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 12 }), sizes, (sent, pieces) => {
        const order: Buffer[] = [];
        let mayTake = 0;
        const lane = new PublishLane(
          (publish) => {
            mayTake += 1;
            order.push(encodePublish({ ...publish, id: publish.messageId }));
          },
          () => false,
        );
        lane.open();
        let left = Buffer.alloc(0);
        for (const piece of cut(Buffer.concat(sent.map(({ bytes }) => bytes)), pieces)) {
          left = Buffer.concat([left, lane.pass(piece)]);
          // as the general parser does, which reads on only when it has handled what it was given
          for (let whole = firstPacket(left); whole !== undefined; whole = firstPacket(left)) {
            order.push(whole);
            left = left.subarray(whole.length);
          }
        }
        const publishes = (packets: readonly Buffer[]): string[] =>
          packets.filter((bytes) => (bytes[0] ?? 0) >> 4 === 3).map((bytes) => bytes.toString("latin1"));
        expect(publishes(order)).toEqual(publishes(sent.map(({ bytes }) => bytes)));
        expect(order).toHaveLength(sent.length);
        expect(left).toHaveLength(0);
        if (sent.every(({ id, bytes }) => id !== null || bytes[0] === 0xc0)) {
          expect(mayTake).toBe(sent.filter(({ id }) => id !== null).length);
        }
      }),
    );
  });

  it("leaves everything until it is opened, and whole packets only", () => {
    const lane = new PublishLane(
      () => expect.unreachable(),
      () => false,
    );
    const bytes = Buffer.concat([plain(1, 10, false).bytes, plain(2, 10, false).bytes]);
    const half = bytes.length - 5;
    expect(lane.pass(bytes.subarray(0, half)).length).toBe(bytes.length / 2);
    expect(lane.pass(bytes.subarray(half)).length).toBe(bytes.length / 2);
  });

  it("leaves the rest of a chunk from the publish on by which it yields, so that order is kept", () => {
    let yields = false;
    const taken: number[] = [];
    const lane = new PublishLane(
      ({ messageId }) => taken.push(messageId),
      () => yields,
    );
    lane.open();
    const three = Buffer.concat([1, 2, 3].map((id) => plain(id, 5, false).bytes));
    expect(lane.pass(three).length).toBe(0);
    yields = true;
    expect(lane.pass(three).equals(three)).toBe(true);
    yields = false;
    expect(lane.pass(three).length).toBe(0);
    expect(taken).toEqual([1, 2, 3, 1, 2, 3]);
  });
});
