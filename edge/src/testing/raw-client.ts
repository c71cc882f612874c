import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { packet } from "@gengfu/shared/testing/mqtt-packet";

/** A packet as it came: its type (section 2.2.1 of MQTT 3.1.1), flags and body. */
export interface RawPacket {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export interface RawConnect {
  readonly user?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly keepalive_s?: number;
  readonly will?: { readonly topic: string; readonly payload: string; readonly retain?: boolean };
}

export interface RawPublish {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly id?: number;
  readonly qos?: 0 | 1 | 2;
  readonly dup?: boolean;
  readonly retain?: boolean;
}

export const packetTypes = { connack: 2, publish: 3, puback: 4, pubrec: 5, pubcomp: 7, suback: 9, pingresp: 13 };

/** An MQTT client that does what a test says, byte by byte, and nothing by itself. */
export class RawClient {
  readonly socket: Socket;
  readonly received: RawPacket[] = [];
  #rest = Buffer.alloc(0);
  #waiting: { matches: (packet: RawPacket) => boolean; resolve: (packet: RawPacket) => void }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.socket.destroy(error));
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Signs on; resolves with the return code of the CONNACK. */
  async signOn(connection: RawConnect): Promise<number> {
    this.socket.write(encodeConnect(connection));
    return (await this.next(packetTypes.connack)).body[1] ?? -1;
  }

  publish(...packets: RawPublish[]): void {
    this.socket.write(Buffer.concat(packets.map(encodePublish)));
  }

  async subscribe(topic: string, id = 1): Promise<number> {
    this.socket.write(packet(0x82, Buffer.concat([number16(id), text(topic), Buffer.from([1])])));
    return (await this.next(packetTypes.suback)).body[2] ?? -1;
  }

  disconnect(): void {
    this.socket.end(Buffer.from([0xe0, 0]));
  }

  /** The ids of the PUBACKs so far. */
  get acknowledged(): number[] {
    return this.received.filter(({ type }) => type === packetTypes.puback).map(({ body }) => body.readUInt16BE());
  }

  /** The next packet of a type that has not been waited for yet, which may be there already. */
  next(type: number): Promise<RawPacket> {
    return this.#take((one) => one.type === type);
  }

  /** Resolves once a message id is acknowledged. */
  async acknowledgement(id: number): Promise<void> {
    await this.#take((one) => one.type === packetTypes.puback && one.body.readUInt16BE() === id);
  }

  async closed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket, "close");
  }

  readonly #taken = new Set<RawPacket>();

  #take(matches: (packet: RawPacket) => boolean): Promise<RawPacket> {
    const there = this.received.find((one) => matches(one) && !this.#taken.has(one));
    if (there !== undefined) {
      this.#taken.add(there);
      return Promise.resolve(there);
    }
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }));
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      let length = 0;
      let index = 1;
      for (let shift = 0; ; shift += 7) {
        const byte = this.#rest[index++];
        if (byte === undefined) return;
        length |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
      }
      if (this.#rest.length < index + length) return;
      const head = this.#rest[0] ?? 0;
      this.#receive({ type: head >> 4, flags: head & 15, body: this.#rest.subarray(index, index + length) });
      this.#rest = this.#rest.subarray(index + length);
    }
  }

  #receive(one: RawPacket): void {
    this.received.push(one);
    const index = this.#waiting.findIndex(({ matches }) => matches(one));
    if (index < 0) return;
    this.#taken.add(one);
    this.#waiting.splice(index, 1)[0]?.resolve(one);
  }
}

export function encodePublish({ topic, payload, id = 1, qos = 1, dup = false, retain = false }: RawPublish): Buffer {
  const head = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(head, Buffer.concat([text(topic), ...(qos === 0 ? [] : [number16(id)]), Buffer.from(payload)]));
}

function encodeConnect({ user, password, clientId = "", keepalive_s = 0, will }: RawConnect): Buffer {
  const flags =
    2 |
    (user === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will ? 4 | (will.retain ? 0x20 : 0) : 0);
  const parts = [text("MQTT"), Buffer.from([4, flags]), number16(keepalive_s), text(clientId)];
  if (will !== undefined) parts.push(text(will.topic), text(will.payload));
  if (user !== undefined) parts.push(text(user));
  if (password !== undefined) parts.push(text(password));
  return packet(0x10, Buffer.concat(parts));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([number16(bytes.length), bytes]);
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
