import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "../logging.ts";
import type { Lane } from "../model/reading.ts";
import type { Clock } from "../time/clock.ts";
import type { NewBlock } from "./arrange.ts";
import type { Cursors } from "./cursors.ts";
import type { BlockCodec, LogBounds } from "./log.ts";
import { GapRecords, type CountedGap, type Gap } from "./gap-records.ts";
import { isOver, Retention, type Removed } from "./retention.ts";
import { Thinning, type ThinOptions } from "./thinning.ts";

/** How often what every consumer has passed is removed, where the bound does not ask for it before. */
const trimEvery_ms = 1_000;

/** Thinning stops while there are more gap records than one for so many entries of the bound. */
const gapsOf = 4;

export interface RoomOptions<Entry> {
  readonly codec: BlockCodec<Entry>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who reads the log: what all of them have passed may be removed. With none, nothing is removed. */
  readonly consumers?: readonly string[];
  /** How many acknowledged entries stay, for those that look back after a restart. */
  readonly tail_entries?: number;
  readonly bounds?: LogBounds;
  /**
   * At the bound, what makes the entry that tells of dropped ones. Without it the log drops nothing: appends stay
   * pending until the consumers have made room.
   */
  readonly gapEntry?: (gap: Gap) => Entry;
  /** At the bound, how samples are thinned before any are dropped; without it they are dropped, oldest first. */
  readonly thin?: ThinOptions<Entry>;
}

/** Position of the last entry on disk, and of the last one. */
export interface LogEnd {
  readonly durable: number;
  readonly last: number;
}

/** What was removed for a batch. */
export type MadeRoom = Removed & { readonly lost: number; readonly gaps: readonly CountedGap[] };

/** Keeps a log within its bounds. */
export class Room<Entry> {
  readonly #options: RoomOptions<Entry>;
  readonly #cursors: Cursors;
  readonly #retention: Retention;
  readonly #records: GapRecords;
  readonly #thinning: Thinning<Entry> | undefined;
  #entries: number;
  #bytes: number;
  #dropped = 0;
  #trimmed_ms = 0;

  constructor(options: RoomOptions<Entry>, database: DatabaseSync, cursors: Cursors, held: Removed) {
    this.#options = options;
    this.#cursors = cursors;
    const { codec, thin } = options;
    this.#thinning = thin === undefined ? undefined : new Thinning(database, codec, thin);
    this.#retention = new Retention(database, this.#thinning);
    this.#records = new GapRecords(database);
    this.#entries = held.entries;
    this.#bytes = held.bytes;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Entries that were dropped before every consumer had passed them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether more may be appended: a log that must not drop takes nothing above its bound. */
  hasRoom(last: number): boolean {
    const { bounds, gapEntry } = this.#options;
    if (bounds === undefined || gapEntry !== undefined || !isOver(this.#entries, this.#bytes, bounds)) return true;
    const removed = this.#retention.trim(this.#passedByAll(last));
    this.#entries -= removed.entries;
    this.#bytes -= removed.bytes;
    return !isOver(this.#entries, this.#bytes, bounds);
  }

  /**
   * Inside the transaction that appends `blocks` to a file that ends at `end.durable`: removes what is done with, and at the
   * bound what must go. That is told by gap entries, which join the blocks, as are the gaps that are known already.
   */
  make(blocks: NewBlock<Entry>[], end: LogEnd, known: readonly CountedGap[]): MadeRoom {
    const { clock, bounds, gapEntry } = this.#options;
    let entries = 0;
    let bytes = 0;
    const now_ms = clock.monotonic();
    const adding = { entries: 0, bytes: 0 };
    for (const block of blocks) {
      adding.entries += block.entries.length;
      adding.bytes += block.body.length;
    }
    const over = (): boolean =>
      bounds !== undefined &&
      isOver(this.#entries + adding.entries - entries, this.#bytes + adding.bytes - bytes, bounds);
    if (now_ms - this.#trimmed_ms >= trimEvery_ms || over()) {
      this.#trimmed_ms = now_ms;
      ({ entries, bytes } = this.#retention.trim(this.#passedByAll(end.durable)));
    }
    if (bounds === undefined || gapEntry === undefined || !over()) {
      this.#tell(blocks, end.last, known, 0);
      return { entries, bytes, lost: 0, gaps: [] };
    }
    const held = { entries: this.#entries - entries + adding.entries, bytes: this.#bytes - bytes + adding.bytes };
    // what tells of gaps must not itself crowd out events
    const mayThin = this.#records.count < bounds.entries / gapsOf;
    const dropped = this.#retention.drop(held, bounds, end.durable, this.#passedByAny(), mayThin);
    this.#tell(blocks, end.last, [...known, ...dropped.gaps], dropped.events);
    return { entries: entries + dropped.entries, bytes: bytes + dropped.bytes, lost: dropped.lost, gaps: dropped.gaps };
  }

  /** That transaction was undone. */
  undone(): void {
    this.#thinning?.undone();
    this.#records.changed();
  }

  /** Entries that are gone of those behind a position of a lane, not counting what was oldest. */
  goneBehind(lane: Lane, position: number): number {
    return this.#records.goneBehind(lane, position);
  }

  /** That transaction is committed. */
  committed(blocks: readonly NewBlock<Entry>[], { entries, bytes, lost }: MadeRoom): void {
    this.#entries -= entries;
    this.#bytes -= bytes;
    this.#dropped += lost;
    for (const block of blocks) {
      this.#entries += block.entries.length;
      this.#bytes += block.body.length;
    }
    if (lost > 0) {
      this.#options.logger.warn(
        { dropped: this.#dropped },
        "the log is at its bound and thinned or dropped its oldest readings",
      );
    }
  }

  #tell(blocks: NewBlock<Entry>[], last: number, gaps: readonly CountedGap[], droppedEvents: number): void {
    const { gapEntry, codec } = this.#options;
    if (gapEntry === undefined || (gaps.length === 0 && droppedEvents === 0)) return;
    const newest = blocks.at(-1);
    const first = (newest === undefined ? last : newest.first + newest.entries.length - 1) + 1;
    const entries = this.#records.tell(gaps, droppedEvents, this.#passedByAny(), first).map(gapEntry);
    if (entries.length > 0) blocks.push({ lane: "events", first, entries, body: codec.encode(entries) });
  }

  /** What every consumer has passed and the tail does not need. */
  #passedByAll(last: number): Record<Lane, number> {
    const { tail_entries = 1 } = this.#options;
    const { events, samples } = this.#passedByAny();
    const end = last - Math.max(1, tail_entries);
    return { events: Math.min(end, events), samples: Math.min(end, samples) };
  }

  /** What the slowest consumer has passed: dropping that loses nothing. */
  #passedByAny(): Record<Lane, number> {
    const { consumers = [] } = this.#options;
    const least = (lane: Lane): number =>
      consumers.length === 0 ? 0 : Math.min(...consumers.map((name) => this.#cursors.get(name, lane)));
    return { events: least("events"), samples: least("samples") };
  }
}
