import { backoff } from "@gengfu/shared/backoff";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import { closedBreaker, stepBreaker, type Breaker, type BreakerState } from "../writer/breaker.ts";
import { attempt, judgeAttempt, type Verdict } from "./attempt.ts";
import type { Channel, Delivery, Notifier } from "./channel.ts";
import type { Failover } from "./failover.ts";
import type { OutboxQueue, Waiting } from "./outbox-queue.ts";
import type { OutboxTable } from "./outbox-table.ts";
import type { NotificationSettings } from "./settings.ts";

/** The file is tried again after so long when it could not be read or written. */
const fileRetry_ms = 1_000;
/** How long a channel that failed again and again is left alone. */
const pauses = { first_ms: 1_000, max_ms: 60_000 };
/** Codes that the vendor did not give: it was not reached, or did not answer as itself. */
const outage = /^(unreachable|timeout|exception|no_\w+|http_5\d\d)$/;

export interface ChannelWorkerOptions {
  readonly channel: Channel;
  readonly notifier: Notifier;
  readonly outbox: OutboxTable;
  readonly queue: OutboxQueue;
  readonly failover: Failover;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

export interface ChannelStats {
  readonly channel: string;
  readonly breaker: BreakerState;
  /** What the channel answered last, while its circuit is not closed. */
  readonly trouble: string | null;
  /** Since the start. */
  readonly attempts: number;
  readonly refused: number;
  /** Messages that went out as part of another. */
  readonly grouped: number;
  readonly passedOn: number;
}

/** Empties the outbox of one channel, the most urgent first, so that a slow vendor holds up no other (I5). */
export class ChannelWorker {
  readonly #options: ChannelWorkerOptions;
  readonly #sends = new Set<Promise<void>>();
  #stopping = new AbortController();
  #running = false;
  #cancelTimer: (() => void) | undefined;
  #breaker: Breaker = closedBreaker;
  /** Until when the channel is left alone, monotonic. */
  #openUntil = 0;
  #trouble: string | null = null;
  readonly #counts = { attempts: 0, refused: 0, grouped: 0 };

  constructor(options: ChannelWorkerOptions) {
    this.#options = options;
  }

