/** When a card was read: by the reader's own clock, or by the gateway's monotonic one. The two can't be compared. */
export interface Moment {
  readonly by: "device" | "gateway";
  readonly ms: number;
}

export interface Read {
  readonly reader: string;
  /** Whatever makes two reads of one reader the same: the card, and with a carried reader who carries it. */
  readonly card: string;
  readonly moment: Moment;
  /** What the reader numbers its publishes by; null where it doesn't. */
  readonly number: string | null;
}

/** A card that stayed at a reader, or came back before the time was over. */
interface Presence<Tap> {
  readonly by: Moment["by"];
  first_ms: number;
  last_ms: number;
  readonly numbers: string[];
  readonly tap: Tap;
}

/** Bounds of the memory, for each reader by itself, so that none can make another's repeats unknown. */
const cards_max = 256;
const presences_max = 32;
const numbers_max = 32;

/**
 * Which reads belong to a tap that is known already. Reads count by when they were made and not by when they came, so
 * that an hour's taps which a carried reader hands in at once stay apart, in whichever order they come.
 */
export class TapRepeats<Tap> {
  readonly #within_ms: number;
  readonly #readers = new Map<string, Map<string, Presence<Tap>[]>>();

  constructor(within_ms: number) {
    this.#within_ms = within_ms;
  }

  /** The tap that a read belongs to, which then lasts until this read; undefined where it is a new one. */
  find({ reader, card, moment, number }: Read): Tap | undefined {
    const presences = this.#readers.get(reader)?.get(card) ?? [];
    const sentAgain = presences.find(({ numbers }) => number !== null && numbers.includes(number));
    if (sentAgain !== undefined) return sentAgain.tap;
    const presence = presences.find(
      ({ by, first_ms, last_ms }) =>
        by === moment.by && moment.ms > first_ms - this.#within_ms && moment.ms < last_ms + this.#within_ms,
    );
    if (presence === undefined) return undefined;
    presence.first_ms = Math.min(presence.first_ms, moment.ms);
    presence.last_ms = Math.max(presence.last_ms, moment.ms);
    if (number !== null) pushBounded(presence.numbers, number, numbers_max);
    return presence.tap;
  }

  /** Takes down the first read of a tap. */
  remember({ reader, card, moment, number }: Read, tap: Tap): void {
    const cards = this.#readers.get(reader) ?? new Map<string, Presence<Tap>[]>();
    this.#readers.set(reader, cards);
    const presences = cards.get(card) ?? [];
    const numbers = number === null ? [] : [number];
    pushBounded(presences, { by: moment.by, first_ms: moment.ms, last_ms: moment.ms, numbers, tap }, presences_max);
    // behind all others, so that what was there longest is forgotten first
    cards.delete(card);
    cards.set(card, presences);
    for (const oldest of cards.keys()) {
      if (cards.size <= cards_max) break;
      cards.delete(oldest);
    }
  }

  /** Takes a tap back, so that the next read is a new one. */
  forget({ reader, card }: Read, tap: Tap): void {
    const cards = this.#readers.get(reader);
    const rest = cards?.get(card)?.filter((presence) => presence.tap !== tap) ?? [];
    if (rest.length > 0) cards?.set(card, rest);
    else cards?.delete(card);
  }
}

function pushBounded<Item>(list: Item[], item: Item, max: number): void {
  list.push(item);
  if (list.length > max) list.shift();
}
