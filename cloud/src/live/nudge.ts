import { pause, type Clock } from "@gengfu/shared/time/clock";

/** Wakes a loop that waits for work; a nudge that comes while it works is remembered. */
export class Nudge {
  #nudged = false;
  #wake: AbortController | undefined;

  nudge(): void {
    this.#nudged = true;
    this.#wake?.abort();
  }

  /** Resolves with the next nudge, after a time, or when the signal is aborted. */
  async wait(clock: Clock, longest_ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#nudged) {
      this.#wake = new AbortController();
      await pause(clock, longest_ms, AbortSignal.any([signal, this.#wake.signal]));
      this.#wake = undefined;
    }
    this.#nudged = false;
  }
}
