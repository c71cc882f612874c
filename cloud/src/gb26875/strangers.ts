import { addressNumber } from "./frame.ts";

/** Addresses remembered; the one that came longest ago goes first. */
const strangers_max = 100;

/** Someone who sends good frames and is not in any site's file: mostly a new device that is to be entered there. */
export interface Stranger {
  readonly address: string;
  /** The same as a whole number. */
  readonly number: number;
  /** Where it came from last. */
  readonly remote: string;
  readonly frames: number;
  /** Epoch milliseconds. */
  readonly lastSeenAt: number;
}

export class Strangers {
  readonly #known = new Map<string, Stranger>();

  note(address: string, remote: string, now: number): void {
    const frames = (this.#known.get(address)?.frames ?? 0) + 1;
    // re-entered at the end: the first of the map is the one that came longest ago
    this.#known.delete(address);
    this.#known.set(address, { address, number: addressNumber(address), remote, frames, lastSeenAt: now });
    if (this.#known.size > strangers_max) this.#known.delete(this.#known.keys().next().value ?? address);
  }

  /** The newest first. */
  list(): Stranger[] {
    return [...this.#known.values()].toReversed();
  }
}
