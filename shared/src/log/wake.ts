import type { Clock } from "../time/clock.ts";

/** One timer, which goes off at the earliest of the times that were asked for. */
export class Wake {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #at_ms = Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** By monotonic time; Infinity asks for nothing. */
  at(at_ms: number): void {
    if (at_ms >= this.#at_ms) return;
    this.cancel();
    this.#at_ms = at_ms;
    this.#cancel = this.#clock.after(Math.max(0, at_ms - this.#clock.monotonic()), () => {
      this.#at_ms = Infinity;
      this.#callback();
    });
  }

  cancel(): void {
    this.#cancel?.();
    this.#at_ms = Infinity;
  }
}
