import type { Clock } from "@gengfu/shared/time/clock";

/** Lets one waiter sleep until something happens; what happens while it is awake is remembered. */
export class Wakeup {
  #woken = false;
  #resolve: (() => void) | null = null;

  readonly wake = (): void => {
    this.#woken = true;
    this.#resolve?.();
  };

  /** Resolves at the next wake-up, or after `delay_ms`. */
  async wait(clock: Clock, delay_ms: number | null): Promise<void> {
    if (!this.#woken) {
      const woken = new Promise<void>((resolve) => (this.#resolve = resolve));
      const cancel = delay_ms === null ? null : clock.after(delay_ms, this.wake);
      await woken;
      cancel?.();
      this.#resolve = null;
    }
    this.#woken = false;
  }
}
