import type { Clock } from "@gengfu/shared/time/clock";
import type { Observation, Published } from "./observation.ts";

export interface TrialOptions {
  /** Readings that are acknowledged before one is not. */
  readonly before?: number;
  /** How long a reading waits in vain before the connection is cut. */
  readonly withhold_ms?: number;
  /** How many times the device is turned away when it comes back. */
  readonly turnAway?: number;
  /** Readings after which, once it is back, the trial is over. */
  readonly after?: number;
}

export interface TrialParts {
  readonly clock: Clock;
  readonly observe: (observation: Observation) => void;
  readonly onDone: () => void;
}

type Phase = "settling" | "withholding" | "dead" | "watching" | "done";

/**
 * What the checker does to one device: it acknowledges some readings, keeps one acknowledgement back, cuts the
 * connection, turns it away a few times, lets it in again, and tells it of a mistake that it hasn't made.
 */
export class Trial {
  readonly #options: Required<TrialOptions>;
  readonly #parts: TrialParts;
  #phase: Phase = "settling";
  #readings = 0;
  #turnedAway = 0;
  #cancelCut: (() => void) | undefined;

  constructor({ before = 2, withhold_ms = 1_000, turnAway = 2, after = 4 }: TrialOptions, parts: TrialParts) {
    this.#options = { before, withhold_ms, turnAway, after };
    this.#parts = parts;
  }

  get isPlayingDead(): boolean {
    return this.#phase === "dead" && this.#turnedAway > 0;
  }

  /** Whether one that signs on now is cut off without a word. */
  turnsAway(at_ms: number): boolean {
    if (this.#phase !== "dead") return false;
    if (this.#turnedAway >= this.#options.turnAway) {
      this.#phase = "watching";
      return false;
    }
    this.#turnedAway++;
    this.#parts.observe({ type: "tried", at_ms });
    return true;
  }

  /** Whether this reading is not acknowledged. Such a connection is cut after a while, and what else comes on it is not either. */
  withholds(publish: Published, cut: () => void): boolean {
    if (this.#phase === "withholding") return true;
    if (this.#phase !== "settling" || this.#readings < this.#options.before) return false;
    this.#phase = "withholding";
    this.#readings = 0;
    const { clock, observe } = this.#parts;
    observe({ type: "withheld", at_ms: publish.at_ms, publish });
    this.#cancelCut = clock.after(this.#options.withhold_ms, () => {
      cut();
      this.#phase = "dead";
    });
    return true;
  }

  /** Whether the device is now to be told of a mistake; once. */
  tellsOfMistake(): boolean {
    return this.#phase === "watching" && this.#readings === 1;
  }

  acknowledged(isReading: boolean): void {
    if (!isReading) return;
    this.#readings++;
    if (this.#phase !== "watching" || this.#readings < this.#options.after) return;
    this.#phase = "done";
    this.#parts.onDone();
  }

  stop(): void {
    this.#cancelCut?.();
  }
}
