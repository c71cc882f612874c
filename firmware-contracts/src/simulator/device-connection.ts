import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Logger } from "@gengfu/shared/logging";
import { connect, type MqttClient } from "mqtt";
import { errorAnswerText } from "../contract/payloads.ts";
import { deviceTopic } from "../contract/topics.ts";
import type { Measurement } from "./moment.ts";
import { Outbox, type Waiting } from "./outbox.ts";

export interface DeviceConnectionOptions {
  /** Such as `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  readonly device: string;
  readonly secret: string;
  readonly boot: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with what keeps the device from its broker, each time that it tries. */
  readonly onTrouble: (reason: string) => void;
  readonly waiting_max?: number;
  readonly reconnect_ms?: number;
}

/** How many publishes may await their acknowledgement. */
const in_flight_max = 16;
/** What waited longer than this says so. */
const age_ms_min = 1_000;
const stop_ms_max = 2_000;

/**
 * One device's line to the edge, as firmware should have it: its own user, retained `online` and a last will of
 * `offline`, QoS 1, reconnects for ever, and keeps what can't go out in a bounded queue with its age. What was sent but
 * not acknowledged is repeated with the same `boot` and `seq` (mqtt.js keeps it over a reconnection).
 */
export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #outbox: Outbox;
  #client: MqttClient | undefined;
  #isReady = false;
  #inFlight = 0;
  #seq = 0;
  #published = 0;
  readonly #refusals = new Map<string, number>();

  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.waiting_max ?? 500);
  }

  start(): void {
    const { broker, device, secret, reconnect_ms = 2_000, logger, onTrouble } = this.#options;
    const client = connect(broker, {
      clientId: `${device}-simulator`,
      username: device,
      password: secret,
      protocolVersion: 4,
      keepalive: 30,
      reconnectPeriod: reconnect_ms,
      reconnectOnConnackError: true,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: deviceTopic(device, "state"), payload: Buffer.from("offline"), qos: 1, retain: true },
    });
    this.#client = client;
    client.on("connect", () => {
      this.#isReady = true;
      logger.debug({ device }, "connected");
      this.#send("state", "online", true);
      client.subscribe(deviceTopic(device, "error"), { qos: 1 }, (error) => {
        if (error !== null) logger.debug({ device, reason: error.message }, "answers of the edge can't be heard");
      });
      this.#pump();
    });
    client.on("close", () => {
      if (this.#isReady) onTrouble("connection lost");
      this.#isReady = false;
    });
    client.on("error", (error) => onTrouble(error.message === "" ? String(error) : error.message));
    client.on("message", (_topic, payload) => this.#hearAnswer(payload));
  }

  /** Takes a measurement; it goes out as soon as it can. */
  offer(measurement: Measurement): void {
    const dropped = this.#outbox.dropped;
    this.#outbox.push({ measurement, seq: ++this.#seq, measured_ms: this.#options.clock.monotonic() });
    if (dropped === 0 && this.#outbox.dropped > 0) {
      this.#options.logger.warn({ device: this.#options.device }, "the queue is full; the oldest samples are dropped");
    }
    this.#pump();
  }

  get stats(): { connected: number; published: number; waiting: number; dropped: number; refused: number } {
    return {
      connected: this.#isReady ? 1 : 0,
      published: this.#published,
      waiting: this.#outbox.length + this.#inFlight,
      dropped: this.#outbox.dropped,
      refused: [...this.#refusals.values()].reduce((sum, count) => sum + count, 0),
    };
  }

  /** Says `offline` and leaves; gives up on both after two seconds. */
  async stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    let said = false;
    if (this.#isReady) {
      this.#isReady = false;
      const goodbye = client.publishAsync(deviceTopic(this.#options.device, "state"), "offline", {
        qos: 1,
        retain: true,
      });
      const abandon = new AbortController();
      await Promise.race([
        goodbye.then(
          () => (said = true),
          () => (said = false),
        ),
        pause(this.#options.clock, stop_ms_max, abandon.signal),
      ]);
      abandon.abort();
    }
    // without an acknowledged goodbye the socket is cut, so that the last will speaks
    await client.endAsync(!said);
  }

  /** Logs the first answer of each code. */
  #hearAnswer(payload: Buffer): void {
    const result = errorAnswerText.safeParse(payload.toString("utf8"));
    const code = result.success ? result.data.code : "unknown";
    const count = this.#refusals.get(code) ?? 0;
    this.#refusals.set(code, count + 1);
    if (count > 0) return;
    const reason = result.success ? result.data.message : result.error.message;
    this.#options.logger.warn({ device: this.#options.device, code, reason }, "the edge put a publish into quarantine");
  }

  #pump(): void {
    while (this.#isReady && this.#inFlight < in_flight_max) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      this.#send(next.measurement.kind, JSON.stringify(this.#payload(next)), false);
    }
  }

  #payload({ measurement: { kind, fields }, seq, measured_ms }: Waiting): Record<string, string | number | boolean> {
    const age = Math.round(this.#options.clock.monotonic() - measured_ms);
    // a reader always says when the card was there; the others only where it matters
    const time = kind === "tap" || age >= age_ms_min ? { age } : {};
    return { ...fields, ...time, boot: this.#options.boot, seq };
  }

  #send(leaf: Parameters<typeof deviceTopic>[1], payload: string, retain: boolean): void {
    this.#inFlight++;
    this.#client?.publish(deviceTopic(this.#options.device, leaf), payload, { qos: 1, retain }, (error) => {
      this.#inFlight--;
      if (error === undefined || error === null) this.#published++;
      this.#pump();
    });
  }
}
