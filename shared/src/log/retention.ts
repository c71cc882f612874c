import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";
import { laneNumber } from "./block-table.ts";
import type { Gap } from "./gap-records.ts";
import type { LogBounds } from "./log.ts";

/** Blocks removed in one transaction at most, so that no commit is long. */
const blocks_max = 512;
/** At the bound, room is made down to this part of it, so that it is made seldom. */
const target = 0.9;

export interface Removed {
  readonly entries: number;
  readonly bytes: number;
}

const reason = "the log reached its bound";

/** Removes blocks of a log, inside the caller's transaction. The newest block always stays: it holds the numbering. */
export class Retention {
  readonly #trim: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
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
   * Makes room at the bound: oldest samples first, events last. Answers what of it no consumer had passed, and the
   * position of the last event that went.
   */
  drop(
    held: Removed,
    bounds: LogBounds,
    last: number,
    passed: Record<Lane, number>,
  ): Removed & { gaps: Gap[]; lost: number; events: number } {
    let { entries, bytes } = held;
    let lost = 0;
    let events = 0;
    const gaps: Gap[] = [];
    const enough = (): boolean => entries <= bounds.entries * target && bytes <= bounds.bytes * target;
    for (const lane of ["samples", "events"] as const) {
      let from: number | undefined;
      let to = 0;
      for (const row of this.#oldest.all(laneNumber[lane], last) as { first: number; count: number; bytes: number }[]) {
        if (enough()) break;
        this.#delete.run(row.first);
        entries -= row.count;
        bytes -= row.bytes;
        const end = row.first + row.count - 1;
        if (lane === "events") events = end;
        const start = Math.max(row.first, passed[lane] + 1);
        if (start > end) continue;
        from ??= start;
        to = end;
        lost += end - start + 1;
      }
      if (from !== undefined) gaps.push({ lane, from, to, reason });
      if (enough()) break;
    }
    return { entries: held.entries - entries, bytes: held.bytes - bytes, gaps, lost, events };
  }
}

export function isOver(entries: number, bytes: number, bounds: LogBounds): boolean {
  return entries > bounds.entries || bytes > bounds.bytes;
}
