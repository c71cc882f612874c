import { type Clock, pause } from "@gengfu/shared/time/clock";
import type { Api } from "../api/endpoints.ts";
import { ApiError } from "../api/http.ts";
import { inOrderOfUrgency, isOpen } from "./alerts.ts";
import type { Store } from "./store.ts";

export interface NotificationWatchOptions {
  readonly api: Pick<Api, "notifications">;
  readonly store: Store;
  readonly clock: Clock;
}

const tick_ms = 2_000;
/** Of so many open alerts, the most urgent ones, it is shown who was told. */
const alerts_max = 20;
/** What is still on its way is asked for again after so long, all of it after the longer time. */
const again_ms = { pending: 6_000, settled: 60_000 } as const;

/** Keeps up with who was told of the open alerts: the live stream doesn't tell, so it asks, seldom and one at a time. */
export class NotificationWatch {
  readonly #options: NotificationWatchOptions;
  /** When each alert's notifications are due to be asked for, monotonic milliseconds. */
  #due = new Map<string, number>();

  constructor(options: NotificationWatchOptions) {
    this.#options = options;
  }

  changed(alert: string): void {
    this.#due.set(alert, this.#options.clock.monotonic());
  }

  changedAll(): void {
    this.#due = new Map();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, store } = this.#options;
    while (!signal.aborted) {
      await pause(clock, tick_ms, signal);
      if (store.connection.peek().kind !== "live") continue;
      const shown = inOrderOfUrgency([...store.world.alerts.peek().values()].filter(isOpen)).slice(0, alerts_max);
      this.#forget(new Set(shown.map(({ id }) => id)));
      for (const { id } of shown) {
        if ((this.#due.get(id) ?? 0) <= clock.monotonic() && !signal.aborted) await this.#ask(id, signal);
      }
    }
  }

  async #ask(alert: string, signal: AbortSignal): Promise<void> {
    const { api, store, clock } = this.#options;
    let pending = true;
    try {
      const found = await api.notifications(alert, signal);
      pending = found.length === 0 || found.some(({ state }) => state === "pending");
      store.notifications.value = new Map(store.notifications.peek()).set(alert, found);
    } catch (error) {
      // asked again in its turn; that the line is down, or the session ended, is told by the stream
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
    this.#due.set(alert, clock.monotonic() + (pending ? again_ms.pending : again_ms.settled));
  }

  #forget(shown: ReadonlySet<string>): void {
    const { store } = this.#options;
    for (const id of this.#due.keys()) if (!shown.has(id)) this.#due.delete(id);
    const known = store.notifications.peek();
    if ([...known.keys()].every((id) => shown.has(id))) return;
    store.notifications.value = new Map([...known].filter(([id]) => shown.has(id)));
  }
}
