import type { StoredBatchReading } from "@gengfu/shared/codec/batch";
import type { RepeatKey } from "@gengfu/shared/codec/repeat-key";
import type { Interval } from "@gengfu/shared/intervals";

/** Keys remembered of a gateway: more than a minute of all that may wait in a gateway's memory. */
export const keysOfGateway_max = 20_000;
/** Message ids are given again: one counts as the same delivery only so shortly before the gateway died. */
const unacknowledged_ms = 30_000;
/** Stretches of seqs that the readings of one batch may repeat; a gateway tells one or two. */
const ranges_max = 8;

/** A reading of which there may be a second one, with what that would be known by. */
export interface Known {
  readonly id: string;
  /** Whether by the publish's own `boot` and `seq`, which name it for good. */
  readonly isNumbered: boolean;
  readonly seq: number;
  readonly receivedAt: number;
  /** Seqs of which this may be the repeat. */
  readonly mayRepeat: Interval | null;
}

/** On its way to the log. */
interface Held {
  readonly known: Known;
  readonly settled: Promise<void>;
}

type KeyedReading = StoredBatchReading & { readonly repeat: RepeatKey };

/**
 * The keys of readings that a gateway had only in its memory when it sent them, and of those that may repeat such. A
 * gateway that dies has forgotten the first, and takes what its devices then send again for new: here the two are known
 * for one, whichever comes first.
 */
export class RepeatKeys {
  readonly #max: number;
  readonly #gateways = new Map<string, { readonly known: Map<string, Known>; readonly held: Map<string, Held> }>();

  constructor(max = keysOfGateway_max) {
    this.#max = max;
  }

  /** Remembers what is durable; what came longest ago is forgotten. */
  remember(gateway: string, all: readonly Known[]): void {
    const { known } = this.#of(gateway);
    for (const each of all) {
      known.delete(each.id);
      known.set(each.id, each);
      if (known.size <= this.#max) continue;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    }
  }

  /** Says of readings that they are on their way to the log, until `settled`. */
  hold(gateway: string, readings: readonly StoredBatchReading[], settled: Promise<void>): void {
    const { held } = this.#of(gateway);
    const own = readings.filter(hasKey).map((reading) => ({ known: knownOf(reading), settled }));
    if (own.length === 0) return;
    for (const each of own) held.set(each.known.id, each);
    const release = (): void => {
      for (const each of own) if (held.get(each.known.id) === each) held.delete(each.known.id);
    };
    settled.then(release, release);
  }

  /**
   * Of readings that are new by their seq, the indices of those that the cloud has under another seq, or is about to:
   * `others` settles as that does.
   */
  find(
    gateway: string,
    readings: readonly StoredBatchReading[],
  ): { readonly repeats: ReadonlySet<number>; readonly others: readonly Promise<void>[] } {
    const repeats = new Set<number>();
    const others = new Set<Promise<void>>();
    if (!readings.some(hasKey)) return { repeats, others: [] };
    const { known, held } = this.#of(gateway);
    const ends = new Ends(known, held);
    readings.forEach((reading, index) => {
      if (!hasKey(reading)) return;
      const one = knownOf(reading);
      const there = known.get(one.id);
      const coming = held.get(one.id);
      if (there !== undefined && isSame(one, there, ends)) repeats.add(index);
      else if (coming !== undefined && isSame(one, coming.known, ends)) {
        repeats.add(index);
        others.add(coming.settled);
      }
    });
    return { repeats, others: [...others] };
  }

  #of(gateway: string): { readonly known: Map<string, Known>; readonly held: Map<string, Held> } {
    let keys = this.#gateways.get(gateway);
    if (keys === undefined) this.#gateways.set(gateway, (keys = { known: new Map(), held: new Map() }));
    return keys;
  }
}

/** What is to be remembered of a block of readings, by gateway. */
export function knownOfBlock(readings: readonly StoredBatchReading[]): Map<string, Known[]> {
  const found = new Map<string, Known[]>();
  for (const reading of readings) {
    if (!hasKey(reading)) continue;
    const known = found.get(reading.gateway);
    if (known === undefined) found.set(reading.gateway, [knownOf(reading)]);
    else known.push(knownOf(reading));
  }
  return found;
}

function hasKey(reading: StoredBatchReading): reading is KeyedReading {
  return reading.repeat !== undefined;
}

function knownOf({ device, kind, channel, seq, at, receivedAt, clock, value, detail, repeat }: KeyedReading): Known {
  const { key, mayRepeat } = repeat;
  const isNumbered = /^\d+\.\d+$/.test(key);
  // a message id says that it is the same only together with what it came with
  const content = isNumbered ? [] : [value, JSON.stringify(detail), clock === "device" ? at : ""];
  return { id: [device, kind, channel ?? "", key, ...content].join("\n"), isNumbered, seq, receivedAt, mayRepeat };
}

/** Whether two readings with one id are the first and the repeat of one publish. */
function isSame(one: Known, other: Known, ends: Ends): boolean {
  return isRepeatOf(one, other, ends) || isRepeatOf(other, one, ends);
}

function isRepeatOf({ mayRepeat, isNumbered }: Known, first: Known, ends: Ends): boolean {
  if (mayRepeat === null || !isWithin(first.seq, mayRepeat)) return false;
  return isNumbered || ends.of(mayRepeat, first) - first.receivedAt <= unacknowledged_ms;
}

function isWithin(seq: number, [from, to]: Interval): boolean {
  return from <= seq && seq <= to;
}

/** When the last was taken in of what a gateway forgot. */
class Ends {
  readonly #known: ReadonlyMap<string, Known>;
  readonly #held: ReadonlyMap<string, Held>;
  readonly #found = new Map<string, Known | undefined>();

  constructor(known: ReadonlyMap<string, Known>, held: ReadonlyMap<string, Held>) {
    this.#known = known;
    this.#held = held;
  }

  /** `first` is of them. Infinity beyond what is looked for in one batch. */
  of(range: Interval, first: Known): number {
    const name = range.join();
    if (!this.#found.has(name)) {
      if (this.#found.size >= ranges_max) return Infinity;
      this.#found.set(name, this.#newest(range));
    }
    const newest = this.#found.get(name);
    return newest === undefined || newest.seq < first.seq ? first.receivedAt : newest.receivedAt;
  }

  #newest(range: Interval): Known | undefined {
    let newest: Known | undefined;
    const look = (each: Known): void => {
      if (isWithin(each.seq, range) && each.seq > (newest?.seq ?? 0)) newest = each;
    };
    for (const each of this.#known.values()) look(each);
    for (const { known } of this.#held.values()) look(known);
    return newest;
  }
}
