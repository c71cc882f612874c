import { strict as assert } from "node:assert";
import type { Socket } from "node:net";
import { Aedes, type Client, type PublishPacket } from "aedes";
import type { Listen } from "@gengfu/shared/config/listen";
import { messageOf } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { LargePackets, PacketGuard } from "@gengfu/shared/mqtt/packet-guard";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import {
  keepApart,
  refusedBecause,
  signOnRefusal,
  type RefusalCode,
  type SignOnRefusal,
} from "@gengfu/shared/mqtt/sign-on";
import { filterSocket } from "@gengfu/shared/mqtt/socket-filter";
import { SocketServer } from "@gengfu/shared/mqtt/socket-server";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import { gatewayStatus, parseUplinkTopic, uplinkTopics, type CloudTime } from "@gengfu/shared/uplink-protocol";
import type { GatewayRegistry } from "../gateways/registry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { BatchIntake, type IntakeStats } from "./batch-intake.ts";
import { BatchQuarantine, type QuarantinedBatch } from "./batch-quarantine.ts";

export interface IngressOptions {
  readonly listen: Listen;
  readonly gateways: readonly { readonly id: string; readonly secret: string }[];
  /** Batches that can't be decoded; its folder must exist. */
  readonly quarantineFile: string;
  readonly log: Log<StoredReading>;
  /** Started before the ingress and stopped after it. */
  readonly ledger: Pick<Ledger, "claim">;
  readonly registry: Pick<GatewayRegistry, "connected" | "disconnected" | "heard" | "status">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface IngressStats extends IntakeStats {
  /** Connections of gateways that have signed on. */
  readonly connections: number;
  /** Batches that could not be decoded, since the start. */
  readonly quarantined: number;
  /** Of those in quarantine, how many the bound has pushed out since the start. */
  readonly quarantineDropped: number;
  /** Sign-ons, topics, packets and statuses that were refused, since the start. */
  readonly refused: number;
}

const connections_max = 1_000;
/** A gateway has one; more stand for a moment when it comes back by another way. */
const connectionsOfGateway_max = 8;
const subscriptions_max = 16;
const connectTimeout_ms = 10_000;
/** Before it has signed on, and after: ten thousand readings without any compression stay below. */
const packetBytes_max = { stranger: 4 * 1024, gateway: 4 * 1024 * 1024 };
const largePackets_bytes_max = 128 * 1024 * 1024;
const statusBytes_max = 64 * 1024;
const clientId_chars_max = 256;

interface Session {
  readonly gateway: string;
  readonly address: string;
  readonly gone: AbortController;
  isReady: boolean;
  subscriptions: number;
  /** Ends when all publishes up to now are acknowledged: PUBACKs go out in the order of the publishes [MQTT-4.6.0-2]. */
  acknowledged: Promise<void>;
}

export function createIngress(options: IngressOptions): Ingress {
  return new Ingress(options);
}

/** The broker of the gateways: takes their batches over, and answers once they are on the cloud's disk. */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #passwords: Passwords;
  readonly #large = new LargePackets(largePackets_bytes_max);
  readonly #intake: BatchIntake;
  readonly #log: RepeatLog;
  readonly #sessions = new Map<Client, Session>();
  #quarantine: BatchQuarantine | undefined;
  #aedes: Aedes | undefined;
  #server: SocketServer | undefined;
  #quarantined = 0;
  #refused = 0;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#passwords = new Passwords(options.gateways);
    this.#log = new RepeatLog(options.logger, options.clock);
    this.#intake = new BatchIntake({
      log: options.log,
      ledger: options.ledger,
      setAside: ({ gateway, lane, body, code, message }) => {
        this.#quarantined += 1;
        const topic = uplinkTopics.batch(gateway, lane);
        assert(this.#quarantine !== undefined, "batches come between start and stop");
        this.#quarantine.add({ at: options.clock.now(), gateway, topic, code, message, body });
        this.#log.warn(
          `quarantine ${gateway} ${code}`,
          { gateway, code, reason: message },
          "a batch went to quarantine",
        );
      },
    });
  }

  /** Resolves once gateways can connect; throws GengfuError `listen_failed`. */
  async start(): Promise<{ port: number }> {
    const { listen, logger, quarantineFile } = this.#options;
    this.#quarantine = new BatchQuarantine(quarantineFile, logger);
    this.#aedes = this.#createBroker();
    await this.#aedes.listen();
    this.#server = this.#createServer();
    try {
      const { port } = await this.#server.start();
      logger.info({ host: listen.host, port, tls: listen.tls !== undefined }, "gateways can connect");
      return { port };
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends all connections. What is not acknowledged by then the gateways send again. */
  async stop(): Promise<void> {
    const connections = this.#server?.close();
    const aedes = this.#aedes;
    this.#server = undefined;
    this.#aedes = undefined;
    if (aedes !== undefined) await new Promise<void>((resolve) => aedes.close(resolve));
    await connections?.end();
    this.#quarantine?.close();
    this.#quarantine = undefined;
  }

  stats(): IngressStats {
    return {
      ...this.#intake.stats(),
      connections: [...this.#sessions.values()].filter(({ isReady }) => isReady).length,
      quarantined: this.#quarantined,
      quarantineDropped: this.#quarantine?.dropped ?? 0,
      refused: this.#refused,
    };
  }

  /** Batches in quarantine, newest first; none before the start. */
  quarantine(limit: number): QuarantinedBatch[] {
    return this.#quarantine?.list(limit) ?? [];
  }

  #createServer(): SocketServer {
    return new SocketServer({
      name: "the uplink",
      listen: this.#options.listen,
      connections_max,
      handshake_timeout_ms: connectTimeout_ms,
      onSocket: (socket) => this.#accept(socket),
      onDrop: () => this.#refuse("connections", {}, "too many connections; one was dropped"),
      onTlsError: (address, { message: reason }) =>
        this.#refuse(`tls ${address}`, { address, reason }, "a TLS handshake failed"),
    });
  }

  #createBroker(): Aedes {
    const aedes = new Aedes({
      connectTimeout: connectTimeout_ms,
      maxClientsIdLength: clientId_chars_max,
      preConnect: (_, packet, done) => {
        keepApart(packet);
        delete packet.will;
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        const refusal = this.#authenticate(client, username ?? "", password ?? new Uint8Array());
        if (refusal === undefined) done(null, true);
        else done(refusal, null);
      },
      authorizePublish: (client, packet, done) => {
        const session = client === null ? undefined : this.#sessions.get(client);
        if (client === null || session === undefined) return done(new Error("no session"));
        this.#publish(client, session, packet, done);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const session = this.#sessions.get(client);
        if (session !== undefined && mayHave(session, subscription.topic)) {
          session.subscriptions += 1;
          return done(null, subscription);
        }
        this.#refuse(
          `subscribe ${session?.gateway}`,
          { ...named(session), topic: subscription.topic },
          "a subscription was refused",
        );
        done(null, null);
      },
    });
    aedes.on("clientReady", (client) => {
      const session = this.#sessions.get(client);
      if (session === undefined || session.isReady) return;
      session.isReady = true;
      this.#options.registry.connected(session.gateway);
      this.#options.logger.info(named(session), "a gateway is connected");
    });
    aedes.on("clientError", (client, error) => {
      const session = this.#sessions.get(client);
      this.#log.warn(
        `error ${session?.gateway}`,
        { ...named(session), reason: error.message },
        "a connection was ended",
      );
    });
    aedes.on("connectionError", (client, error) => {
      const { remoteAddress: address = "" } = client.conn as Socket;
      this.#log.warn(`error ${address}`, { address, reason: error.message }, "a connection was ended");
    });
    return aedes;
  }

  #accept(socket: Socket): void {
    const aedes = this.#aedes;
    if (aedes === undefined) return void socket.destroy();
    let client: Client | undefined;
    const isStranger = (): boolean => client === undefined || !this.#sessions.has(client);
    const guard = new PacketGuard({
      connect_bytes_max: packetBytes_max.stranger,
      bytes_max: () => packetBytes_max[isStranger() ? "stranger" : "gateway"],
      large: this.#large,
    });
    const address = socket.remoteAddress ?? "";
    filterSocket(socket, {
      isPaused: () => false,
      pass: (chunk) => {
        const refusal = guard.pass(chunk);
        if (refusal === undefined) return chunk;
        this.#refuse(`${refusal} ${address}`, { address, refusal }, "a connection sent what can't be taken; dropped");
        return undefined;
      },
    });
    client = aedes.handle(socket);
    const ended = client;
    socket.once("close", () => {
      guard.release();
      this.#ended(ended);
    });
  }

  #ended(client: Client): void {
    const session = this.#sessions.get(client);
    this.#sessions.delete(client);
    session?.gone.abort(new Error("the gateway is gone"));
    if (session?.isReady !== true) return;
    this.#options.registry.disconnected(session.gateway);
    this.#options.logger.info(named(session), "a gateway is gone");
  }

  #authenticate(client: Client, gateway: string, password: Uint8Array): SignOnRefusal | undefined {
    const { remoteAddress: address = "" } = client.conn as Socket;
    const refuse = (code: RefusalCode, reason: string): SignOnRefusal => {
      const name = gateway.slice(0, 64);
      this.#refuse(`sign-on ${name} ${address}`, { gateway: name, address, reason }, "a sign-on was refused");
      return signOnRefusal(code, reason);
    };
    // a socket that has closed meanwhile would never take its session away again
    if (client.conn.destroyed) return signOnRefusal(refusedBecause.unavailable, "gone");
    if (!this.#passwords.accepts(gateway, password))
      return refuse(refusedBecause.credentials, "unknown gateway or wrong password");
    const others = [...this.#sessions.values()].filter((session) => session.gateway === gateway);
    if (others.length >= connectionsOfGateway_max)
      return refuse(refusedBecause.unavailable, "too many connections of this gateway");
    this.#sessions.set(client, {
      gateway,
      address,
      gone: new AbortController(),
      isReady: false,
      subscriptions: 0,
      acknowledged: Promise.resolve(),
    });
    return undefined;
  }

  #publish(client: Client, session: Session, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const topic = parseUplinkTopic(packet.topic);
    if (topic?.gateway !== session.gateway) {
      const shown = packet.topic.slice(0, 200);
      this.#refuse(`topic ${session.gateway}`, { ...named(session), topic: shown }, "a publish on a foreign topic");
      return done(new Error("not a topic of this gateway"));
    }
    const payload = packet.payload as Buffer;
    // nothing is routed or retained: what a gateway publishes goes to the log
    packet.retain = false;
    packet.payload = nothing;
    const { registry } = this.#options;
    registry.heard(session.gateway);
    let durable = Promise.resolve();
    if (topic.channel === "status") this.#takeStatus(session, payload);
    else durable = this.#intake.take(session.gateway, topic.channel, payload, session.gone.signal);
    session.acknowledged = acknowledgeAfter(session.acknowledged, durable, (error) => {
      // whoever is gone sends it again, and finds it known
      if (client.closed) return;
      if (error !== undefined) {
        const context = { ...named(session), reason: messageOf(error) };
        this.#log.warn(
          `take ${session.gateway}`,
          context,
          "a batch could not be taken over; the gateway sends it again",
        );
      }
      done(error === undefined ? null : new Error("not taken over", { cause: error }));
    });
  }

  #takeStatus(session: Session, payload: Buffer): void {
    const status = payload.length > statusBytes_max ? undefined : gatewayStatus.safeParse(parseJson(payload)).data;
    if (status?.gateway !== session.gateway) {
      this.#refuse(`status ${session.gateway}`, named(session), "a status that breaks its schema; it was ignored");
      return;
    }
    this.#options.registry.status(session.gateway, status);
    if (status.asked_ms !== undefined) this.#tellTime(session.gateway, status.asked_ms);
  }

  /** A gateway without a battery clock has no other time until a time service reaches it. */
  #tellTime(gateway: string, asked_ms: number): void {
    const time: CloudTime = { at: this.#options.clock.now(), asked_ms };
    const payload = Buffer.from(JSON.stringify(time));
    const topic = uplinkTopics.time(gateway);
    this.#aedes?.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, (error) => {
      // aedes says null as well as undefined where all is well
      if (error instanceof Error)
        this.#log.warn(`time ${gateway}`, { gateway, reason: error.message }, "no time was told");
    });
  }

  #refuse(subject: string, context: Record<string, unknown>, what: string): void {
    this.#refused += 1;
    this.#log.warn(subject, context, what);
  }
}

const nothing = Buffer.alloc(0);

/** Settles what one publish waits for after all before it; never rejects. */
async function acknowledgeAfter(
  before: Promise<void>,
  durable: Promise<void>,
  acknowledge: (error?: unknown) => void,
): Promise<void> {
  const outcome = durable.then(
    () => ({ error: undefined }),
    (error: unknown) => ({ error }),
  );
  await before;
  acknowledge((await outcome).error);
}

function mayHave({ gateway, subscriptions }: Session, topic: string): boolean {
  return subscriptions < subscriptions_max && topic.startsWith(uplinkTopics.downlink(gateway).slice(0, -"#".length));
}

function named(session: Session | undefined): { gateway: string; address: string } {
  return { gateway: session?.gateway ?? "", address: session?.address ?? "" };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    // the schema refuses it
    return undefined;
  }
}
