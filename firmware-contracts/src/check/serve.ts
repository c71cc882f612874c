import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { Clock } from "@gengfu/shared/time/clock";
import { deviceTopic } from "../contract/topics.ts";
import {
  decodeConnect,
  decodePublish,
  decodeSubscribe,
  encodeAnswer,
  encodeConnack,
  encodePublish,
  encodeSuback,
  packetId,
  PacketReader,
  packetTypes,
  pingresp,
  type Connect,
  type Packet,
} from "../mqtt/packets.ts";
import { parsePublish } from "../parse.ts";
import type { Observations, Published } from "./observation.ts";
import { hearsOf } from "./rules-trial.ts";
import { Trial, type TrialOptions } from "./trial.ts";

export interface CheckBrokerOptions extends TrialOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Who gives another is refused; any will do where there is none. */
  readonly password?: string | undefined;
  readonly clock: Clock;
  readonly observations: Observations;
  /** Told what happens, in a line. */
  readonly print: (line: string) => void;
  /** The trial of a device is over. */
  readonly onDone: (device: string) => void;
}

const refused = { protocol: 1, credentials: 4 } as const;
const signOn_ms_max = 10_000;

/**
 * A broker for the device under test and nobody else: it notes all that the device does, keeps one acknowledgement back,
 * cuts the connection, plays dead for a while, and answers mistakes as the gateway does. It keeps nothing.
 */
export class CheckBroker {
  readonly #options: CheckBrokerOptions;
  readonly #sessions = new Set<Session>();
  readonly #trials = new Map<string, Trial>();
  #server: Server | undefined;
  #connections = 0;

  constructor(options: CheckBrokerOptions) {
    this.#options = options;
  }

  /** Listens; resolves with the port. */
  async start(): Promise<number> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    server.listen(this.#options.port, this.#options.host);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const session of this.#sessions) session.drop();
    server.close();
    await once(server, "close");
    for (const trial of this.#trials.values()) trial.stop();
  }

  #accept(socket: Socket): void {
    const session = new Session(this.#options, socket, ++this.#connections, (device) => this.#trialOf(device));
    this.#sessions.add(session);
    socket.once("close", () => {
      this.#sessions.delete(session);
      session.closed();
    });
  }

  #trialOf(device: string): Trial {
    const known = this.#trials.get(device);
    if (known !== undefined) return known;
    const { clock, observations, onDone } = this.#options;
    const trial = new Trial(this.#options, {
      clock,
      observe: (observation) => observations.add(device, observation),
      onDone: () => onDone(device),
    });
    this.#trials.set(device, trial);
    return trial;
  }
}

/** One connection of the device. */
class Session {
  readonly #options: CheckBrokerOptions;
  readonly #socket: Socket;
  readonly #connection: number;
  readonly #trialOf: (device: string) => Trial;
  readonly #reader = new PacketReader();
  #device: string | undefined;
  #trial: Trial | undefined;
  #keepAlive_ms = signOn_ms_max;
  #cancelSilence: (() => void) | undefined;
  readonly #topics: string[] = [];
  #cut = false;

  constructor(options: CheckBrokerOptions, socket: Socket, connection: number, trialOf: (device: string) => Trial) {
    this.#options = options;
    this.#socket = socket;
    this.#connection = connection;
    this.#trialOf = trialOf;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(typeof chunk === "string" ? Buffer.from(chunk) : chunk));
    socket.on("error", (error) => options.print(`connection ${connection}: ${error.message}`));
    this.#expectSomething();
  }

  closed(): void {
    this.#cancelSilence?.();
    if (this.#device === undefined || this.#trial?.isPlayingDead === true) return;
    const by = this.#cut ? "checker" : "device";
    this.#options.observations.add(this.#device, {
      type: "closed",
      at_ms: this.#now(),
      connection: this.#connection,
      by,
    });
    this.#options.print(`${this.#device}: connection ${this.#connection} closed by the ${by}`);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #read(chunk: Buffer): void {
    this.#expectSomething();
    try {
      for (const packet of this.#reader.read(chunk)) this.#take(packet);
    } catch (error) {
      this.#options.print(`connection ${this.#connection}: ${error instanceof Error ? error.message : String(error)}`);
      this.drop();
    }
  }

