import type { Clock } from "@gengfu/shared/time/clock";
import type { Level } from "./line-driver.ts";

export interface DebounceOptions {
  /** A level counts once it has held for so long. */
  readonly debounce_ms: number;
  readonly clock: Clock;
  /** Told of the first level at once, then of each that differs from the one before; `since_ms` by monotonic time. */
  readonly onSettled: (level: Level, since_ms: number) => void;
}

/** A line that never comes to rest counts all the same after so many times its debounce. */
const restless_debounces = 10;

/** Tells what a line settled on from the bouncing of its contacts. */
export class Debounce {
  readonly #options: DebounceOptions;
  #settled: Level | null = null;
  #level: Level = 0;
  /** When the newest edge came, by the driver's clock, where it tells. */
  #edge_ms: number | null = null;
  /** When the first edge came in of those that have not settled, by monotonic time. */
  #since_ms: number | null = null;
  #cancel: (() => void) | null = null;

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  /** Whether there were edges that have not settled yet. */
  get isPending(): boolean {
    return this.#since_ms !== null;
  }

  take(level: Level, edge_ms: number | null): void {
    const { clock, debounce_ms } = this.#options;
    const now_ms = clock.monotonic();
    if (this.#settled === null) return this.#settle(level, now_ms);
    // what is known when held for long enough, though the timer that should have told so is late
    if (this.#since_ms !== null && edge_ms !== null && this.#edge_ms !== null) {
      if (edge_ms - this.#edge_ms >= debounce_ms) this.#settle(this.#level, this.#since_ms);
    }
    this.#edge_ms = edge_ms;
    if (this.#since_ms === null && level === this.#settled) return;
    this.#level = level;
    this.#since_ms ??= now_ms;
    this.#cancel?.();
    const since_ms = this.#since_ms;
    const rest_ms = Math.min(debounce_ms, since_ms + restless_debounces * debounce_ms - now_ms);
    if (rest_ms <= 0) this.#settle(level, since_ms);
    else this.#cancel = clock.after(rest_ms, () => this.#settle(level, since_ms));
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#since_ms = null;
  }

  #settle(level: Level, since_ms: number): void {
    this.stop();
    if (level === this.#settled) return;
    this.#settled = level;
    this.#options.onSettled(level, since_ms);
  }
}
