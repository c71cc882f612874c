import type { Clock } from "@gengfu/shared/time/clock";

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Failures that a key may have within the window. */
  readonly failures_max: number;
  readonly window_ms: number;
  /** Keys that are remembered; beyond that the one that failed longest ago is forgotten. */
  readonly keys_max: number;
}

/** Counts failed attempts for each key, such as an address, in a window that begins with the first of them. */
export class FailureLimit {
  readonly #options: RateLimitOptions;
  readonly #failures = new Map<string, { count: number; since: number }>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Milliseconds until the key may try again, 0 when it may now. */
  wait(key: string): number {
    const entry = this.#failures.get(key);
    if (entry === undefined) return 0;
    const left = entry.since + this.#options.window_ms - this.#options.clock.monotonic();
    if (left <= 0) {
      this.#failures.delete(key);
      return 0;
    }
    return entry.count < this.#options.failures_max ? 0 : left;
  }

  failed(key: string): void {
    this.wait(key);
    const entry = this.#failures.get(key) ?? { count: 0, since: this.#options.clock.monotonic() };
    entry.count += 1;
    // re-inserted, so that the first in the map is the one that failed longest ago
    this.#failures.delete(key);
    this.#failures.set(key, entry);
    if (this.#failures.size > this.#options.keys_max) {
      const oldest = this.#failures.keys().next();
      if (oldest.done !== true) this.#failures.delete(oldest.value);
    }
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
