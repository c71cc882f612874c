import type { Lane } from "../model/reading.ts";
import type { Block } from "./log.ts";

/** Entries of a lane that are kept, at least the newest block. */
export const recentEntries_max = 16_384;
/** The same while every consumer is far behind, and reads what is new at most in small pieces. */
export const recentEntries_min = 1_024;
const decodedEntries_max = 32_768;

/**
 * What spares consumers the disk: the newest blocks of each lane as they were appended, since most consumers stand at
 * the head, and the last few that were decoded, since several consumers read the same.
 */
export class BlockCache<Entry> {
  readonly #recent: Record<Lane, Block<Entry>[]> = { events: [], samples: [] };
  readonly #held: Record<Lane, number> = { events: 0, samples: 0 };
  /** Positions behind this one are all in `#recent`. */
  readonly #before: Record<Lane, number>;
  readonly #decoded = new Map<number, readonly Entry[]>();
  #decodedEntries = 0;

  constructor(before: Record<Lane, number>) {
    this.#before = { ...before };
  }

  /** `entries_max`: how many entries of the lane are kept, with the block. */
  add(block: Block<Entry>, entries_max = recentEntries_max): void {
    const recent = this.#recent[block.lane];
    recent.push(block);
    this.#held[block.lane] += block.entries.length;
    let evict = 0;
    while (this.#held[block.lane] > entries_max && evict < recent.length - 1) {
      const oldest = recent[evict++] as Block<Entry>;
      this.#held[block.lane] -= oldest.entries.length;
      this.#before[block.lane] = oldest.first + oldest.entries.length - 1;
    }
    if (evict > 0) recent.splice(0, evict);
  }

  /** Lets go of a lane's blocks up to a position: they were dropped. */
  forget(lane: Lane, upTo: number): void {
    const recent = this.#recent[lane];
    while (recent[0] !== undefined && recent[0].first <= upTo) {
      this.#held[lane] -= (recent.shift() as Block<Entry>).entries.length;
    }
    this.#before[lane] = Math.max(this.#before[lane], upTo);
  }

  /** The blocks behind a position, if memory has all of them; undefined where the disk must be asked. */
  recent(lane: Lane, after: number, entries_max: number): Block<Entry>[] | undefined {
    if (after < this.#before[lane]) return undefined;
    const recent = this.#recent[lane];
    let low = 0;
    let high = recent.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = recent[middle] as Block<Entry>;
      if (block.first + block.entries.length - 1 <= after) low = middle + 1;
      else high = middle;
    }
    const blocks: Block<Entry>[] = [];
    let taken = 0;
    for (; low < recent.length; low++) {
      const block = recent[low] as Block<Entry>;
      const skip = Math.max(0, after + 1 - block.first);
      const count = block.entries.length - skip;
      if (taken > 0 && taken + count > entries_max) break;
      blocks.push(skip === 0 ? block : { lane, first: after + 1, entries: block.entries.slice(skip) });
      taken += count;
    }
    return blocks;
  }

  /** The first blocks of those that memory has. */
  newest(lane: Lane, entries_max: number): Block<Entry>[] {
    return this.recent(lane, this.#before[lane], entries_max) ?? [];
  }

  decoded(first: number, decode: () => readonly Entry[]): readonly Entry[] {
    const known = this.#decoded.get(first);
    if (known !== undefined) return known;
    const entries = decode();
    this.#decoded.set(first, entries);
    this.#decodedEntries += entries.length;
    for (const [oldest, { length }] of this.#decoded) {
      if (this.#decodedEntries <= decodedEntries_max || this.#decoded.size <= 1) break;
      this.#decoded.delete(oldest);
      this.#decodedEntries -= length;
    }
    return entries;
  }
}
