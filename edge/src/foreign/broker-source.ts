import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { backoff } from "@gengfu/shared/backoff";
import { messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { DeliveryTrails } from "../intake/delivery-trails.ts";
import type { Deliver } from "../intake/message.ts";
import type { Source } from "../sources/source.ts";
import type { Troubles } from "../troubles.ts";
import type { BridgeTaker } from "./bridge-taker.ts";
import { OriginTrails } from "./origin-trails.ts";

export interface BrokerSourceOptions {
  readonly taker: BridgeTaker;
  readonly trails: DeliveryTrails;
  readonly troubles: Troubles;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

const retry = { first_ms: 500, max_ms: 30_000 };
const connect_timeout_ms = 10_000;
const keepalive_s = 30;
const refused_from = 0x80;

/**
 * Fetches from a broker of the site, at QoS 1 and with a session that the broker keeps: what comes while the gateway is
 * away waits there. Each message is acknowledged once it is durable here; the client reads the next one after that.
 */
export class BrokerSource implements Source {
  readonly name: string;
  readonly #options: BrokerSourceOptions;
  readonly #log: RepeatLog;
  #stop = new AbortController();
  #run = Promise.resolve();

  constructor(options: BrokerSourceOptions) {
    this.#options = options;
    this.name = `foreign ${options.taker.config.id}`;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  /** What is not taken over stays with the broker. */
  get dropped(): number {
    return 0;
  }

  start(deliver: Deliver): Promise<void> {
    this.#stop = new AbortController();
    this.#run = this.#keepConnected(deliver, this.#stop.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#run;
    this.#options.taker.stop();
    this.#options.troubles.set(this.#subject, null);
  }

  get #subject(): string {
    return `foreign-broker ${this.#options.taker.config.id}`;
  }

  async #keepConnected(deliver: Deliver, signal: AbortSignal): Promise<void> {
    const { clock, random, troubles, taker } = this.#options;
    const { id, broker } = taker.config;
    let failures = 0;
    while (!signal.aborted) {
      const reason = await this.#connect(deliver, signal, () => {
        failures = 0;
        troubles.set(this.#subject, null);
      });
      if (signal.aborted) return;
      failures += 1;
      const host = broker === undefined ? "" : new URL(broker.url).host;
      this.#log.warn(reason, { bridge: id, host, reason }, "no connection to a broker of the site");
      troubles.set(this.#subject, {
        zh: `无法从 MQTT 服务器 ${host}(${id})取得数据:${reason}。请检查该服务器及账号。`,
        en: `Nothing can be fetched from the MQTT broker ${host} (${id}): ${reason}. Check it, and the account there.`,
      });
      await pause(clock, backoff(failures, random(), retry), signal);
    }
  }

  /** One connection; resolves with why it ended. */
  #connect(deliver: Deliver, signal: AbortSignal, isUp: () => void): Promise<string> {
    const { taker, trails } = this.#options;
    const { config, topics } = taker;
    const { id, secret, broker } = config;
    if (broker === undefined) return Promise.resolve("no broker is configured");
    const clientId = `gengfu-${id}`;
    const options: IClientOptions = {
      clientId,
      protocolVersion: 4,
      clean: false,
      reconnectPeriod: 0,
      resubscribe: false,
      connectTimeout: connect_timeout_ms,
      keepalive: keepalive_s,
      rejectUnauthorized: true,
      ...(broker.user === undefined ? {} : { username: broker.user }),
      ...(secret === undefined ? {} : { password: secret }),
      ...(broker.ca === undefined ? {} : { ca: broker.ca }),
    };
    return new Promise((resolve) => {
      const origins = new OriginTrails(trails, clientId);
      const client = connect(broker.url, options);
      let isOver = false;
      const end = (reason: string): void => {
        if (isOver) return;
        isOver = true;
        signal.removeEventListener("abort", abort);
        origins.close(false);
        client.end(true, () => resolve(reason));
      };
      const abort = (): void => end("the gateway is stopping");
      signal.addEventListener("abort", abort);
      const takeOne = (packet: IPublishPacket): Promise<void> | null => {
        const { topic, payload, qos, dup, retain, messageId } = packet;
        const delivery = { qos, dup, messageId };
        const bytes = typeof payload === "string" ? Buffer.from(payload, "utf8") : payload;
        return taker.take({ topic, payload: bytes, isOld: retain }, deliver, (device, message) =>
          origins.origin(device, message, delivery),
        );
      };
      const takeThen = async (packet: IPublishPacket, done: () => void): Promise<void> => {
        try {
          await takeOne(packet);
        } catch (error) {
          return end(`the gateway can't take it over: ${messageOf(error)}`);
        }
        if (!isOver) done();
      };
      // the PUBACK goes out when this calls back, and not at all where the connection is ended before
      client.handleMessage = (packet, done) => {
        if (!isOver) void takeThen(packet, done);
      };
      client.on("error", (error) => end(messageOf(error)));
      client.on("close", () => end("the connection was closed"));
      client.on("connect", () => {
        void subscribe(client, topics).then(isUp, (error: unknown) => end(messageOf(error)));
      });
    });
  }
}

/** Asks for all topics; rejects where one is refused. */
async function subscribe(client: MqttClient, topics: readonly string[]): Promise<void> {
  const grants = await client.subscribeAsync([...topics], { qos: 1 });
  const refused = grants.filter(({ qos }) => (qos as number) >= refused_from).map(({ topic }) => topic);
  if (refused.length > 0) throw new Error(`it refuses the topics ${refused.join(", ")}`);
}
