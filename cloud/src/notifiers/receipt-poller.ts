import type { Logger } from "@gengfu/shared/logging";
import { RepeatLog } from "@gengfu/shared/repeat-limit";
import type { Clock } from "@gengfu/shared/time/clock";
import type { ReceiptSource } from "./channel.ts";
import type { WatchTable } from "./watch-table.ts";

/** How often a vendor is asked while something is awaited. */
export const receiptEvery_ms = 15_000;
/** After so long a vendor tells nothing any more. */
const oldest_ms = 72 * 3_600_000;
/** Most receipts come within minutes; what is older than this */
const recent_ms = 600_000;
/** is asked for in each so manieth round only. */
const rarely = 40;
/** How long one question may take. */
const timeout_ms = 10_000;

export interface ReceiptPollerOptions {
  readonly channel: string;
  readonly receipts: ReceiptSource;
  readonly watch: WatchTable;
  /** Called after receipts were written down. */
  readonly onNews: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Asks a vendor what became of the messages that it took. Asked twice it says the same, so that a kill costs nothing. */
export class ReceiptPoller {
  readonly #options: ReceiptPollerOptions;
  readonly #log: RepeatLog;
  #stopping = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #asking: Promise<void> = Promise.resolve();
  #round = 0;

  constructor(options: ReceiptPollerOptions) {
    this.#options = options;
    this.#log = new RepeatLog(options.logger, options.clock);
  }

  start(): void {
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.();
    this.#stopping.abort();
    await this.#asking;
    this.#cancelTimer?.();
    this.#stopping = new AbortController();
  }

  /** Receipts take their time: a message that was just sent changes nothing. */
  wake(): void {
    // the timer looks
  }

  #schedule(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancelTimer = this.#options.clock.after(receiptEvery_ms, () => {
      this.#asking = this.#ask().finally(() => this.#schedule());
    });
  }

  async #ask(): Promise<void> {
    const { channel, receipts, watch, onNews, clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.after(timeout_ms, () => late.abort());
    try {
      const awaited = watch.awaited(channel, clock.now() - (this.#round++ % rarely === 0 ? oldest_ms : recent_ms));
      if (awaited.length === 0) return;
      const signal = AbortSignal.any([this.#stopping.signal, late.signal]);
      const news = await receipts.poll(awaited, signal);
      for (const receipt of news) watch.receive(receipt, clock.now());
      if (news.length > 0) onNews();
    } catch (error) {
      this.#log.warn("receipts", { err: error, channel }, "receipts can't be had; trying again");
    } finally {
      cancel();
    }
  }
}
