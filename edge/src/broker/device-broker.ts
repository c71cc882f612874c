import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { deviceTopic } from "@gengfu/firmware-contracts/contract/topics";
import { parsePublish } from "@gengfu/firmware-contracts/parse";
import type { Listen } from "@gengfu/shared/config/listen";
import type { Logger } from "@gengfu/shared/logging";
import type { Acknowledge } from "@gengfu/shared/mqtt/ack-queue";
import { LargePackets, PacketGuard } from "@gengfu/shared/mqtt/packet-guard";
import type { Passwords } from "@gengfu/shared/mqtt/passwords";
import { keepApart, refusedBecause, signOnRefusal, type RefusalCode } from "@gengfu/shared/mqtt/sign-on";
import { filterSocket } from "@gengfu/shared/mqtt/socket-filter";
import { SocketServer } from "@gengfu/shared/mqtt/socket-server";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import type { AedesOptions, AuthenticateError, Client, ConnectPacket, PublishPacket, Subscription } from "aedes";
import type { DeliveryTrails } from "../intake/delivery-trails.ts";
import type { Deliver } from "../intake/message.ts";
import type { Quarantine } from "../intake/quarantine.ts";
import type { Troubles } from "../troubles.ts";
import { FloodWatch } from "./flood-watch.ts";
import type { ForeignDoor } from "./foreign-door.ts";
import { PublishLane } from "./publish-lane.ts";
import { PublishTaker } from "./publish-taker.ts";
import type { BrokerLimits } from "./schema.ts";
import { Session } from "./session.ts";
import { UnroutedAedes } from "./unrouted-aedes.ts";

export interface DeviceBrokerOptions {
  readonly listen: Listen;
  readonly limits: BrokerLimits;
  readonly passwords: Passwords;
  readonly deliver: Deliver;
  /** Whether nothing can be taken over for now; devices that sign on are then asked to come again later. */
  readonly isFull: () => boolean;
  /** Whether much waits for the disk: those who flood the gateway are then held back, so that the others aren't. */
  readonly isPressed: () => boolean;
  readonly trails: DeliveryTrails;
  readonly quarantine: Quarantine;
  /** Who signs on and doesn't speak the contract. */
  readonly foreign: ForeignDoor;
  readonly troubles: Pick<Troubles, "set">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Bytes that are read at a time from a device that has a limit: what it may be beyond that before it is noticed. */
const limitedRead_bytes_max = 1_024;
const clientId_chars_max = 128;
/** Publishes of one connection that wait for the disk; with more, nothing further is read from it. */
const laneHeld_max = 1_024;
/** The same for a device that floods the gateway, while much waits for the disk. */
const pressedHeld_max = 16;
const connect_bytes_max = 16 * 1024;
const largePackets_bytes_max = 32 * 1024 * 1024;
const nothing = Buffer.alloc(0);

/**
 * The MQTT broker of the devices. A publish is acknowledged once the intake has made it durable; it is routed to
 * nobody, but for the retained `state` and the broker's own answers on `error` and `feedback`. No session outlives its connection.
 */
export class DeviceBroker {
  readonly #options: DeviceBrokerOptions;
  readonly #sessions = new WeakMap<Client, Session>();
  readonly #large = new LargePackets(largePackets_bytes_max);
  readonly #log: RepeatLog;
  readonly #taker: PublishTaker;
  readonly #floods: FloodWatch;
  #aedes: UnroutedAedes | undefined;
  #server: SocketServer | undefined;
  #stopping = false;

