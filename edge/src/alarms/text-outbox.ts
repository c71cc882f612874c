import { backoff } from "@gengfu/shared/backoff";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import type { Clock } from "@gengfu/shared/time/clock";
import { Wakeup } from "@gengfu/shared/wakeup";
import type { Texter } from "../modem/modem.ts";
import type { PendingText } from "./alarm-store.ts";

export interface TextOutboxOptions {
  readonly texter: Texter;
  /** Whether a text is still to be sent. */
  readonly isWanted: (text: PendingText) => boolean;
  /** Told of each that was sent or given up. */
  readonly done: (text: PendingText) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Entry {
  readonly text: PendingText;
  readonly since_ms: number;
  due_ms: number;
  failures: number;
}

const retry = { first_ms: 5_000, max_ms: 60_000 };
/** What could not be sent for so long wakes nobody to any purpose; an alarm that still fires is texted of again. */
const age_max_ms = 3_600_000;
const texts_max = 200;

/** Sends texts one after the other, those that failed again later, so that no number holds the others up. */
export class TextOutbox {
  readonly #options: TextOutboxOptions;
  readonly #entries: Entry[] = [];
  readonly #news = new Wakeup();
  #givenUp = 0;

  constructor(options: TextOutboxOptions) {
    this.#options = options;
  }

  /** Texts that nobody got, since the last one that went out. */
  get givenUp(): number {
    return this.#givenUp;
  }

  add(texts: readonly PendingText[]): void {
    const now_ms = this.#options.clock.monotonic();
    for (const text of texts) {
      if (this.#entries.length >= texts_max) this.#giveUp(text, "too many texts wait");
      else this.#entries.push({ text, since_ms: now_ms, due_ms: now_ms, failures: 0 });
    }
    this.#news.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const [next] = this.#entries.toSorted((a, b) => a.due_ms - b.due_ms);
      const wait_ms = next === undefined ? null : next.due_ms - clock.monotonic();
      if (next === undefined || (wait_ms ?? 0) > 0) await this.#news.wait(clock, wait_ms, signal);
      else await this.#send(next, signal);
    }
  }

  async #send(entry: Entry, signal: AbortSignal): Promise<void> {
    const { texter, isWanted, done, clock, logger } = this.#options;
    const { text } = entry;
    try {
      if (isWanted(text)) {
        await texter.send(text.number, text.text);
        logger.info({ person: text.person, alarms: text.alarms }, "a text was sent");
        this.#givenUp = 0;
      }
      this.#remove(entry);
      done(text);
    } catch (error) {
      // at the end of the process it stays written down
      if (signal.aborted) return;
      entry.failures += 1;
      const now_ms = clock.monotonic();
      const mayGo = !(error instanceof GengfuError) || error.retryable;
      if (mayGo && now_ms - entry.since_ms < age_max_ms) {
        entry.due_ms = now_ms + backoff(entry.failures, 0, retry);
        logger.warn({ person: text.person, reason: messageOf(error) }, "a text could not be sent; trying again");
        return;
      }
      this.#remove(entry);
      this.#giveUp(text, messageOf(error));
    }
  }

  #remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  #giveUp(text: PendingText, reason: string): void {
    this.#givenUp += 1;
    this.#options.logger.error({ person: text.person, alarms: text.alarms, reason }, "a text was given up");
    this.#options.done(text);
  }
}
