import type { Logger } from "@gengfu/shared/logging";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Clock } from "@gengfu/shared/time/clock";
import { attempt, judgeAttempt, type Verdict } from "./attempt.ts";
import type { Channel, Notifier } from "./channel.ts";
import type { OutboxTable, Waiting } from "./outbox-table.ts";
import type { NotificationSettings } from "./settings.ts";

/** The file is tried again after so long when it could not be read or written. */
const fileRetry_ms = 1_000;

export interface ChannelWorkerOptions {
  readonly channel: Channel;
  readonly notifier: Notifier;
  readonly outbox: OutboxTable;
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

/** Empties the outbox of one channel, the most urgent first, so that a slow vendor holds up no other (I5). */
export class ChannelWorker {
  readonly #options: ChannelWorkerOptions;
  readonly #underWay = new Set<number>();
  readonly #sends = new Set<Promise<void>>();
  /** When the messages of the channel's window of time were sent, monotonic. */
  #recent: number[] = [];
  #stopping = new AbortController();
  #running = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ChannelWorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
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
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { clock, logger } = this.#options;
    try {
      const wait_ms = this.#sendWhatIsDue();
      if (wait_ms !== null) this.#cancelTimer = clock.after(wait_ms, () => this.wake());
    } catch (error) {
      logger.error({ err: error }, "the outbox can't be read; trying again");
      this.#cancelTimer = clock.after(fileRetry_ms, () => this.wake());
    }
  }

  /** Milliseconds until something is due again; null if nothing is, or if a message that ends will tell. */
  #sendWhatIsDue(): number | null {
    const { channel, outbox, clock } = this.#options;
    const now = clock.now();
    while (this.#underWay.size < channel.concurrency) {
      const next = outbox.next(channel.name, now, this.#underWay);
      if (next === undefined) {
        const at = outbox.nextAt(channel.name, now);
        return at === null ? null : at - now;
      }
      const wait_ms = this.#rateWait(next.message.severity);
      if (wait_ms > 0) return wait_ms;
      this.#underWay.add(next.id);
      const sent = this.#send(next).finally(() => this.#sends.delete(sent));
      this.#sends.add(sent);
    }
    return null;
  }

  async #send(waiting: Waiting): Promise<void> {
    const { channel, notifier, settings, clock, random } = this.#options;
    if (channel.rate !== null) this.#recent.push(clock.monotonic());
    const delivery = await attempt(notifier, waiting.message, {
      clock,
      timeout_ms: settings.timeout,
      signal: this.#stopping.signal,
    });
    if (!delivery.ok && delivery.code === "stopped") {
      this.#underWay.delete(waiting.id);
      return;
    }
    const verdict = judgeAttempt(delivery, {
      attempts: waiting.attempts + 1,
      age_ms: clock.now() - waiting.createdAt,
      retry: settings.retry,
      random: random(),
    });
    this.#settle(waiting, verdict);
  }

  /** Until it is written down, the message counts as under way: what was sent must not be sent for ever. */
  #settle(waiting: Waiting, verdict: Verdict): void {
    const { channel, outbox, clock, logger } = this.#options;
    const { alert, target } = waiting.message;
    try {
      outbox.settle(waiting.id, verdict, clock.now());
    } catch (error) {
      logger.error({ err: error, alert }, "the outbox can't be written; trying again");
      if (this.#running) clock.after(fileRetry_ms, () => this.#running && this.#settle(waiting, verdict));
      return;
    }
    this.#underWay.delete(waiting.id);
    const about = { alert, channel: channel.name, target: target.id, attempts: waiting.attempts + 1 };
    if (verdict.state === "sent") logger.info(about, "message sent");
    else if (verdict.state === "failed") logger.error({ ...about, ...verdict }, "message failed for good");
    else logger.warn({ ...about, ...verdict }, "message not taken; trying again");
    this.wake();
  }

  /**
   * Milliseconds until the channel's rate allows another message. A critical one is never held back: should the vendor
   * refuse it, that costs nothing but another try.
   */
  #rateWait(severity: Severity): number {
    const { rate } = this.#options.channel;
    if (rate === null || severity === "critical") return 0;
    const now = this.#options.clock.monotonic();
    this.#recent = this.#recent.filter((at) => at > now - rate.window_ms);
    const oldest = this.#recent[0];
    return oldest === undefined || this.#recent.length < rate.messages ? 0 : oldest + rate.window_ms - now;
  }
}
