import type { Clock } from "@gengfu/shared/time/clock";
import type { Unclaimed } from "./unclaimed.ts";

/** How often the counts are told again though nobody is new. */
const refresh_ms = 60_000;

/** What one connection to the cloud has told of the unclaimed. */
export class UnclaimedTeller {
  readonly #unclaimed: Pick<Unclaimed, "version" | "news" | "report">;
  readonly #clock: Clock;
  #told: { version: number; news: number; at_ms: number } | null = null;

  constructor(unclaimed: Pick<Unclaimed, "version" | "news" | "report">, clock: Clock) {
    this.#unclaimed = unclaimed;
    this.#clock = clock;
  }

  /** What is to be told with this heartbeat, JSON; null where the cloud has that already. */
  next(): string | null {
    const { version, news } = this.#unclaimed;
    const now_ms = this.#clock.monotonic();
    const told = this.#told;
    const isDue =
      told === null || news !== told.news || (version !== told.version && now_ms - told.at_ms >= refresh_ms);
    if (!isDue) return null;
    this.#told = { version, news, at_ms: now_ms };
    return JSON.stringify(this.#unclaimed.report());
  }
}
