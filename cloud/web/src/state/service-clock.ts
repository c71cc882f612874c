/** Less than this between the two clocks is taken for the grain of the service's `Date` header and the way there. */
const tolerated_ms = 2_000;

/**
 * The service's time, by this computer's clock and what the service's answers say of theirs: durations and "since
 * when" must be right on a duty desk whose clock is minutes off.
 */
export class ServiceClock {
  readonly #local: () => number;
  #offset_ms = 0;

  constructor(local: () => number) {
    this.#local = local;
  }

  now(): number {
    return this.#local() + this.#offset_ms;
  }

  /** `at`: the service's time as an answer said it, cut to the whole second. */
  heard(at: number): void {
    const difference_ms = at + 500 - this.#local();
    if (Math.abs(difference_ms - this.#offset_ms) > tolerated_ms) {
      this.#offset_ms = Math.abs(difference_ms) > tolerated_ms ? difference_ms : 0;
    }
  }
}
