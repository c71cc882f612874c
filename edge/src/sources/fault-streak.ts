import type { Logger } from "@gengfu/shared/logging";
import type { Text } from "@gengfu/shared/model/text";
import type { Troubles } from "../troubles.ts";

export interface Fault {
  /** Tells faults apart: one that goes on is said once, another one is said again. */
  readonly code: string;
  readonly text: Text;
  /** Set where once is enough, since it is no passing disturbance. */
  readonly isSure?: boolean;
}

export interface FaultStreakOptions {
  /** What the trouble is listed under, such as `onewire 28-0316a2795cff`. */
  readonly subject: string;
  readonly troubles: Troubles;
  readonly logger: Logger;
  /** After how many faults in a row it is a trouble; 3 by default, since a disturbed line misses one now and then. */
  readonly faults_max?: number;
}

/** Makes a trouble of faults in a row, says so once in the log, and takes it back at the first success. */
export class FaultStreak {
  readonly #options: FaultStreakOptions;
  #faults = 0;
  #said: string | null = null;

  constructor(options: FaultStreakOptions) {
    this.#options = options;
  }

  /** Takes the outcome of one attempt: a fault, or null for a success. */
  report(fault: Fault | null): void {
    const { subject, troubles, logger, faults_max = 3 } = this.#options;
    if (fault === null) {
      this.#faults = 0;
      if (this.#said === null) return;
      this.#said = null;
      troubles.set(subject, null);
      logger.info({ subject }, "works again");
      return;
    }
    this.#faults += 1;
    if (this.#faults < faults_max && fault.isSure !== true && this.#said === null) return;
    troubles.set(subject, fault.text);
    if (this.#said !== fault.code) logger.warn({ subject, fault: fault.code }, fault.text.en);
    this.#said = fault.code;
  }
}
