/** A card that is moved, or lies at the edge of the field, is missed now and then. */
const polls_missed = 3;
/** After a longer time without any poll nobody knows who came and went. */
const gap_ms_max = 5_000;

/** Phones and some bank cards make a UID up each time: 4 bytes of which the first is 08 (ISO 14443-3, 6.5.4). */
const randomUid = /^08[0-9A-F]{6}$/;

/**
 * Makes taps of what is found at each poll: a card taps once and must be away for some polls before it taps again. All
 * cards that make their UIDs up are the same one, since a phone that lies there would tap without end.
 */
export class CardPresence {
  /** How many polls in a row each card was missed. */
  readonly #missed = new Map<string, number>();
  #last_ms = -Infinity;

  /** Takes what a poll found at `now_ms`, monotonic; answers with the UID of a card that has just come. */
  poll(uid: string | null, now_ms: number): string | null {
    if (now_ms - this.#last_ms > gap_ms_max) this.#missed.clear();
    this.#last_ms = now_ms;
    const found = uid === null ? null : randomUid.test(uid) ? "random" : uid;
    for (const [card, missed] of this.#missed) {
      if (card === found) continue;
      if (missed + 1 >= polls_missed) this.#missed.delete(card);
      else this.#missed.set(card, missed + 1);
    }
    if (found === null) return null;
    const isNew = !this.#missed.has(found);
    this.#missed.set(found, 0);
    return isNew ? uid : null;
  }
}