  start(): void {
    const { queue, channel, clock } = this.#options;
    this.#running = true;
    this.#guarded(() => {
      queue.recover(channel.name, clock.now());
      return 0;
    });
    this.wake();
  }

  /** What is under way is broken off, stays in the outbox and is sent again after the next start. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelTimer?.();
    this.#stopping.abort();
    await Promise.all(this.#sends);
    this.#cancelTimer?.();
    this.#stopping = new AbortController();
  }

  /** Something may be due. */
  wake(): void {
    if (!this.#running) return;
    this.#guarded(() => this.#sendWhatIsDue());
  }

  stats(): ChannelStats {
    const { channel, failover } = this.#options;
    const { state } = this.#breaker;
    const trouble = state === "closed" ? null : this.#trouble;
    return { channel: channel.name, breaker: state, trouble, ...this.#counts, passedOn: failover.passedOn };
  }

  #guarded(work: () => number | null): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { clock, logger } = this.#options;
    try {
      const wait_ms = work();
      if (wait_ms !== null) this.#cancelTimer = clock.after(wait_ms, () => this.wake());
    } catch (error) {
      logger.error({ err: error }, "the outbox can't be read; trying again");
      this.#cancelTimer = clock.after(fileRetry_ms, () => this.wake());
    }
  }

  /** Milliseconds until something is due again; null if nothing is, or if a message that ends will tell. */
  #sendWhatIsDue(): number | null {
    const { channel, queue, failover, clock } = this.#options;
    const now = clock.now();
    const watch_ms = failover.passOnOverdue(now);
    const open_ms = this.#openUntil - clock.monotonic();
    if (this.#breaker.state === "open" && open_ms > 0) return least(open_ms, watch_ms);
    if (this.#breaker.state === "open") this.#breaker = stepBreaker(this.#breaker, "waited");
    // half open: one message decides
    const atOnce = this.#breaker.state === "half_open" ? 1 : channel.concurrency;
    while (this.#sends.size < atOnce) {
      const taken = queue.take(channel, now);
      if (taken.kind === "wait") return least(taken.until === null ? null : taken.until - now, watch_ms);
      const sent = this.#send(taken.waiting).finally(() => {
        this.#sends.delete(sent);
        this.wake();
      });
      this.#sends.add(sent);
    }
    return watch_ms;
  }

  async #send(waiting: Waiting): Promise<void> {
    const { notifier, settings, clock, random } = this.#options;
    this.#counts.attempts++;
    const delivery = await attempt(notifier, waiting.message, {
      clock,
      timeout_ms: settings.timeout,
      signal: this.#stopping.signal,
    });
    if (!delivery.ok && delivery.code === "stopped") {
      this.#write(waiting, (now) => this.#options.queue.release(waiting.ids, now));
      return;
    }
    this.#judgeChannel(delivery);
    const verdict = judgeAttempt(delivery, {
      attempts: waiting.attempts + 1,
      age_ms: clock.now() - waiting.createdAt,
      retry: settings.retry,
      random: random(),
    });
    this.#settle(waiting, verdict);
  }

  /** What has a code of the vendor's is about the message: whoever refuses is there. */
  #judgeChannel(delivery: Delivery): void {
    const { channel, clock, logger, random } = this.#options;
    const before = this.#breaker.state;
    if (!delivery.ok) this.#counts.refused++;
    if (delivery.ok || !outage.test(delivery.code)) {
      this.#breaker = stepBreaker(this.#breaker, "succeeded");
    } else {
      this.#breaker = stepBreaker(this.#breaker, "failed");
      this.#trouble = `${delivery.code}: ${delivery.detail}`;
      const pause_ms = backoff(this.#breaker.failures - 4, random(), pauses);
      if (this.#breaker.state === "open") this.#openUntil = clock.monotonic() + pause_ms;
    }
    const { state } = this.#breaker;
    if (state === before || state === "half_open") return;
    if (state === "open") logger.warn({ channel: channel.name, trouble: this.#trouble }, "the channel is left alone");
    else logger.info({ channel: channel.name }, "the channel works again");
  }

  /** Until it is written down, the message counts as under way: what was sent must not be sent for ever. */
  #settle(waiting: Waiting, verdict: Verdict): void {
    const { channel, outbox, failover, logger } = this.#options;
    const { ids, message } = waiting;
    const isWritten = this.#write(
      waiting,
      (now) => {
        const awaitsReceipt = channel.receipts !== undefined;
        outbox.settle(ids, verdict, { now, awaitsReceipt }, () => {
          if (verdict.state === "failed") failover.passOnFailed(ids, now);
        });
      },
      () => this.#settle(waiting, verdict),
    );
    if (!isWritten) return;
    failover.wakeOthers();
    if (ids.length > 1 && verdict.state === "sent") this.#counts.grouped += ids.length;
    const { alert, target } = message;
    const about = {
      alert,
      channel: channel.name,
      target: target.id,
      messages: ids.length,
      attempts: waiting.attempts + 1,
    };
    if (verdict.state === "sent") logger.info(about, "message sent");
    else if (verdict.state === "failed") logger.error({ ...about, ...verdict }, "message failed for good");
    else logger.warn({ ...about, ...verdict }, "message not taken; trying again");
  }

  #write({ message }: Waiting, work: (now: number) => void, again?: () => void): boolean {
    const { clock, logger } = this.#options;
    try {
      work(clock.now());
      return true;
    } catch (error) {
      logger.error({ err: error, alert: message.alert }, "the outbox can't be written; trying again");
      if (again !== undefined && this.#running)
        clock.after(fileRetry_ms, () => {
          if (!this.#running) return;
          again();
          this.wake();
        });
      return false;
    }
  }
}

function least(...waits: readonly (number | null)[]): number | null {
  const there = waits.filter((wait) => wait !== null);
  return there.length === 0 ? null : Math.max(0, Math.min(...there));
}
