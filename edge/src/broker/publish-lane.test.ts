import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePublish, packet } from "../testing/raw-client.ts";
import { PublishLane, type LanePublish } from "./publish-lane.ts";

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

describe("publish lane", () => {
  it("takes plain publishes, leaves every other byte in order, however the bytes are cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 12 }), sizes, (sent, pieces) => {
        const taken: LanePublish[] = [];
        const lane = new PublishLane(
          (publish) => taken.push(publish),
          () => false,
        );
        lane.open();
        const left = cut(Buffer.concat(sent.map(({ bytes }) => bytes)), pieces).map((piece) => lane.pass(piece));
        expect(taken.map(({ messageId }) => messageId)).toEqual(sent.flatMap(({ id }) => id ?? []));
        expect(taken.every((publish) => publish.topic === topic)).toBe(true);
        expect(
          Buffer.concat(left).equals(Buffer.concat(sent.flatMap(({ bytes, id }) => (id === null ? bytes : [])))),
        ).toBe(true);
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