  constructor(options: DeviceBrokerOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
    const { limits, troubles, clock } = options;
    this.#floods = new FloodWatch({ limits: limits.flood, troubles, clock, log: this.#log });
    this.#taker = new PublishTaker({
      deliver: options.deliver,
      quarantine: options.quarantine,
      answer: (device, payload) => void this.tell(device, "error", payload),
      log: this.#log,
    });
  }

  /** Messages of devices that sent more than they may, at QoS 0. */
  get dropped(): number {
    return this.#floods.dropped;
  }

  /** Listens; resolves with the address, whose port is the one taken where 0 was asked for. */
  async start(): Promise<{ host: string; port: number }> {
    const aedes = new UnroutedAedes(this.#hooks(), (client, packet) => {
      return packet.retain && packet.topic === this.#sessions.get(client)?.stateTopic;
    });
    await aedes.listen();
    aedes.on("clientReady", (client) => this.#sessions.get(client)?.lane.open());
    aedes.on("unsubscribe", (topics, client) => {
      for (const topic of topics) this.#sessions.get(client)?.subscriptions.delete(topic);
    });
    aedes.on("keepaliveTimeout", (client) => this.#tell(client, "silent", "a device's connection fell silent"));
    aedes.on("clientError", (client, error) =>
      this.#options.logger.debug({ err: error, client: client.id }, "connection lost"),
    );
    const emitter: EventEmitter = aedes;
    emitter.on("error", (error) => this.#options.logger.error({ err: error }, "the device broker failed at something"));
    this.#aedes = aedes;
    const { listen, limits } = this.#options;
    this.#server = new SocketServer({
      name: "the device broker",
      listen,
      connections_max: limits.connections_max,
      handshake_timeout_ms: limits.connect_timeout,
      onSocket: (socket) => this.#accept(aedes, socket),
      onDrop: () => this.#log.warn("connections", {}, "too many connections of devices; dropped one"),
      onTlsError: (address, error) => {
        this.#log.warn(`tls ${address}`, { err: error, address }, "a device's TLS handshake failed");
      },
    });
    this.#floods.start();
    try {
      return await this.#server.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Says something to a device that has subscribed to it; resolves when that is handed to its connections. */
  tell(device: string, leaf: "error" | "feedback", payload: Buffer): Promise<void> {
    const topic = deviceTopic(device, leaf);
    return new Promise((resolve) => {
      if (this.#aedes === undefined) return resolve();
      const packet = { cmd: "publish", topic, payload, qos: 0, retain: false, dup: false } as const;
      return this.#aedes.publish(packet, null, () => resolve());
    });
  }

  /** Ends every connection. Wills are left out: it is not the devices that went away. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#floods.stop();
    const connections = this.#server?.close();
    await new Promise<void>((resolve) => {
      if (this.#aedes === undefined) resolve();
      else this.#aedes.close(() => resolve());
    });
    await connections?.end();
  }

  #accept(aedes: UnroutedAedes, socket: Socket): void {
    const { limits, trails, clock } = this.#options;
    const guard = new PacketGuard({
      connect_bytes_max,
      bytes_max: () => limits.packet_bytes_max,
      large: this.#large,
    });
    const address = socket.remoteAddress ?? "";
    const lane = new PublishLane(
      ({ topic, payload, messageId, dup }) => {
        const publish = { topic, payload, messageId, dup, qos: 1, isWill: false };
        session.meter?.took(1);
        if (session.foreign !== null) return this.#taker.takeForeign(session, session.foreign, publish, messageId);
        return this.#taker.take(session, publish, parsePublish(session.device, topic, payload), messageId);
      },
      () => session.showsItIsAlive(clock.monotonic()),
    );
    filterSocket(socket, {
      isPaused: () => this.#isPaused(session),
      bytes_max: () => (session.meter?.isLimited === true ? limitedRead_bytes_max : undefined),
      pass: (chunk) => {
        const refusal = guard.pass(chunk);
        if (refusal === undefined) return lane.pass(chunk);
        this.#tell(client, refusal, "a connection sent what can't be taken; dropped", { refusal });
        return undefined;
      },
    });
    const client = aedes.handle(socket);
    const session = new Session({ client, socket, lane, address, resumeBelow: laneHeld_max / 2 });
    this.#sessions.set(client, session);
    socket.once("close", () => {
      guard.release();
      if (session.trail !== null) trails.close(session.trail, guard.saidGoodbye);
      session.close(guard.saidGoodbye);
    });
  }

  #isPaused(session: Session): boolean {
    const { acks, meter } = session;
    if (acks.held >= laneHeld_max) return true;
    if (meter === null) return false;
    if (meter.isFlooding && acks.held >= pressedHeld_max && this.#options.isPressed()) return true;
    const { pause_ms } = meter;
    if (pause_ms > 0) session.resumeIn(this.#options.clock, pause_ms);
    return pause_ms > 0;
  }

  #hooks(): AedesOptions {
    return {
      connectTimeout: this.#options.limits.connect_timeout,
      maxClientsIdLength: 1_024,
      // what a client sends before its CONNACK is bounded by one read of the socket
      queueLimit: 10_000,
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, _, password, done) => this.#authenticate(client, password, done),
      authorizePublish: (client, packet, done) => this.#publish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.#subscribe(client, subscription, done),
    };
  }

  #preConnect(client: Client, packet: ConnectPacket, done: (error: Error | null, success: boolean) => void): void {
    this.#sessions.get(client)?.claim(packet);
    keepApart(packet);
    done(null, true);
  }

  #authenticate(
    client: Client,
    password: Readonly<Buffer | undefined>,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return done(signOnRefusal(refusedBecause.unavailable, "the broker is stopping"), null);
    const { passwords, isFull, trails, foreign } = this.#options;
    const { device, clientId, address, will } = session;
    const refuse = (returnCode: RefusalCode, reason: string): void => {
      const named = device.slice(0, 64);
      this.#log.warn(`${returnCode} ${named} ${address}`, { device: named, address, reason }, "a device was refused");
      done(signOnRefusal(returnCode, reason), null);
    };
    if (!passwords.accepts(device, password ?? nothing)) {
      if (!passwords.knows(device)) foreign.refused(device === "" ? clientId : device);
      const reason = passwords.knows(device) ? "wrong password" : "unknown device";
      return refuse(refusedBecause.credentials, reason);
    }
    // before its will is looked at: that is on a topic of its own
    session.foreign = foreign.open(device, clientId) ?? null;
    if (clientId.length > clientId_chars_max) return refuse(refusedBecause.identifier, "the client id is too long");
    if (will !== undefined && !session.owns(will.topic)) {
      return refuse(refusedBecause.not_authorised, "its will is for a topic that isn't the device's own");
    }
    if (isFull()) return refuse(refusedBecause.unavailable, "too much waits for the disk");
    session.trail = trails.open(device, clientId);
    session.meter = this.#floods.meter(device);
    done(null, true);
  }

  #subscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.get(client);
    const { topic } = subscription;
    const isRoom =
      session?.subscriptions.has(topic) === true ||
      (session?.subscriptions.size ?? 0) < this.#options.limits.subscriptions_max;
    if (session?.owns(topic) === true && isRoom) {
      session.subscriptions.add(topic);
      return done(null, subscription);
    }
    this.#tell(client, "subscription", "a device's subscription was refused", { topic: topic.slice(0, 256) });
    done(null, null);
  }

  /** Called by aedes for wills and for publishes that did not take the lane, before anything is acknowledged. */
  #publish(client: Client | null, packet: PublishPacket, acknowledge: Acknowledge): void {
    const session = client === null ? undefined : this.#sessions.get(client);
    if (client === null || session === undefined || session.trail === null) return acknowledge(notTaken("no session"));
    const isWill = (packet as object) === session.will;
    if (isWill && this.#stopping) return acknowledge(notTaken("the broker is stopping"));
    const publish = { ...packet, payload: packet.payload as Buffer, isWill };
    // a last will is said once, and by the broker
    if (!isWill && session.meter?.took(publish.qos) === false) return acknowledge();
    if (session.foreign !== null) {
      // neither kept nor handed on: what it tells goes to the log
      packet.payload = nothing;
      packet.retain = false;
      return this.#taker.takeForeign(session, session.foreign, publish, acknowledge);
    }
    const verdict = parsePublish(session.device, publish.topic, publish.payload);
    // what the broker keeps of a publish at QoS 2 until its PUBREL is the id, not the content
    if (verdict.verdict !== "state") packet.payload = nothing;
    if (verdict.verdict === "quarantine") packet.retain = false;
    this.#taker.take(session, publish, verdict, acknowledge);
  }

  #tell(client: Client, subject: string, what: string, context: Record<string, unknown> = {}): void {
    const { device = "", address = "" } = this.#sessions.get(client) ?? {};
    this.#log.warn(`${subject} ${device}`, { device, address, ...context }, what);
  }
}

function notTaken(reason: string): Error {
  return new Error(`not taken over: ${reason}`);
}