  #take(packet: Packet): void {
    if (this.#cut) return;
    const { type } = packet;
    if (type === packetTypes.connect) return this.#signOn(decodeConnect(packet));
    if (this.#device === undefined) return this.drop();
    if (type === packetTypes.publish) return this.#published(packet);
    if (type === packetTypes.pubrel) return this.#write(encodeAnswer(packetTypes.pubcomp, packetId(packet)));
    if (type === packetTypes.subscribe) return this.#subscribed(packet);
    if (type === packetTypes.pingreq) return this.#write(pingresp);
    return undefined;
  }

  #signOn({ level, clientId, user, password, keepAlive_s, will }: Connect): void {
    const device = user ?? (clientId === "" ? "unnamed" : clientId);
    const trial = this.#trialOf(device);
    if (trial.turnsAway(this.#now())) {
      this.#options.print(`${device}: tried to come back; turned away`);
      return this.drop();
    }
    const { observations, print, clock } = this.#options;
    const at_ms = clock.monotonic();
    const sign = { clientId, user, level, keepAlive_s, will };
    observations.add(device, { type: "connected", at_ms, connection: this.#connection, ...sign });
    this.#device = device;
    print(`${device}: connection ${this.#connection} signed on as ${JSON.stringify(clientId)}`);
    if (level > 4) return this.#refuse(refused.protocol);
    if (this.#options.password !== undefined && password !== this.#options.password) {
      print(`${device}: a wrong password`);
      return this.#refuse(refused.credentials);
    }
    this.#trial = trial;
    // as a broker does: one and a half times what the device promised
    this.#keepAlive_ms = keepAlive_s * 1_500;
    this.#expectSomething();
    return this.#write(encodeConnack(0));
  }

  #published(packet: Packet): void {
    const publish = decodePublish(packet);
    const { clock, observations } = this.#options;
    const device = this.#device ?? "";
    const seen: Published = {
      type: "published",
      at_ms: clock.monotonic(),
      wall_ms: clock.now(),
      connection: this.#connection,
      topic: publish.topic,
      payload: Buffer.from(publish.payload),
      qos: publish.qos,
      retain: publish.retain,
      stored: false,
    };
    observations.add(device, seen);
    const parsed = parsePublish(device, publish.topic, seen.payload);
    const isReading = parsed.verdict === "reading";
    if (isReading && publish.qos === 1 && this.#trial?.withholds(seen, () => this.drop()) === true) {
      this.#options.print(`${device}: the acknowledgement of one reading is kept back, then the connection is cut`);
      return;
    }
    if (publish.qos === 1) this.#write(encodeAnswer(packetTypes.puback, publish.id));
    if (publish.qos === 2) this.#write(encodeAnswer(packetTypes.pubrec, publish.id));
    if (parsed.verdict === "quarantine") {
      this.#answer({ code: parsed.code, message: parsed.detail.message, path: parsed.detail.path });
    }
    if (isReading && this.#trial?.tellsOfMistake() === true) {
      this.#answer({ code: "invalid_field", message: "a trial of the checker: nothing is wrong", path: "" });
    }
    if (isReading && parsed.message.kind === "tap")
      this.#say("feedback", { result: "accepted", ...parsed.message.detail });
    this.#trial?.acknowledged(isReading);
  }

  /** As the gateway answers, at QoS 0. */
  #say(leaf: "error" | "feedback", answer: object): boolean {
    const device = this.#device ?? "";
    if (!hearsOf(this.#topics, device, leaf)) return false;
    const topic = deviceTopic(device, leaf);
    const payload = Buffer.from(JSON.stringify(answer));
    this.#write(encodePublish({ topic, payload, qos: 0, retain: false, dup: false, id: 0 }));
    return true;
  }

  #answer(answer: { code: string; message: string; path: string }): void {
    if (!this.#say("error", answer)) return;
    const at_ms = this.#now();
    this.#options.observations.add(this.#device ?? "", { type: "answered", at_ms, message: answer.message });
  }

  #subscribed(packet: Packet): void {
    const { id, topics } = decodeSubscribe(packet);
    const { observations } = this.#options;
    this.#topics.push(...topics);
    observations.add(this.#device ?? "", {
      type: "subscribed",
      at_ms: this.#now(),
      connection: this.#connection,
      topics,
    });
    this.#write(
      encodeSuback(
        id,
        topics.map(() => 1),
      ),
    );
  }

  #refuse(code: number): void {
    this.#cut = true;
    this.#socket.end(encodeConnack(code));
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#cut = true;
    this.#socket.destroy();
  }

  #write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** A device may be silent for so long; 0 is for ever. */
  #expectSomething(): void {
    this.#cancelSilence?.();
    if (this.#keepAlive_ms === 0) return;
    this.#cancelSilence = this.#options.clock.after(this.#keepAlive_ms, () => {
      if (this.#device !== undefined) {
        const silent = { type: "silent", at_ms: this.#now(), connection: this.#connection } as const;
        this.#options.observations.add(this.#device, silent);
      }
      this.drop();
    });
  }
}
