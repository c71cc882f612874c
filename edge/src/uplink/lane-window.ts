/** A batch under way. */
export interface Flight {
  /** Position of its last reading. */
  readonly upTo: number;
  acknowledged: boolean;
}

/**
 * The batches of one lane that are under way. The cursor moves only over batches that are acknowledged without a gap,
 * so that whatever is lost with a connection is sent again.
 */
export class LaneWindow {
  readonly #flights: Flight[] = [];
  #cursor: number;
  #sent: number;

  constructor(cursor: number) {
    this.#cursor = cursor;
    this.#sent = cursor;
  }

  /** Position behind which nothing has been sent yet. */
  get sent(): number {
    return this.#sent;
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  send(upTo: number): Flight {
    const flight = { upTo, acknowledged: false };
    this.#sent = upTo;
    this.#flights.push(flight);
    return flight;
  }

  /** Notes an acknowledgement; answers the position up to which all is acknowledged. */
  acknowledge(flight: Flight): number {
    flight.acknowledged = true;
    while (this.#flights[0]?.acknowledged === true) this.#cursor = (this.#flights.shift() as Flight).upTo;
    return this.#cursor;
  }
}
