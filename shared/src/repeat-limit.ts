import type { Logger } from "./logging.ts";
import type { Clock } from "./time/clock.ts";

const subjects_max = 1_000;
const logInterval_ms = 60_000;

/** Lets one of each subject through in an interval, and counts those between. */
export class RepeatLimit {
  readonly #clock: Clock;
  readonly #interval_ms: number;
  readonly #told = new Map<string, { at: number; suppressed: number }>();

  constructor(clock: Clock, interval_ms: number) {
    this.#clock = clock;
    this.#interval_ms = interval_ms;
  }

  /** How many were held back before this one; undefined where this one is to be held back. */
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

/** Logs what outsiders can bring about as often as they like: a line a minute for each subject. */
export class RepeatLog {
  readonly #logger: Logger;
  readonly #limit: RepeatLimit;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#limit = new RepeatLimit(clock, logInterval_ms);
  }

  warn(subject: string, context: object, what: string): void {
    this.#write("warn", subject, context, what);
  }

  error(subject: string, context: object, what: string): void {
    this.#write("error", subject, context, what);
  }

  #write(level: "warn" | "error", subject: string, context: object, what: string): void {
    const suppressed = this.#limit.pass(subject);
    if (suppressed !== undefined) this.#logger[level](suppressed === 0 ? context : { ...context, suppressed }, what);
  }
}
