import { IntervalSet } from "@gengfu/shared/intervals";

/** What a batch is sent as: at once, or behind all that is. */
export type Part = "live" | "backlog";

/** A batch under way: all of its lane behind `after`, up to `upTo`. */
export interface Flight {
  readonly part: Part;
  readonly after: number;
  readonly upTo: number;
  readonly readings: number;
}

/**
 * The batches of one lane that are under way, and what was acknowledged in whatever order. The cursor moves only over
 * what is acknowledged without a gap, so that whatever is lost with a connection is sent again.
 */
export class LaneWindow {
  readonly #flights = new Set<Flight>();
  /** Positions at which nothing of the lane is still to be acknowledged; the first of its intervals ends at the cursor. */
  readonly #done: IntervalSet;

  constructor(cursor: number) {
    this.#done = new IntervalSet([[0, cursor]]);
  }

  /** Position up to which all is acknowledged. */
  get cursor(): number {
    return this.#done.intervals[0]?.[1] ?? 0;
  }

  /** Batches under way, of one part or of both. */
  inFlight(part?: Part): number {
    let count = 0;
    for (const flight of this.#flights) if (part === undefined || flight.part === part) count += 1;
    return count;
  }

  /** Readings under way. */
  get readings(): number {
    let count = 0;
    for (const flight of this.#flights) count += flight.readings;
    return count;
  }

  send(flight: Flight): Flight {
    this.#flights.add(flight);
    return flight;
  }

  acknowledge(flight: Flight): void {
    this.#flights.delete(flight);
    this.pass(flight.after, flight.upTo);
  }

  /** Nothing of the lane lies behind `after`, up to `upTo`. */
  pass(after: number, upTo: number): void {
    this.#done.add(after + 1, upTo);
  }
}
