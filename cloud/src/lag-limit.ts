import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import { lanes, type StoredReading } from "@gengfu/shared/model/reading";
import { pause, type Clock } from "@gengfu/shared/time/clock";

/** Of the log's bound: beyond this part a consumer that is behind loses its claim on the older half. */
const part_max = 0.8;
const period_ms = 10_000;

export interface LagLimitOptions {
  readonly log: Log<StoredReading>;
  readonly consumer: string;
  /** The log's bound. */
  readonly bytes_max: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps a consumer that can do without from filling the log: a log that is full takes nothing more in, for anyone (I5).
 * What it misses is still in the embedded store.
 */
export class LagLimit {
  readonly #options: LagLimitOptions;
  #skipped = 0;

  constructor(options: LagLimitOptions) {
    this.#options = options;
  }

  /** Readings that the consumer will not get. */
  get skipped(): number {
    return this.#skipped;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.check();
      await pause(this.#options.clock, period_ms, signal);
    }
  }

  check(): void {
    const { log, consumer, bytes_max, logger } = this.#options;
    const { bytes, entries } = log.stats();
    if (bytes <= bytes_max * part_max) return;
    const before = log.backlog(consumer);
    for (const lane of lanes) {
      const middle = log.last - Math.floor(entries / 2);
      if (log.cursor(consumer, lane) < middle) log.commit(consumer, lane, middle);
    }
    const after = log.backlog(consumer);
    const skipped = before.events + before.samples - after.events - after.samples;
    if (skipped <= 0) return;
    this.#skipped += skipped;
    logger.error({ consumer, skipped, bytes }, "a consumer was away for so long that readings were let go of");
  }
}
