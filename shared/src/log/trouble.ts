import { backoff } from "../backoff.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../logging.ts";

const retry = { first_ms: 50, max_ms: 2_000 };

/** Writes that fail, in a row: told once, and tried again ever more slowly. */
export class Trouble {
  readonly #logger: Logger;
  #message: string | null = null;
  #failures = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Why the last write failed; null where it did not. */
  get message(): string | null {
    return this.#message;
  }

  /** Answers after how many milliseconds to try again. */
  failed(error: unknown, pending: number): number {
    if (this.#message === null) {
      this.#logger.error({ err: error, pending }, "the log can't be written; producers wait");
    }
    this.#message = messageOf(error);
    this.#failures += 1;
    return backoff(this.#failures, 0, retry);
  }

  recovered(): void {
    if (this.#message === null) return;
    this.#logger.info("the log can be written again");
    this.#message = null;
    this.#failures = 0;
  }
}
