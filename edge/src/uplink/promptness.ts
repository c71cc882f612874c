/** An acknowledgement that takes longer is not soon. */
export const soon_ms = 1_000;

/** How soon the cloud acknowledges of late. */
export class Promptness {
  #delay_ms = Infinity;

  /** A batch was acknowledged, so long after it was sent. One that took long is forgotten by halves. */
  note(delay_ms: number): void {
    this.#delay_ms = this.#delay_ms === Infinity ? delay_ms : Math.max(delay_ms, (this.#delay_ms + delay_ms) / 2);
  }

  /** Not before the first acknowledgement. */
  get isSoon(): boolean {
    return this.#delay_ms < soon_ms;
  }
}
