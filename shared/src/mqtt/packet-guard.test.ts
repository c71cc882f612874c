import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packet } from "../testing/mqtt-packet.ts";
import { LargePackets, PacketGuard } from "./packet-guard.ts";

const connect = packet(0x10, Buffer.alloc(20));
const guard = (bytes_max = 200_000, large = new LargePackets(1_000_000)): PacketGuard =>
  new PacketGuard({ connect_bytes_max: 16 * 1024, bytes_max: () => bytes_max, large });

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("packets within the bound", () => {
  it("pass, wherever the stream is cut", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(127, 128, 16_383, 16_384)), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (lengths, cuts, goodbye) => {
        const packets = lengths.map((length) => packet(0x32, Buffer.alloc(length, 0xff)));
        const end = goodbye ? [packet(0xe0, Buffer.alloc(0))] : [];
        const watched = guard();
        for (const piece of pieces(Buffer.concat([connect, ...packets, ...end]), cuts)) {
          expect(watched.pass(piece)).toBeUndefined();
        }
        expect(watched.saidGoodbye).toBe(goodbye);
      }),
    );
  });
});

describe("a connection is refused", () => {
  it("as soon as a packet announces too much, wherever the header is cut", () => {
    const bytes = Buffer.concat([connect, packet(0x32, Buffer.alloc(0), 200_001)]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const watched = guard();
      const refusals = [watched.pass(bytes.subarray(0, cut)), watched.pass(bytes.subarray(cut))];
      expect(refusals.filter((refusal) => refusal !== undefined)).toEqual(["packet_too_large"]);
    }
    expect(guard().pass(Buffer.concat([connect, packet(0x32, Buffer.alloc(0), 200_000)]))).toBeUndefined();
  });

  it("by the bound that holds when the packet comes", () => {
    let bytes_max = 100;
    const watched = new PacketGuard({
      connect_bytes_max: 20,
      bytes_max: () => bytes_max,
      large: new LargePackets(1_000),
    });
    expect(watched.pass(connect)).toBeUndefined();
    expect(watched.pass(packet(0x32, Buffer.alloc(100)))).toBeUndefined();
    bytes_max = 200;
    expect(watched.pass(packet(0x32, Buffer.alloc(200)))).toBeUndefined();
    expect(watched.pass(packet(0x32, Buffer.alloc(0), 201))).toBe("packet_too_large");
  });

  it("if it does not begin with a CONNECT of a sensible size", () => {
    expect(guard().pass(Buffer.from("GET / HTTP/1.1"))).toBe("not_mqtt");
    expect(guard().pass(packet(0x30, Buffer.alloc(5)))).toBe("not_mqtt");
    expect(guard().pass(packet(0x10, Buffer.alloc(0), 16 * 1024 + 1))).toBe("packet_too_large");
  });

  it("if a length has no end", () => {
    expect(guard().pass(Buffer.concat([connect, Buffer.from([0x32, 0xff, 0xff, 0xff, 0xff])]))).toBe("not_mqtt");
  });

  it("if large packets of all connections together are too much, until there is room again", () => {
    const large = new LargePackets(250_000);
    const big = packet(0x32, Buffer.alloc(150_000));
    const first = guard(200_000, large);
    expect(first.pass(Buffer.concat([connect, big.subarray(0, 100)]))).toBeUndefined();
    expect(guard(200_000, large).pass(Buffer.concat([connect, big]))).toBe("too_many_large_packets");
    expect(first.pass(big.subarray(100))).toBeUndefined();
    const second = guard(200_000, large);
    expect(second.pass(Buffer.concat([connect, big.subarray(0, 100)]))).toBeUndefined();
    second.release();
    second.release();
    expect(guard(200_000, large).pass(Buffer.concat([connect, big]))).toBeUndefined();
  });
});
