/**
 * MQTT 3.1.1 on the wire, as far as a device and the one who checks it need it. Lean enough for thousands of connections
 * in one process.
 */
export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

export interface Packet {
  readonly type: number;
  /** The lower four bits of the first byte. */
  readonly flags: number;
  readonly body: Buffer;
}

export interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0. */
  readonly id: number;
}

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
}

export interface Connect {
  /** 4 is MQTT 3.1.1. */
  readonly level: number;
  readonly clean: boolean;
  readonly keepAlive_s: number;
  readonly clientId: string;
  readonly will: Will | null;
  readonly user: string | null;
  readonly password: string | null;
}

/** What came is no MQTT, or more of it than is taken. */
export class PacketError extends Error {
  override readonly name = "PacketError";
}

/** Cuts a stream into packets. Throws a `PacketError` at what can't be one. */
export class PacketReader {
  readonly #bytes_max: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytes_max = 1_048_576) {
    this.#bytes_max = bytes_max;
  }

  *read(chunk: Buffer): Generator<Packet> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const header = remainingLength(bytes);
      if (header !== undefined && header.length > this.#bytes_max) throw new PacketError("a packet is too large");
      if (header === undefined || bytes.length < header.start + header.length) break;
      const end = header.start + header.length;
      const first = bytes[0] ?? 0;
      const body = bytes.subarray(header.start, end);
      bytes = bytes.subarray(end);
      this.#rest = bytes;
      yield { type: first >> 4, flags: first & 0x0f, body };
    }
    // a copy, so that the few bytes that are left don't keep the whole chunk
    this.#rest = Buffer.from(bytes);
  }
}

/** The variable length that begins at a byte, and where what it measures starts. */
function remainingLength(bytes: Buffer, at = 1): { start: number; length: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { start: at + index + 1, length };
  }
  throw new PacketError("a packet's length has more than four bytes");
}

export function encodePacket(first: number, ...parts: readonly Buffer[]): Buffer {
  let rest = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [first];
  do {
    header.push(rest > 127 ? (rest % 128) | 0x80 : rest);
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), ...parts]);
}

function text(value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

export function encodeConnect({ level, clean, keepAlive_s, clientId, will, user, password }: Connect): Buffer {
  const flags =
    (clean ? 0x02 : 0) |
    (will === null ? 0 : 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0)) |
    (password === null ? 0 : 0x40) |
    (user === null ? 0 : 0x80);
  const optional = [will?.topic, will?.payload, user, password].flatMap((part) => (part == null ? [] : [text(part)]));
  const head = Buffer.concat([text("MQTT"), Buffer.from([level, flags]), number(keepAlive_s)]);
  return encodePacket(packetTypes.connect << 4, head, text(clientId), ...optional);
}

export function encodePublish({ topic, payload, qos, retain, dup, id }: Publish): Buffer {
  const first = (packetTypes.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return encodePacket(first, text(topic), qos === 0 ? Buffer.alloc(0) : number(id), payload);
}

export function encodeSubscribe(id: number, topics: readonly string[], qos: number): Buffer {
  const filters = topics.map((topic) => Buffer.concat([text(topic), Buffer.from([qos])]));
  return encodePacket((packetTypes.subscribe << 4) | 2, number(id), ...filters);
}

/** PUBACK, PUBREC, PUBCOMP, which hold nothing but the id of a packet. */
export function encodeAnswer(type: number, id: number): Buffer {
  return encodePacket(type << 4, number(id));
}

export function encodeConnack(code: number): Buffer {
  return encodePacket(packetTypes.connack << 4, Buffer.from([0, code]));
}

export function encodeSuback(id: number, codes: readonly number[]): Buffer {
  return encodePacket(packetTypes.suback << 4, number(id), Buffer.from(codes));
}

export const pingreq = encodePacket(packetTypes.pingreq << 4);
export const pingresp = encodePacket(packetTypes.pingresp << 4);
export const disconnect = encodePacket(packetTypes.disconnect << 4);

/** Reads fields from the front of a body. */
class Cursor {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  number(bytes: 1 | 2): number {
    if (this.left < bytes) throw new PacketError("a packet ends too early");
    const value = this.#body.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  bytes(): Buffer {
    const length = this.number(2);
    if (this.left < length) throw new PacketError("a packet ends too early");
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  /** Of MQTT 5, which nobody here speaks, but who does wants to be known. */
  skipProperties(): void {
    const { start, length } = remainingLength(this.#body, this.#at) ?? { start: 0, length: Infinity };
    if (start + length > this.#body.length) throw new PacketError("a packet ends too early");
    this.#at = start + length;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  rest(): Buffer {
    return this.#body.subarray(this.#at);
  }
}

export function decodePublish({ flags, body }: Packet): Publish {
  const cursor = new Cursor(body);
  const topic = cursor.bytes().toString("utf8");
  const qos = (flags >> 1) & 3;
  const id = qos === 0 ? 0 : cursor.number(2);
  return { topic, payload: cursor.rest(), qos, retain: (flags & 1) !== 0, dup: (flags & 8) !== 0, id };
}

export function decodeConnect({ body }: Packet): Connect {
  const cursor = new Cursor(body);
  cursor.bytes();
  const level = cursor.number(1);
  const flags = cursor.number(1);
  const keepAlive_s = cursor.number(2);
  if (level > 4) cursor.skipProperties();
  const clientId = cursor.bytes().toString("utf8");
  const hasWill = (flags & 0x04) !== 0;
  if (hasWill && level > 4) cursor.skipProperties();
  const will = !hasWill
    ? null
    : {
        topic: cursor.bytes().toString("utf8"),
        payload: cursor.bytes(),
        qos: (flags >> 3) & 3,
        retain: (flags & 0x20) !== 0,
      };
  const user = (flags & 0x80) === 0 ? null : cursor.bytes().toString("utf8");
  const password = (flags & 0x40) === 0 ? null : cursor.bytes().toString("utf8");
  return { level, clean: (flags & 0x02) !== 0, keepAlive_s, clientId, will, user, password };
}

export function decodeSubscribe({ body }: Packet): { id: number; topics: string[] } {
  const cursor = new Cursor(body);
  const id = cursor.number(2);
  const topics: string[] = [];
  while (cursor.left > 0) {
    topics.push(cursor.bytes().toString("utf8"));
    cursor.number(1);
  }
  return { id, topics };
}

/** The id that a PUBACK or its like is about. */
export function packetId({ body }: Packet): number {
  return new Cursor(body).number(2);
}
