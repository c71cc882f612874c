import type { Clock } from "@gengfu/shared/time/clock";
import { pause } from "@gengfu/shared/time/clock";
import type { Api } from "../api/endpoints.ts";
import { ApiError, type Failure } from "../api/http.ts";
import type { LiveStream, LiveStreamOptions } from "../api/live-stream.ts";
import type { LiveEvent } from "../api/types.ts";
import { dateOf } from "../text/zone.ts";
import { applyEvents } from "./apply.ts";
import { Batcher } from "./batch.ts";
import { type ConnectionEvent, stepConnection } from "./connection.ts";
import { fetchEssentials, fetchHistories, seenOf, withHistory, worldOf } from "./load.ts";
import { NotificationWatch } from "./notification-watch.ts";
import type { Store } from "./store.ts";
import { bounds } from "./world.ts";

type StreamCallbacks = Pick<LiveStreamOptions, "onOpen" | "onHeard" | "onEvent" | "onLost">;

export interface SyncOptions {
  readonly api: Api;
  readonly store: Store;
  readonly clock: Clock;
  /** The service's time, epoch milliseconds. */
  readonly now: () => number;
  readonly openStream: (callbacks: StreamCallbacks) => LiveStream;
  /** Calls back once, when it is time to draw. */
  readonly schedule: (callback: () => void) => void;
}

/** Events that may wait to be drawn, some twenty seconds at a thousand a second. */
const waiting_max = 20_000;
const retry_ms = 3_000;
const pollDevices_ms = 15_000;
const pollQuarantine_ms = 60_000;

/**
 * Keeps the store as the service has it: the live stream first, then everything fetched while its events wait, then
 * the events. So nothing falls between the two, and after a gap all of it is fetched anew.
 */
export class Sync {
  readonly #options: SyncOptions;
  readonly #batcher: Batcher<LiveEvent>;
  readonly #notifications: NotificationWatch;
  #stream: LiveStream | undefined;
  /** Ends the fetch under way when a newer one takes its place. */
  #loading = new AbortController();
  #running = new AbortController();

  constructor(options: SyncOptions) {
    this.#options = options;
    const { api, store, clock } = options;
    this.#notifications = new NotificationWatch({ api, store, clock });
    this.#batcher = new Batcher({
      size_max: waiting_max,
      schedule: options.schedule,
      flush: (events) => {
        store.replace(applyEvents(store.snapshot(), events));
        for (const event of events) if (event.type === "alert") this.#notifications.changed(event.alert.id);
      },
      onOverflow: () => this.#reload(),
    });
  }

  /** Resolves when `signal` aborts or the session ends. */
  async run(signal: AbortSignal): Promise<void> {
    const running = new AbortController();
    const stop = (): void => running.abort();
    signal.addEventListener("abort", stop, { once: true });
    this.#running = running;
    const stream = this.#options.openStream({
      onOpen: () => {
        this.#connection("opened");
        this.#reload();
      },
      onHeard: () => this.#connection("heard"),
      onEvent: (event) => this.#batcher.add(event),
      onLost: (failure) => {
        this.#connection("lost");
        this.#failed(failure);
      },
    });
    this.#stream = stream;
    try {
      await Promise.all([
        stream.run(running.signal),
        this.#every(pollDevices_ms, running.signal, (poll) => this.#pollDevices(poll)),
        this.#every(pollQuarantine_ms, running.signal, (poll) => this.#pollQuarantine(poll)),
        this.#notifications.run(running.signal),
      ]);
    } finally {
      running.abort();
      this.#loading.abort();
      signal.removeEventListener("abort", stop);
    }
  }

  /** The browser says that the network is back. */
  hurry(): void {
    this.#stream?.hurry();
  }

  /** Takes in an answer of the API as if the live stream had brought it. */
  take(event: LiveEvent): void {
    this.#batcher.add(event);
  }

  #connection(type: ConnectionEvent["type"]): void {
    const { store, now } = this.#options;
    store.connection.value = stepConnection(store.connection.peek(), { type, at: now() });
  }

  #reload(): void {
    this.#loading.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#batcher.clear();
    this.#batcher.hold();
    void this.#load(loading.signal);
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { api, store, clock, now } = this.#options;
    while (!signal.aborted) {
      try {
        const essentials = await fetchEssentials(api, now(), signal);
        if (signal.aborted) return;
        store.replace(worldOf(essentials, store.snapshot()));
        store.failure.value = null;
        this.#batcher.release();
        this.#notifications.changedAll();
        await fetchHistories(api, essentials.site, now(), signal, (history) => {
          if (!signal.aborted) store.replace(withHistory(store.snapshot(), history));
        });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        this.#failed(error.failure);
        await pause(clock, retry_ms, signal);
      }
    }
  }

  async #pollDevices(signal: AbortSignal): Promise<void> {
    const { api, store, now } = this.#options;
    const site = store.world.site.peek();
    if (site === null || store.connection.peek().kind !== "live") return;
    const before = now();
    store.world.devices.value = seenOf(await api.devices(signal));
    // at the site's midnight "today" begins anew
    if (dateOf(before - pollDevices_ms, site.timeZone) !== dateOf(before, site.timeZone)) this.#reload();
  }

  async #pollQuarantine(signal: AbortSignal): Promise<void> {
    const { api, store } = this.#options;
    if (store.connection.peek().kind !== "live") return;
    store.world.quarantine.value = await api.quarantine(bounds.quarantine, signal);
    store.world.unclaimed.value = (await api.unclaimed(signal)).slice(0, bounds.unclaimed);
  }

  async #every(span_ms: number, signal: AbortSignal, poll: (signal: AbortSignal) => Promise<void>): Promise<void> {
    for (;;) {
      await pause(this.#options.clock, span_ms, signal);
      if (signal.aborted) return;
      try {
        await poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        // the next round tries again; that the line is down is told by the stream
        if (error.failure === "unauthorised") this.#failed(error.failure);
      }
    }
  }

  #failed(failure: Failure): void {
    const { store } = this.#options;
    if (failure !== "unauthorised") {
      store.failure.value = failure;
      return;
    }
    store.session.value = { kind: "anonymous", ended: true };
    this.#running.abort();
  }
}
