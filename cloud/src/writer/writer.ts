import { backoff } from "@gengfu/shared/backoff";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { Wakeup } from "@gengfu/shared/wakeup";
import type { Rejection, Store } from "../stores/store.ts";
import { closedBreaker, stepBreaker, type Breaker, type BreakerState } from "./breaker.ts";

export interface WriterOptions {
  readonly log: Log<StoredReading>;
  /** Name of its cursor in the log. */
  readonly consumer: string;
  readonly store: Pick<Store, "write" | "progress">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
  /** Readings in one write, at most (a single block may be larger); 5,000 by default. */
  readonly batch_max?: number;
  /** How long samples may wait for others to fill a write, milliseconds; 1,000 by default. Events don't wait. */
  readonly age_max_ms?: number;
}

export interface WriterStats {
  readonly breaker: BreakerState;
  /** Why the last write failed, while it is still being tried again. */
  readonly trouble: string | null;
  /** When it is tried again, epoch milliseconds; null while nothing is wrong. */
  readonly retryAt: number | null;
  /** Readings that are still to be written. */
  readonly lag: Readonly<Record<Lane, number>>;
  /** Readings written since the start. */
  readonly written: number;
  /** Readings that the store will never take, since the start. */
  readonly rejected: number;
  readonly lastWrittenAt: number | null;
}

export interface RejectedReading extends Rejection {
  /** When it was refused, epoch milliseconds. */
  readonly at: number;
}

const rejected_max = 1_000;
const retry = { first_ms: 250, max_ms: 30_000 };

export function createWriter(options: WriterOptions): Writer {
  return new Writer(options);
}

/**
 * Brings the log into one store: events before samples, by size and age, as often as it takes. The cursor moves after
 * the store has what lies before it; what the store will never take is set aside and stops nothing.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #batch_max: number;
  readonly #age_max_ms: number;
  readonly #news = new Wakeup();
  readonly #log: RepeatLog;
  readonly #rejected: RejectedReading[] = [];
  readonly #position: Record<Lane, number> = { events: 0, samples: 0 };
  /** Since when samples wait, by monotonic time; null while none do. */
  #samplesSince: number | null = -Infinity;
  #breaker: Breaker = closedBreaker;
  #trouble: string | null = null;
  #retryAt: number | null = null;
  #written = 0;
  #rejections = 0;
  #lastWrittenAt: number | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#batch_max = options.batch_max ?? 5_000;
    this.#age_max_ms = options.age_max_ms ?? 1_000;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  stats(): WriterStats {
    return {
      breaker: this.#breaker.state,
      trouble: this.#trouble,
      retryAt: this.#retryAt,
      lag: this.#options.log.backlog(this.#options.consumer),
      written: this.#written,
      rejected: this.#rejections,
      lastWrittenAt: this.#lastWrittenAt,
    };
  }

  /** The last readings that the store refused for good, newest first. */
  rejected(): readonly RejectedReading[] {
    return this.#rejected.toReversed();
  }

  /** Runs until the signal is aborted, then ends after the write that is under way. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#options;
    for (const lane of ["events", "samples"] as const) this.#position[lane] = this.#startOf(lane);
    const unsubscribe = log.onAppend(this.#news.wake);
    try {
      while (!signal.aborted) {
        const lane = this.#due();
        try {
          if (lane === undefined || !(await this.#writeNext(lane)))
            await this.#news.wait(clock, this.#wait_ms(), signal);
        } catch (error) {
          await this.#failed(error, signal);
        }
      }
    } finally {
      unsubscribe();
    }
  }

  /** A store that keeps its progress knows better than the log, as after it was lost or put back from a copy. */
  #startOf(lane: Lane): number {
    const { log, consumer, store } = this.#options;
    if (store.progress === undefined) return log.cursor(consumer, lane);
    const position = Math.min(store.progress(log.epoch, lane), log.last);
    log.commit(consumer, lane, position);
    return position;
  }

  #due(): Lane | undefined {
    if (this.#waiting("events") > 0) return "events";
    const waiting = this.#waiting("samples");
    if (waiting === 0) {
      this.#samplesSince = null;
      return undefined;
    }
    this.#samplesSince ??= this.#options.clock.monotonic();
    return waiting >= this.#batch_max || this.#wait_ms() === 0 ? "samples" : undefined;
  }

  #waiting(lane: Lane): number {
    const { log, consumer } = this.#options;
    const backlog = log.backlog(consumer)[lane];
    return backlog > 0 ? backlog : this.#position[lane] < log.cursor(consumer, lane) ? this.#batch_max : 0;
  }

  #wait_ms(): number {
    const waited_ms = this.#options.clock.monotonic() - (this.#samplesSince ?? this.#options.clock.monotonic());
    return Math.max(0, this.#age_max_ms - waited_ms);
  }

  /** Says whether there was anything to write. */
  async #writeNext(lane: Lane): Promise<boolean> {
    const { log, consumer, store, clock } = this.#options;
    const blocks = await log.read(lane, this.#position[lane], { entries: this.#batch_max });
    const newest = blocks.at(-1);
    if (lane === "samples") this.#samplesSince = null;
    if (newest === undefined) {
      // what lies between was let go of by the log
      this.#position[lane] = Math.max(this.#position[lane], log.cursor(consumer, lane));
      return false;
    }
    const position = newest.first + newest.entries.length - 1;
    const readings = blocks.flatMap(({ entries }) => entries);
    const { rejected } = await store.write(readings, { epoch: log.epoch, lane, position });
    this.#position[lane] = position;
    log.commit(consumer, lane, position);
    this.#written += readings.length - rejected.length;
    this.#lastWrittenAt = clock.now();
    this.#setAside(rejected);
    this.#succeeded();
    return true;
  }

  #setAside(rejected: readonly Rejection[]): void {
    const [first] = rejected;
    if (first === undefined) return;
    const at = this.#options.clock.now();
    this.#rejections += rejected.length;
    for (const { reading, reason } of rejected) this.#rejected.push({ at, reading, reason });
    this.#rejected.splice(0, this.#rejected.length - rejected_max);
    const { gateway, seq, device, kind } = first.reading;
    this.#log.warn(
      "rejected",
      { count: rejected.length, reason: first.reason, first: { gateway, seq, device, kind } },
      "the store will never take these readings; they were set aside",
    );
  }

  #succeeded(): void {
    if (this.#trouble !== null) {
      this.#options.logger.info(
        { failures: this.#breaker.failures, lag: this.stats().lag },
        "the store is written again",
      );
    }
    this.#breaker = stepBreaker(this.#breaker, "succeeded");
    this.#trouble = null;
    this.#retryAt = null;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const message = messageOf(error);
    this.#breaker = stepBreaker(this.#breaker, "failed");
    this.#trouble = message;
    const retry_ms = backoff(this.#breaker.failures, random(), retry);
    this.#retryAt = clock.now() + retry_ms;
    const context = { failures: this.#breaker.failures, breaker: this.#breaker.state, retry_ms };
    const what = "the store can't be written";
    // of what is expected to happen the message says enough; anything else is looked into
    if (error instanceof GengfuError) this.#log.warn(message, { ...context, code: error.code, reason: message }, what);
    else this.#log.error(message, { ...context, err: error }, what);
    await pause(clock, retry_ms, signal);
    this.#breaker = stepBreaker(this.#breaker, "waited");
  }
}
