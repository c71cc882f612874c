import { laneOf } from "@gengfu/shared/model/reading";
import type { Measurement } from "./moment.ts";

/** A measurement that waits to be published. */
export interface Waiting {
  readonly measurement: Measurement;
  readonly seq: number;
  /** By the monotonic clock, milliseconds. */
  readonly measured_ms: number;
}

/**
 * What a device keeps in memory while it has no connection: at the bound the oldest sample goes, and an event only
 * where nothing but events is left.
 */
export class Outbox {
  readonly #entries_max: number;
  readonly #entries: Waiting[] = [];
  #dropped = 0;

  constructor(entries_max: number) {
    this.#entries_max = entries_max;
  }

  get length(): number {
    return this.#entries.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(entry: Waiting): void {
    this.#entries.push(entry);
    if (this.#entries.length <= this.#entries_max) return;
    const sample = this.#entries.findIndex(({ measurement }) => laneOf(measurement.kind) === "samples");
    this.#entries.splice(Math.max(0, sample), 1);
    this.#dropped++;
  }

  /** Forgets all; these count as dropped by nobody. */
  clear(): void {
    this.#entries.length = 0;
  }

  shift(): Waiting | undefined {
    return this.#entries.shift();
  }
}
