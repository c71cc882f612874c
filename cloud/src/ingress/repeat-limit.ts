import type { Clock } from "@gengfu/shared/time/clock";

const subjects_max = 1_000;

/** Lets a log line about a subject through once in a while, and counts those between. */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #interval_ms: number;
  readonly #told = new Map<string, { at: number; suppressed: number }>();

  constructor(clock: Clock, interval_ms: number) {
    this.#clock = clock;
    this.#interval_ms = interval_ms;
  }

  /** How many lines were held back before this one; undefined where this one is to be held back. */
  pass(subject: string): number | undefined {
    const now = this.#clock.monotonic();
    const told = this.#told.get(subject);
    if (told !== undefined && now - told.at < this.#interval_ms) {
      told.suppressed += 1;
      return undefined;
    }
    // re-entered at the end: the first of the map is the one told longest ago
    this.#told.delete(subject);
    this.#told.set(subject, { at: now, suppressed: 0 });
    if (this.#told.size > subjects_max) this.#told.delete(this.#told.keys().next().value ?? subject);
    return told?.suppressed ?? 0;
  }
}
