import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";
import { laneNumber } from "./block-table.ts";

/**
 * Why there is nothing under positions that were given out beforehand when the process died. No one was told of an
 * entry there that it is durable, unless the guarantor has it.
 */
export const abandonedReason = "kept only by the cloud, or never acknowledged, when the gateway died";

/** Readings that are gone: all of a lane between two positions, both included. */
export interface Gap {
  readonly lane: Lane;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/**
 * What gap entries tell, and at which positions they stand. Such an entry may itself be dropped before anyone has read
 * it: until every consumer has passed it, what it tells is told again with what comes after.
 */
export class GapRecords {
  readonly #forget: StatementSync;
  readonly #untold: StatementSync;
  readonly #insert: StatementSync;
  readonly #between: StatementSync;

  constructor(database: DatabaseSync) {
    this.#forget = database.prepare("DELETE FROM gap WHERE at <= ?");
    this.#untold = database.prepare("DELETE FROM gap WHERE at <= ? RETURNING lane, first, last, reason");
    this.#insert = database.prepare("INSERT INTO gap (at, lane, first, last, reason) VALUES (?, ?, ?, ?, ?)");
    this.#between = database.prepare("SELECT 1 FROM block WHERE lane = ? AND first > ? AND first < ? LIMIT 1");
  }

  /**
   * Inside the caller's transaction: what is to be told by entries from position `at` on, of fresh gaps and of those
   * whose entries went with the events up to `dropped`. Every consumer has passed the events up to `passed`.
   */
  tell(fresh: readonly Gap[], dropped: number, passed: number, at: number): Gap[] {
    if (fresh.length === 0 && dropped === 0) return [];
    this.#forget.run(passed);
    const rows = this.#untold.all(dropped) as { lane: number; first: number; last: number; reason: string }[];
    const again = rows.map(({ lane, first, last, reason }) => ({
      lane: lanes[lane] as Lane,
      from: first,
      to: last,
      reason,
    }));
    const telling = this.#joined([...again, ...fresh]);
    telling.forEach(({ lane, from, to, reason }, index) =>
      this.#insert.run(at + index, laneNumber[lane], from, to, reason),
    );
    return telling;
  }

  /** Joins gaps of a lane where nothing of it is left between them. */
  #joined(gaps: readonly Gap[]): Gap[] {
    return lanes.flatMap((lane) => {
      const joined: Gap[] = [];
      for (const gap of gaps.filter((each) => each.lane === lane).toSorted((a, b) => a.from - b.from)) {
        const before = joined.at(-1);
        const goesOn = before?.reason === gap.reason && this.#isNothingBetween(before, gap);
        if (before === undefined || !goesOn) joined.push(gap);
        else joined[joined.length - 1] = { ...gap, from: before.from, to: Math.max(before.to, gap.to) };
      }
      return joined;
    });
  }

  #isNothingBetween({ lane, to }: Gap, { from }: Gap): boolean {
    return from <= to + 1 || this.#between.get(laneNumber[lane], to, from) === undefined;
  }
}
