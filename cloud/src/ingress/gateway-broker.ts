import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Listen } from "@gengfu/shared/config/listen";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
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
import { parseUplinkTopic, type UplinkChannel } from "@gengfu/shared/uplink-protocol";
import { Aedes, type Client, type PublishPacket } from "aedes";
import { GatewaySession } from "./gateway-session.ts";

export interface GatewayBrokerOptions {
  readonly listen: Listen;
  readonly gateways: readonly { readonly id: string; readonly secret: string }[];
  /** Takes over what a gateway published: acknowledged once this resolves, sent again by the gateway if it rejects. */
  readonly take: (session: GatewaySession, channel: UplinkChannel, payload: Buffer) => Promise<void>;
  /** A connection of the gateway has come, and has ended. */
  readonly connected: (gateway: string) => void;
  readonly disconnected: (gateway: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const connections_max = 1_000;
/** A gateway has one; more stand for a moment when it comes back by another way. */
const connectionsOfGateway_max = 8;
const connectTimeout_ms = 10_000;
/** Before it has signed on, and after: ten thousand readings without any compression stay below. */
const packetBytes_max = { stranger: 4 * 1024, gateway: 4 * 1024 * 1024 };
const largePackets_bytes_max = 128 * 1024 * 1024;
const clientId_chars_max = 256;
const nothing = Buffer.alloc(0);

/** The MQTT broker of the gateways: who may come in, and that each is acknowledged in order what was taken over. */
export class GatewayBroker {
  readonly #options: GatewayBrokerOptions;
  readonly #passwords: Passwords;
  readonly #large = new LargePackets(largePackets_bytes_max);
  readonly #log: RepeatLog;
  readonly #sessions = new Map<Client, GatewaySession>();
  #aedes: Aedes | undefined;
  #server: SocketServer | undefined;
  #refused = 0;

  constructor(options: GatewayBrokerOptions) {
    this.#options = options;
    this.#passwords = new Passwords(options.gateways);
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  /** Connections of gateways that have signed on. */
  get connections(): number {
    return [...this.#sessions.values()].filter(({ isReady }) => isReady).length;
  }

  /** Sign-ons, topics and packets that were refused, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Resolves once gateways can connect; throws GengfuError `listen_failed`. */
  async start(): Promise<{ port: number }> {
    const { listen, logger } = this.#options;
    this.#aedes = this.#createAedes();
    await this.#aedes.listen();
    this.#server = new SocketServer({
      name: "the uplink",
      listen,
      connections_max,
      handshake_timeout_ms: connectTimeout_ms,
      onSocket: (socket) => this.#accept(socket),
      onDrop: () => this.#refuse("connections", {}, "too many connections; one was dropped"),
      onTlsError: (address, { message: reason }) =>
        this.#refuse(`tls ${address}`, { address, reason }, "a TLS handshake failed"),
    });
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
  }

  /** Tells a gateway something, at QoS 0; whoever isn't there misses it. */
  tell(topic: string, payload: Buffer): void {
    this.#aedes?.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, (error) => {
      // aedes says null as well as undefined where all is well
      if (error instanceof Error)
        this.#log.warn(`tell ${topic}`, { topic, reason: error.message }, "a gateway was not told");
    });
  }

