/**
 * All time comes from outside, so that a simulation can drive it. `now()` may jump with the machine's clock,
 * `monotonic()` never does: use the first to stamp, the second to wait and to measure.
 */
export interface Clock {
  /** Epoch milliseconds, UTC. */
  now(): number;
  /** Milliseconds since some fixed point of this process's life. */
  monotonic(): number;
  /** Calls back once after `delay_ms`; the result cancels it. */
  after(delay_ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay_ms, callback) {
    const timer = setTimeout(callback, delay_ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delay_ms`, or as soon as `signal` is aborted. */
export function pause(clock: Clock, delay_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delay_ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/** A clock that stands still until it is moved; timers fire in the order of their times as it moves. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #timers: { at: number; callback: () => void }[] = [];

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delay_ms: number, callback: () => void): () => void {
    const timer = { at: this.#monotonic + delay_ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on, firing what is due on the way. */
  advance(delay_ms: number): void {
    const end = this.#monotonic + delay_ms;
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.at <= end)
        .reduce<{ at: number; callback: () => void } | undefined>(
          (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
          undefined,
        );
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#step(next.at - this.#monotonic);
      next.callback();
    }
    this.#step(end - this.#monotonic);
  }

  /** Sets the wall clock, as NTP or an operator would; monotonic time and timers don't notice. */
  jump(now: number): void {
    this.#now = now;
  }

  #step(delay_ms: number): void {
    const step = Math.max(0, delay_ms);
    this.#monotonic += step;
    this.#now += step;
  }
}
