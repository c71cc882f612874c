import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "@gengfu/shared/time/clock";
import {
  decodePublish,
  disconnect,
  encodeAnswer,
  encodeConnect,
  encodePublish,
  encodeSubscribe,
  packetId,
  PacketReader,
  packetTypes,
  pingreq,
  type Packet,
  type Publish,
  type Will,
} from "./packets.ts";

export interface LineOptions {
  /** `mqtt://` or `mqtts://`, host, port. */
  readonly broker: URL;
  readonly clientId: string;
  readonly user: string;
  readonly password: string;
  readonly keepAlive_s: number;
  readonly will: Will;
  readonly clock: Clock;
}

export interface LineEvents {
  /** The broker has taken the sign-on. */
  readonly onReady: () => void;
  readonly onAcknowledged: (id: number) => void;
  readonly onMessage: (publish: Publish) => void;
  /** Once, at the end of the connection, with why. */
  readonly onClosed: (reason: string) => void;
}

const signOn_ms_max = 10_000;

const refusals: Readonly<Record<number, string>> = {
  1: "Connection refused: the broker doesn't speak MQTT 3.1.1",
  2: "Connection refused: the client id",
  3: "Connection refused: the broker can't take it for now",
  4: "Connection refused: user name or password",
  5: "Connection refused: not authorised",
};

/** One MQTT 3.1.1 connection of a client, from its start to its end. It keeps nothing: who uses it repeats and retries. */
export class Line {
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  readonly #reader = new PacketReader();
  #socket: Socket | undefined;
  #ready = false;
  #heard = true;
  #reason = "connection lost";
  #cancelTimer: (() => void) | undefined;

  constructor(options: LineOptions, events: LineEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    const { broker, clientId, user, password, keepAlive_s, will, clock } = this.#options;
    const port = Number(broker.port || (broker.protocol === "mqtts:" ? 8883 : 1883));
    const host = broker.hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = broker.protocol === "mqtts:" ? connectTls({ host, port, servername: host }) : connectTcp(port, host);
    this.#socket = socket;
    socket.setNoDelay(true);
    const signOn = { level: 4, clean: true, keepAlive_s, clientId, will, user, password };
    socket.once(broker.protocol === "mqtts:" ? "secureConnect" : "connect", () => socket.write(encodeConnect(signOn)));
    socket.on("data", (chunk) => this.#read(typeof chunk === "string" ? Buffer.from(chunk) : chunk));
    socket.on("error", (error) => (this.#reason = error.message || String(error)));
    socket.once("close", () => {
      this.#ready = false;
      this.#cancelTimer?.();
      this.#events.onClosed(this.#reason);
    });
    this.#cancelTimer = clock.after(signOn_ms_max, () => this.drop("the broker doesn't answer"));
  }

  /** Bytes that the broker's side has not taken yet. */
  get waiting_bytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  publish(publish: Publish): void {
    if (this.#ready) this.#socket?.write(encodePublish(publish));
  }

  subscribe(id: number, topic: string): void {
    if (this.#ready) this.#socket?.write(encodeSubscribe(id, [topic], 1));
  }

  /** Says goodbye, so that the last will stays unsaid. */
  end(): void {
    this.#reason = "ended";
    if (this.#ready) this.#socket?.end(disconnect);
    else this.#socket?.destroy();
  }

  /** Cuts the connection, as a power cut does. */
  drop(reason: string): void {
    this.#reason = reason;
    this.#socket?.destroy();
  }

  #read(chunk: Buffer): void {
    this.#heard = true;
    try {
      for (const packet of this.#reader.read(chunk)) this.#take(packet);
    } catch (error) {
      this.drop(error instanceof Error ? error.message : String(error));
    }
  }

  #take(packet: Packet): void {
    const { type, body } = packet;
    if (type === packetTypes.connack) {
      const code = body[1] ?? 0;
      if (code !== 0) return this.drop(refusals[code] ?? `Connection refused: code ${code}`);
      this.#ready = true;
      this.#cancelTimer?.();
      this.#ping();
      return this.#events.onReady();
    }
    if (type === packetTypes.puback) return this.#events.onAcknowledged(packetId(packet));
    if (type !== packetTypes.publish) return undefined;
    const publish = decodePublish(packet);
    if (publish.qos === 1) this.#socket?.write(encodeAnswer(packetTypes.puback, publish.id));
    return this.#events.onMessage(publish);
  }

  /** Twice in each keep-alive; a broker that has not been heard of since the last one is gone. */
  #ping(): void {
    const { clock, keepAlive_s } = this.#options;
    this.#heard = false;
    this.#socket?.write(pingreq);
    this.#cancelTimer = clock.after((keepAlive_s * 1_000) / 2, () => {
      if (this.#heard) this.#ping();
      else this.drop("the broker fell silent");
    });
  }
}