  #createAedes(): Aedes {
    const aedes = new Aedes({
      connectTimeout: connectTimeout_ms,
      maxClientsIdLength: clientId_chars_max,
      preConnect: (_, packet, done) => {
        keepApart(packet);
        delete packet.will;
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        const refusal = this.#authenticate(client, username ?? "", password ?? nothing);
        if (refusal === undefined) done(null, true);
        else done(refusal, null);
      },
      authorizePublish: (client, packet, done) => {
        const session = client === null ? undefined : this.#sessions.get(client);
        if (session === undefined) return done(new Error("no session"));
        this.#publish(session, packet, done);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const session = this.#sessions.get(client);
        if (session?.subscribe(subscription.topic) === true) return done(null, subscription);
        const context = { ...session?.about, topic: subscription.topic.slice(0, 200) };
        this.#refuse(`subscribe ${session?.gateway}`, context, "a subscription was refused");
        done(null, null);
      },
    });
    aedes.on("clientReady", (client) => {
      const session = this.#sessions.get(client);
      if (session === undefined || session.isReady) return;
      session.isReady = true;
      this.#options.connected(session.gateway);
      this.#options.logger.info(session.about, "a gateway is connected");
    });
    for (const event of ["clientError", "connectionError"] as const) {
      aedes.on(event, (client, { message: reason }) => {
        const { gateway = "", address = addressOf(client) } = this.#sessions.get(client) ?? {};
        this.#log.warn(`error ${gateway} ${address}`, { gateway, address, reason }, "a connection was ended");
      });
    }
    const emitter: EventEmitter = aedes;
    emitter.on("error", (error) => this.#options.logger.error({ err: error }, "the uplink's broker failed"));
    return aedes;
  }

  #accept(socket: Socket): void {
    const aedes = this.#aedes;
    if (aedes === undefined) return void socket.destroy();
    const guard = new PacketGuard({
      connect_bytes_max: packetBytes_max.stranger,
      bytes_max: () => packetBytes_max[this.#sessions.has(client) ? "gateway" : "stranger"],
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
    const client = aedes.handle(socket);
    socket.once("close", () => {
      guard.release();
      this.#ended(client);
    });
  }

  #ended(client: Client): void {
    const session = this.#sessions.get(client);
    this.#sessions.delete(client);
    session?.end();
    if (session?.isReady !== true) return;
    this.#options.disconnected(session.gateway);
    this.#options.logger.info(session.about, "a gateway is gone");
  }

  #authenticate(client: Client, gateway: string, password: Uint8Array): SignOnRefusal | undefined {
    const refuse = (code: RefusalCode, reason: string): SignOnRefusal => {
      const about = { gateway: gateway.slice(0, 64), address: addressOf(client) };
      this.#refuse(`sign-on ${about.gateway} ${about.address}`, { ...about, reason }, "a sign-on was refused");
      return signOnRefusal(code, reason);
    };
    // a socket that has closed meanwhile would never take its session away again
    if (client.conn.destroyed) return signOnRefusal(refusedBecause.unavailable, "gone");
    if (!this.#passwords.accepts(gateway, password)) {
      return refuse(refusedBecause.credentials, "unknown gateway or wrong password");
    }
    const others = [...this.#sessions.values()].filter((session) => session.gateway === gateway);
    if (others.length >= connectionsOfGateway_max) {
      return refuse(refusedBecause.unavailable, "too many connections of this gateway");
    }
    this.#sessions.set(client, new GatewaySession(gateway, client));
    return undefined;
  }

  #publish(session: GatewaySession, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const topic = parseUplinkTopic(packet.topic);
    if (topic?.gateway !== session.gateway) {
      const context = { ...session.about, topic: packet.topic.slice(0, 200) };
      this.#refuse(`topic ${session.gateway}`, context, "a publish on a foreign topic");
      return done(new Error("not a topic of this gateway"));
    }
    const payload = packet.payload as Buffer;
    // nothing is routed or retained: what a gateway publishes goes to the log
    packet.retain = false;
    packet.payload = nothing;
    session.acks.hold(this.#options.take(session, topic.channel, payload), (error) => {
      if (!(error instanceof Error)) return done(null);
      const context = { ...session.about, reason: messageOf(error) };
      const what = "a batch could not be taken over; the gateway sends it again";
      this.#log.warn(`take ${session.gateway}`, context, what);
      done(new Error("not taken over", { cause: error }));
    });
  }

  #refuse(subject: string, context: object, what: string): void {
    this.#refused += 1;
    this.#log.warn(subject, context, what);
  }
}

function addressOf(client: Client): string {
  return (client.conn as Socket).remoteAddress ?? "";
}
