import type { Clock } from "./time/clock.ts";

/** Lets one loop sleep until there is work; a wake-up that comes while it works is remembered. */
export class Wakeup {
  #isWoken = false;
  #resolve: (() => void) | undefined;

  readonly wake = (): void => {
    this.#isWoken = true;
    this.#resolve?.();
  };

  /** Resolves at the next wake-up, after `delay_ms` where that is not null, or when the signal is aborted. */
  async wait(clock: Clock, delay_ms: number | null, signal?: AbortSignal): Promise<void> {
    if (!this.#isWoken && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          cancel?.();
          signal?.removeEventListener("abort", finish);
          resolve();
        };
        this.#resolve = finish;
        const cancel = delay_ms === null ? undefined : clock.after(delay_ms, finish);
        signal?.addEventListener("abort", finish);
      });
      this.#resolve = undefined;
    }
    this.#isWoken = false;
  }
}
