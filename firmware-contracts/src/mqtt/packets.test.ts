import fc from "fast-check";
import { generate, parser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import {
  decodeConnect,
  decodePublish,
  decodeSubscribe,
  encodeConnack,
  encodeConnect,
  encodePublish,
  encodeSuback,
  encodeSubscribe,
  PacketError,
  PacketReader,
  packetId,
  pingreq,
  type Packet,
} from "./packets.ts";

const id = fc.integer({ min: 1, max: 65_535 });
const topic = fc.stringMatching(/^[a-z0-9/-]{1,40}$/);
const payload = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
const publish = fc
  .record({ topic, payload, qos: fc.constantFrom(0, 1, 2), retain: fc.boolean(), dup: fc.boolean(), id })
  .map((all) => (all.qos === 0 ? { ...all, id: 0, dup: false } : all));
const will = fc.record({ topic, payload, qos: fc.constantFrom(0, 1, 2), retain: fc.boolean() });
const connect = fc
  .record({
    level: fc.constant(4),
    clean: fc.constant(true),
    keepAlive_s: fc.nat(65_535),
    clientId: fc.stringMatching(/^[a-z0-9-]{0,40}$/),
    will: fc.option(will),
    user: fc.option(topic),
    password: fc.option(topic),
  })
  // a password needs a user name
  .map((all) => (all.user === null ? { ...all, password: null } : all));

function read(...chunks: readonly Buffer[]): Packet[] {
  const reader = new PacketReader();
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
}

describe("what we write, another implementation reads", () => {
  function parsed(bytes: Buffer): unknown {
    const found: unknown[] = [];
    const other = parser();
    other.on("packet", (packet) => found.push(packet));
    other.parse(bytes);
    return found[0];
  }

  test("a publish", () => {
    fc.assert(
      fc.property(publish, (all) => {
        const { id, ...rest } = all;
        expect(parsed(encodePublish(all))).toMatchObject(id === 0 ? rest : { ...rest, messageId: id });
      }),
    );
  });

  test("a sign-on, with and without a will", () => {
    fc.assert(
      fc.property(connect, (all) => {
        expect(parsed(encodeConnect(all))).toMatchObject({
          cmd: "connect",
          protocolVersion: 4,
          clientId: all.clientId,
          keepalive: all.keepAlive_s,
          ...(all.will === null ? {} : { will: all.will }),
          ...(all.user === null ? {} : { username: all.user }),
          ...(all.password === null ? {} : { password: Buffer.from(all.password) }),
        });
      }),
    );
  });

  test("a subscription and the answers of a broker", () => {
    expect(parsed(encodeSubscribe(7, ["a/b", "c"], 1))).toMatchObject({
      messageId: 7,
      subscriptions: [
        { topic: "a/b", qos: 1 },
        { topic: "c", qos: 1 },
      ],
    });
    expect(parsed(encodeSuback(7, [1, 128]))).toMatchObject({ messageId: 7, granted: [1, 128] });
    expect(parsed(encodeConnack(4))).toMatchObject({ cmd: "connack", returnCode: 4 });
    expect(parsed(pingreq)).toMatchObject({ cmd: "pingreq" });
  });
});

describe("what another implementation writes, we read", () => {
  test("a publish, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 5 }), fc.array(fc.nat(60), { maxLength: 30 }), (all, sizes) => {
        const bytes = Buffer.concat(
          all.map(({ id, ...rest }) => generate({ cmd: "publish", messageId: id, ...rest, qos: asQos(rest.qos) })),
        );
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
        chunks.push(bytes.subarray(at));
        expect(read(...chunks).map(decodePublish)).toEqual(all);
      }),
    );
  });

  test("a sign-on and a subscription", () => {
    fc.assert(
      fc.property(connect, (all) => {
        const [packet] = read(encodeConnect(all));
        expect(packet === undefined ? undefined : decodeConnect(packet)).toEqual(all);
      }),
    );
    const [packet] = read(generate({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "a/#", qos: 1 }] }));
    expect(packet === undefined ? undefined : decodeSubscribe(packet)).toEqual({ id: 9, topics: ["a/#"] });
  });

  test("a sign-on of MQTT 5, as far as to say who it was", () => {
    const will = { topic: "t", payload: Buffer.from("w"), qos: 1, retain: true } as const;
    const properties = { sessionExpiryInterval: 60, userProperties: { a: "b" } };
    const signOn = { cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clientId: "five", keepalive: 9 } as const;
    const more = { username: "u", password: Buffer.from("p"), properties, clean: true } as const;
    const [packet] = read(generate({ ...signOn, ...more, will: { ...will, properties: { willDelayInterval: 5 } } }));
    const found = { level: 5, clean: true, keepAlive_s: 9, clientId: "five", will, user: "u", password: "p" };
    expect(packet === undefined ? undefined : decodeConnect(packet)).toEqual(found);
  });

  function asQos(qos: number): 0 | 1 | 2 {
    return qos === 0 || qos === 1 ? qos : 2;
  }
});

test("what is no packet, or too large a one, is refused", () => {
  expect(() => read(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]))).toThrow(PacketError);
  expect(() => [...new PacketReader(10).read(Buffer.from([0x30, 11]))]).toThrow("too large");
  const short = { type: 3, flags: 2, body: Buffer.from([0, 9, 0x61]) };
  expect(() => decodePublish(short)).toThrow("ends too early");
  expect(() => packetId({ type: 4, flags: 0, body: Buffer.from([1]) })).toThrow("ends too early");
});
