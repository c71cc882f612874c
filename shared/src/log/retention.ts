import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";
import { laneNumber } from "./block-table.ts";
import type { CountedGap } from "./gap-records.ts";
import type { LogBounds } from "./log.ts";
import type { Thinning } from "./thinning.ts";

/** Blocks removed in one transaction at most, so that no commit is long. */
const blocks_max = 512;
/** At the bound, room is made down to this part of it, so that it is made seldom. */
const target = 0.9;
/** Thinning goes on in portions; beyond this part of the bound the oldest go though not all is thinned. */
const overshoot = 1.05;

const reason = "dropped: the log reached its bound";

export interface Removed {
  readonly entries: number;
  readonly bytes: number;
}

interface RemovedBlock {
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
}

/** What is taken out of the file, and what is left then. */
export class Removal {
  readonly #delete: StatementSync;
  readonly #bounds: LogBounds;
  readonly #passed: Record<Lane, number>;
  #entries: number;
  #bytes: number;
  /** Entries that not every consumer had passed. */
  lost = 0;

  constructor(statement: StatementSync, held: Removed, bounds: LogBounds, passed: Record<Lane, number>) {
    this.#delete = statement;
    this.#bounds = bounds;
    this.#passed = passed;
    this.#entries = held.entries;
    this.#bytes = held.bytes;
  }

  get isEnough(): boolean {
    return this.#isWithin(target);
  }

  get isFarOver(): boolean {
    return !this.#isWithin(overshoot);
  }

  /** What is left. */
  get held(): Removed {
    return { entries: this.#entries, bytes: this.#bytes };
  }

  remove(lane: Lane, { first, count, bytes }: RemovedBlock): void {
    this.#delete.run(first);
    this.#entries -= count;
    this.#bytes -= bytes;
    this.lost += Math.max(0, first + count - Math.max(first, this.#passed[lane] + 1));
  }

  #isWithin(part: number): boolean {
    return this.#entries <= this.#bounds.entries * part && this.#bytes <= this.#bounds.bytes * part;
  }
}

/** What was dropped. */
export interface Dropped extends Removed {
  readonly lost: number;
  readonly gaps: readonly CountedGap[];
  /** Position of the last event that went; 0 for none. */
  readonly events: number;
}

/** Removes blocks of a log, inside the caller's transaction. The newest block always stays: it holds the numbering. */
export class Retention {
  readonly #trim: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  readonly #thinning: Pick<Thinning<unknown>, "thin"> | undefined;

  constructor(database: DatabaseSync, thinning?: Pick<Thinning<unknown>, "thin">) {
    this.#thinning = thinning;
    this.#trim = database.prepare(
      `DELETE FROM block WHERE first IN
         (SELECT first FROM block WHERE lane = ? AND first + count - 1 <= ? ORDER BY first LIMIT ${blocks_max})
       RETURNING count, length(body) bytes`,
    );
    this.#oldest = database.prepare(
      `SELECT first, count, length(body) bytes FROM block
       WHERE lane = ? AND first + count - 1 < ? ORDER BY first LIMIT ${blocks_max}`,
    );
    this.#delete = database.prepare("DELETE FROM block WHERE first = ?");
  }

  /** Removes, of each lane, what stands at or before `upTo`. */
  trim(upTo: Record<Lane, number>): Removed {
    let entries = 0;
    let bytes = 0;
    for (const lane of lanes) {
      if (upTo[lane] <= 0) continue;
      for (const row of this.#trim.all(laneNumber[lane], upTo[lane]) as { count: number; bytes: number }[]) {
        entries += row.count;
        bytes += row.bytes;
      }
    }
    return { entries, bytes };
  }

  /**
   * Makes room at the bound: samples that everyone has passed, then others, thinned before they are dropped, oldest
   * first; events last.
   */
  drop(held: Removed, bounds: LogBounds, last: number, passed: Record<Lane, number>, mayThin: boolean): Dropped {
    const removal = new Removal(this.#delete, held, bounds, passed);
    const gaps: CountedGap[] = [];
    let events = 0;
    const dropOldest = (lane: Lane, end: number): boolean => {
      const dropped = this.#dropOldest(lane, end, removal);
      const from = Math.max(dropped.from, passed[lane] + 1);
      if (from <= dropped.to) gaps.push({ lane, from, to: dropped.to, entries: 0, reason });
      if (lane === "events") events = dropped.to;
      return dropped.isAll;
    };
    let isThinned = true;
    if (this.#thinning !== undefined) {
      dropOldest("samples", Math.min(passed.samples + 1, last));
      if (!removal.isEnough && mayThin) {
        const thinned = this.#thinning.thin(last, passed.samples, removal);
        gaps.push(...thinned.gaps);
        isThinned = thinned.isDone;
      }
    }
    if (!removal.isEnough && (isThinned || removal.isFarOver)) {
      const isAll = dropOldest("samples", last);
      if (isAll && !removal.isEnough) dropOldest("events", last);
    }
    const left = removal.held;
    return { entries: held.entries - left.entries, bytes: held.bytes - left.bytes, lost: removal.lost, gaps, events };
  }

  /** Drops what ends before `end` until it is enough; says from where to where, and whether that was all there is. */
  #dropOldest(lane: Lane, end: number, removal: Removal): { from: number; to: number; isAll: boolean } {
    const rows = this.#oldest.all(laneNumber[lane], end) as unknown[] as RemovedBlock[];
    let to = 0;
    for (const row of rows) {
      if (removal.isEnough) return { from: rows[0]?.first ?? 0, to, isAll: false };
      removal.remove(lane, row);
      to = row.first + row.count - 1;
    }
    return { from: rows[0]?.first ?? 1, to, isAll: rows.length < blocks_max };
  }
}

export function isOver(entries: number, bytes: number, bounds: LogBounds): boolean {
  return entries > bounds.entries || bytes > bounds.bytes;
}
