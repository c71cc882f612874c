import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";
import { blockEntries_max } from "./arrange.ts";
import type { Block, BlockCodec } from "./log.ts";

export const laneNumber: Record<Lane, number> = { events: 0, samples: 1 };

export interface BlockRow {
  readonly first: number;
  readonly count: number;
  readonly body: Uint8Array;
}

/** Where a block stands: its first position, and how many entries its lane had before it, ever. */
export interface Place {
  readonly first: number;
  readonly count: number;
  readonly place: number;
}

/** The blocks of a log in its file, one row for each. */
export class BlockTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #behind: Record<Lane, StatementSync>;
  readonly #place: StatementSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO block (first, lane, count, place, body) VALUES (?, ?, ?, ?, ?)");
    const behind = (lane: Lane): StatementSync =>
      database.prepare(
        `SELECT first, count, body FROM block
         WHERE lane = ${laneNumber[lane]} AND first > ? - ${blockEntries_max} AND first + count > ? + 1
         ORDER BY first`,
      );
    this.#behind = { events: behind("events"), samples: behind("samples") };
    this.#place = database.prepare(
      "SELECT first, count, place FROM block WHERE lane = ? AND first <= ? ORDER BY first DESC LIMIT 1",
    );
    this.#oldest = database.prepare("SELECT first, count, place FROM block WHERE lane = ? ORDER BY first LIMIT 1");
  }

  insert(lane: Lane, first: number, count: number, place: number, body: Uint8Array): void {
    this.#insert.run(first, laneNumber[lane], count, place, body);
  }

  /** What holds entries of a lane behind a position, oldest first. */
  behind(lane: Lane, position: number): Iterable<BlockRow> {
    return this.#behind[lane].iterate(position, position) as Iterable<BlockRow>;
  }

  /** The block of a lane that holds a position, or else the last one before it. */
  placeOf(lane: Lane, position: number): Place | undefined {
    return this.#place.get(laneNumber[lane], position) as Place | undefined;
  }

  oldestPlace(lane: Lane): Place | undefined {
    return this.#oldest.get(laneNumber[lane]) as Place | undefined;
  }

  /** Entries ever appended to a lane. */
  endOf(lane: Lane): number {
    const newest = this.placeOf(lane, Number.MAX_SAFE_INTEGER);
    return newest === undefined ? 0 : newest.place + newest.count;
  }

  /** The newest blocks of both lanes, oldest first, that hold so many entries. */
  tail<Entry>(entries: number, codec: BlockCodec<Entry>): Block<Entry>[] {
    const rows = this.#database.prepare("SELECT first, lane, count, body FROM block ORDER BY first DESC").iterate();
    const blocks: Block<Entry>[] = [];
    let taken = 0;
    for (const { first, lane, count, body } of rows as Iterable<BlockRow & { readonly lane: number }>) {
      if (taken >= entries) break;
      blocks.push({ lane: lanes[lane] as Lane, first, entries: codec.decode(body) });
      taken += count;
    }
    return blocks.toReversed();
  }

  total(): { readonly last: number; readonly entries: number; readonly bytes: number } {
    return this.#database
      .prepare(
        "SELECT coalesce(max(first + count - 1), 0) last, coalesce(sum(count), 0) entries, coalesce(sum(length(body)), 0) bytes FROM block",
      )
      .get() as { last: number; entries: number; bytes: number };
  }
}
