import type { Clock } from "@gengfu/shared/time/clock";

const subjects_max = 1_000;

/** Lets one log line for each subject through in an interval, and counts what it held back. */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #interval_ms: number;
  readonly #subjects = new Map<string, { at: number; suppressed: number }>();

  constructor(clock: Clock, interval_ms: number) {
    this.#clock = clock;
    this.#interval_ms = interval_ms;
  }

  /** How many were held back since the last line, or undefined where this one is to be held back too. */
  pass(subject: string): number | undefined {
    const now = this.#clock.monotonic();
    const known = this.#subjects.get(subject);
    if (known !== undefined && now - known.at < this.#interval_ms) {
      known.suppressed += 1;
      return undefined;
    }
    if (known === undefined && this.#subjects.size >= subjects_max) this.#subjects.clear();
    this.#subjects.set(subject, { at: now, suppressed: 0 });
    return known?.suppressed ?? 0;
  }
}
