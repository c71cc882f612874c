import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Logger } from "@gengfu/shared/logging";
import { errorAnswerText } from "../contract/payloads.ts";
import { deviceTopic } from "../contract/topics.ts";
import { Line } from "../mqtt/line.ts";
import type { Measurement } from "./moment.ts";
import { noise } from "./noise.ts";
import { Outbox, type Waiting } from "./outbox.ts";

export interface DeviceConnectionOptions {
  /** Such as `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  readonly device: string;
  readonly secret: string;
  readonly boot: number;
  /** By which the age of a measurement is taken. */
  readonly clock: Clock;
  /** By which the line keeps its timeouts and reconnects; `clock` unless given. */
  readonly lineClock?: Clock;
  readonly logger: Logger;
  /** Called with what keeps the device from its broker, each time that it tries. */
  readonly onTrouble: (reason: string) => void;
  readonly waiting_max?: number;
  /** The first wait before it tries again. */
  readonly reconnect_ms?: number;
}

export interface DeviceStats {
  readonly connected: number;
  readonly published: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly refused: number;
}

interface UnderWay {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
}

/** How many publishes may await their acknowledgement. */
const in_flight_max = 16;
/** What waited longer than this says so. */
const age_ms_min = 1_000;
const stop_ms_max = 2_000;
/** Shorter than the minute that firmware should go up to: somebody is watching. */
const reconnect_ms_max = 10_000;
const powerLost = "power lost";
const offline = Buffer.from("offline");

/**
 * One device's line to the edge, as firmware should have it: its own user, retained `online` and a last will of
 * `offline`, QoS 1, reconnects for ever with growing waits, and keeps what can't go out in a bounded queue with its age.
 * What was sent but not acknowledged is repeated byte for byte, before all else.
 */
export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #lineClock: Clock;
  readonly #outbox: Outbox;
  readonly #underWay = new Map<number, UnderWay>();
  readonly #refusals = new Map<string, number>();
  readonly #stateTopic: string;
  #line: Line | undefined;
  #cancelRetry: (() => void) | undefined;
  #ended: (() => void) | undefined;
  #isReady = false;
  #stopping = false;
  #failures = 0;
  #boot: number;
  #seq = 0;
  #id = 0;
  #published = 0;

  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    this.#lineClock = options.lineClock ?? options.clock;
    this.#boot = options.boot;
    this.#outbox = new Outbox(options.waiting_max ?? 500);
    this.#stateTopic = deviceTopic(options.device, "state");
  }

  start(): void {
    const { broker, device, secret } = this.#options;
    const options = {
      broker: new URL(broker),
      clientId: `${device}-simulator`,
      user: device,
      password: secret,
      keepAlive_s: 30,
      will: { topic: this.#stateTopic, payload: offline, qos: 1, retain: true },
      clock: this.#lineClock,
    };
    const line = new Line(options, {
      onReady: () => this.#welcome(),
      onAcknowledged: (id) => this.#acknowledged(id),
      onMessage: ({ payload }) => this.#hearAnswer(payload),
      onClosed: (reason) => this.#closed(reason),
    });
    this.#line = line;
    line.start();
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

  /** The power fails and returns: nothing that waited is left, boot counts up, seq begins anew. */
  reboot(): void {
    this.#underWay.clear();
    this.#outbox.clear();
    this.#boot++;
    this.#seq = 0;
    this.#line?.drop(powerLost);
  }

  get stats(): DeviceStats {
    return {
      connected: this.#isReady ? 1 : 0,
      published: this.#published,
      waiting: this.#outbox.length + this.#underWay.size,
      dropped: this.#outbox.dropped,
      refused: [...this.#refusals.values()].reduce((sum, count) => sum + count, 0),
    };
  }

  /** Says `offline` and leaves; gives up on both after two seconds. */
  async stop(): Promise<void> {
    this.#cancelRetry?.();
    this.#stopping = true;
    if (this.#line === undefined) return;
    const ended = new Promise<void>((resolve) => (this.#ended = resolve));
    if (this.#isReady) this.#send(this.#stateTopic, offline, true);
    else this.#line.drop("ended");
    const abandon = new AbortController();
    await Promise.race([ended, pause(this.#lineClock, stop_ms_max, abandon.signal)]);
    abandon.abort();
    // without an acknowledged goodbye the socket is cut, so that the last will speaks
    this.#line?.drop("ended");
  }

  #welcome(): void {
    const { device, logger } = this.#options;
    this.#isReady = true;
    this.#failures = 0;
    logger.debug({ device }, "connected");
    const again = [...this.#underWay].filter(([, { topic }]) => topic !== this.#stateTopic);
    this.#underWay.clear();
    this.#send(this.#stateTopic, Buffer.from("online"), true);
    this.#line?.subscribe(this.#nextId(), deviceTopic(device, "error"));
    for (const [id, publish] of again) {
      this.#underWay.set(id, publish);
      this.#line?.publish({ ...publish, id, qos: 1, dup: true });
    }
    this.#pump();
  }

  #closed(reason: string): void {
    const { onTrouble, device, reconnect_ms = 1_000 } = this.#options;
    this.#isReady = false;
    this.#line = undefined;
    if (this.#stopping) return this.#ended?.();
    if (reason !== powerLost) onTrouble(reason);
    const wait_ms = Math.min(reconnect_ms * 2 ** this.#failures, Math.max(reconnect_ms, reconnect_ms_max));
    this.#failures++;
    // apart from each other, so that a site's devices don't all come back at once
    const share = 0.75 + 0.5 * noise(this.#boot, device, this.#failures);
    this.#cancelRetry = this.#lineClock.after(wait_ms * share, () => this.start());
  }

  #acknowledged(id: number): void {
    const publish = this.#underWay.get(id);
    if (publish === undefined) return;
    this.#underWay.delete(id);
    this.#published++;
    if (this.#stopping && publish.payload === offline) return this.#line?.end();
    this.#pump();
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
    while (this.#isReady && !this.#stopping && this.#underWay.size < in_flight_max) {
      const next = this.#outbox.shift();
      if (next === undefined) return;
      const topic = deviceTopic(this.#options.device, next.measurement.kind);
      this.#send(topic, Buffer.from(JSON.stringify(this.#payload(next))), false);
    }
  }

  #payload({ measurement: { kind, fields }, seq, measured_ms }: Waiting): Record<string, string | number | boolean> {
    const age = Math.round(this.#options.clock.monotonic() - measured_ms);
    // a reader always says when the card was there; the others only where it matters, and none that says the time itself
    const time = fields["at"] === undefined && (kind === "tap" || age >= age_ms_min) ? { age } : {};
    return { ...fields, ...time, boot: this.#boot, seq };
  }

  #send(topic: string, payload: Buffer, retain: boolean): void {
    const id = this.#nextId();
    this.#underWay.set(id, { topic, payload, retain });
    this.#line?.publish({ topic, payload, retain, id, qos: 1, dup: false });
  }

  #nextId(): number {
    do this.#id = (this.#id % 65_535) + 1;
    while (this.#underWay.has(this.#id));
    return this.#id;
  }
}
