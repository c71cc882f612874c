import { backoff } from "../backoff.ts";
import type { Logger } from "../logging.ts";
import { lanes, type Lane } from "../model/reading.ts";
import { pause, type Clock } from "../time/clock.ts";
import { Wakeup } from "../wakeup.ts";
import type { Block, Log } from "./log.ts";

export interface ConsumerOptions<Entry> {
  readonly log: Log<Entry>;
  /** Name of the cursor. */
  readonly consumer: string;
  /**
   * Where the consumer stands, if it keeps that itself, in one transaction with its state; the log's cursor, which is
   * for retention, then follows.
   */
  readonly cursor?: (lane: Lane) => number;
  /** Entries handed over at a time, at most (a single block may be larger). */
  readonly batch: number;
  /** Takes blocks of one lane, oldest first. What it throws is logged and the same blocks come again. */
  readonly handle: (lane: Lane, blocks: readonly Block<Entry>[]) => Promise<void> | void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const retry = { first_ms: 100, max_ms: 10_000 };

/**
 * Reads a log from a cursor on, events before samples, and moves the cursor behind what was handled. Ends when the
 * signal is aborted, after what is under way.
 */
export async function runConsumer<Entry>(options: ConsumerOptions<Entry>): Promise<void> {
  const { log, consumer, batch, handle, clock, logger, signal } = options;
  const news = new Wakeup();
  const unsubscribe = log.onAppend(news.wake);
  let failures = 0;
  const position: Record<Lane, number> = { events: startOf("events"), samples: startOf("samples") };
  try {
    while (!signal.aborted) {
      try {
        if (!(await handleNext())) await news.wait(clock, null, signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        const retry_ms = backoff(failures, 0, retry);
        logger.warn({ err: error, consumer, retry_ms }, "a consumer failed and tries again");
        await pause(clock, retry_ms, signal);
      }
    }
  } finally {
    unsubscribe();
  }

  /** Where a consumer that keeps its own cursor died before the log's was written, the log's catches up here. */
  function startOf(lane: Lane): number {
    const own = Math.min(options.cursor?.(lane) ?? log.cursor(consumer, lane), log.last);
    log.commit(consumer, lane, own);
    return own;
  }

  /** Handles what is next, of events before samples; says whether there was anything. */
  async function handleNext(): Promise<boolean> {
    for (const lane of lanes) {
      const blocks = await log.read(lane, position[lane], { entries: batch });
      const newest = blocks.at(-1);
      if (newest === undefined) continue;
      await handle(lane, blocks);
      position[lane] = newest.first + newest.entries.length - 1;
      log.commit(consumer, lane, position[lane]);
      return true;
    }
    return false;
  }
}
