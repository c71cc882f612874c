import type { Logger } from "@gengfu/shared/logging";
import { isAside, laneOf, seriesOf, type StoredReading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import { LiveClient, type LiveSink } from "./live-client.ts";

export const liveEvents = ["reading", "alert", "round", "gateway"] as const;
export type LiveEventName = (typeof liveEvents)[number];

export const liveLimits = {
  /** A sample of a series is sent at most once in this time. */
  coalesce_ms: 250,
  heartbeat_ms: 15_000,
  clients_max: 200,
  /** Series that wait for the next sending, at most; beyond it the oldest sample goes. */
  samples_max: 5_000,
} as const;

export interface LiveHubOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How a reading is shown, as JSON-able data. */
  readonly show: (reading: StoredReading) => unknown;
}

/**
 * Fans out what happens to those who watch. Events go at once; of samples the newest of each series goes every quarter
 * of a second. While no one watches it costs nothing.
 */
export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #clients = new Set<LiveClient>();
  /** The newest sample of each series since the last sending, the longest waiting first. */
  readonly #samples = new Map<string, StoredReading>();
  #cancelFlush: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #dropped = 0;
  #disconnected = 0;
  #stopped = false;

  constructor(options: LiveHubOptions) {
    this.#options = options;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Samples dropped at a bound; those that a newer one of their series replaced don't count. */
  get dropped(): number {
    return [...this.#clients].reduce((sum, client) => sum + client.dropped, this.#dropped);
  }

  /** Clients that were disconnected since they did not read. */
  get disconnected(): number {
    return this.#disconnected;
  }

  /** Whether it takes no more clients. */
  get full(): boolean {
    return this.#stopped || this.#clients.size >= liveLimits.clients_max;
  }

  /** Takes a client in; the result ends its watch. */
  connect(sink: LiveSink): () => void {
    const client = new LiveClient(sink, () => {
      this.#disconnected += 1;
      this.#options.logger.info("a watcher that does not read was disconnected");
      this.#remove(client);
    });
    this.#clients.add(client);
    client.comment("hello", "retry: 2000\n");
    this.#cancelHeartbeat ??= this.#options.clock.after(liveLimits.heartbeat_ms, () => this.#heartbeat());
    return () => this.#remove(client);
  }

  readings(readings: Iterable<StoredReading>): void {
    if (this.#clients.size === 0) return;
    for (const reading of readings) {
      if (isAside(reading.kind)) continue;
      if (laneOf(reading.kind) === "events") this.#sendEvent("reading", this.#options.show(reading));
      else this.#keepSample(reading);
    }
  }

  alert(alert: unknown): void {
    this.#sendEvent("alert", alert);
  }

  round(round: unknown): void {
    this.#sendEvent("round", round);
  }

  gateway(gateway: unknown): void {
    this.#sendEvent("gateway", gateway);
  }

  /** Ends every watch and takes no more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelFlush?.();
    this.#cancelHeartbeat?.();
    for (const client of this.#clients) {
      this.#remove(client);
      client.end();
    }
  }

  #sendEvent(name: LiveEventName, data: unknown): void {
    if (this.#clients.size === 0) return;
    const text = frame(name, data);
    for (const client of this.#clients) client.event(text);
  }

  #keepSample(reading: StoredReading): void {
    const series = seriesOf(reading);
    const newest = this.#samples.get(series);
    if (newest !== undefined && newest.at > reading.at) return;
    this.#samples.set(series, reading);
    if (this.#samples.size > liveLimits.samples_max) {
      const oldest = this.#samples.keys().next();
      if (oldest.done !== true) this.#samples.delete(oldest.value);
      this.#dropped += 1;
    }
    this.#cancelFlush ??= this.#options.clock.after(liveLimits.coalesce_ms, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    for (const [series, reading] of this.#samples) {
      const text = frame("reading", this.#options.show(reading));
      for (const client of this.#clients) client.sample(series, text);
    }
    this.#samples.clear();
  }

  #heartbeat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(liveLimits.heartbeat_ms, () => this.#heartbeat());
    for (const client of this.#clients) client.heartbeat();
  }

  #remove(client: LiveClient): void {
    if (!this.#clients.delete(client)) return;
    this.#dropped += client.dropped;
    if (this.#clients.size > 0) return;
    this.#samples.clear();
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = undefined;
  }
}

function frame(name: LiveEventName, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
