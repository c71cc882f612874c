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

/** A gap, and how many entries of the lane it took: others may be gone since before. */
export interface CountedGap extends Gap {
  readonly entries: number;
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
  readonly #sum: StatementSync;
  readonly #count: StatementSync;
  #known: number | undefined;
  /** Of each lane, what was asked last. */
  readonly #sums: Record<Lane, { position: number; entries: number } | undefined> = {
    events: undefined,
    samples: undefined,
  };

  constructor(database: DatabaseSync) {
    this.#forget = database.prepare("DELETE FROM gap WHERE at <= ? AND lane = ? AND last <= ?");
    this.#untold = database.prepare(
      "DELETE FROM gap WHERE at > ? AND at <= ? RETURNING lane, first, last, entries, reason",
    );
    this.#insert = database.prepare(
      "INSERT INTO gap (at, lane, first, last, entries, reason) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#between = database.prepare("SELECT 1 FROM block WHERE lane = ? AND first > ? AND first < ? LIMIT 1");
    this.#count = database.prepare("SELECT count(*) count FROM gap");
    this.#sum = database.prepare(
      "SELECT coalesce(sum(entries), 0) entries FROM gap WHERE lane = ? AND first > ? AND first <= ?",
    );
  }

  /**
   * Inside the caller's transaction: what is to be told by entries from position `at` on, of fresh gaps and of those
   * whose entries went with the events up to `dropped`. Every consumer has passed the lanes up to `passed`.
   */
  tell(fresh: readonly CountedGap[], dropped: number, passed: Record<Lane, number>, at: number): Gap[] {
    let count = this.count;
    for (const lane of lanes) {
      count -= Number(this.#forget.run(passed.events, laneNumber[lane], passed[lane]).changes);
    }
    const rows = this.#untold.all(passed.events, dropped) as {
      lane: number;
      first: number;
      last: number;
      entries: number;
      reason: string;
    }[];
    const again = rows.map(({ lane, first, last, entries, reason }) => ({
      lane: lanes[lane] as Lane,
      from: first,
      to: last,
      entries,
      reason,
    }));
    const telling = this.#joined([...again, ...fresh]);
    telling.forEach(({ lane, from, to, entries, reason }, index) =>
      this.#insert.run(at + index, laneNumber[lane], from, to, entries, reason),
    );
    this.changed();
    this.#known = count - rows.length + telling.length;
    return telling;
  }

  /** Gaps that are remembered. */
  get count(): number {
    this.#known ??= (this.#count.get() as { count: number }).count;
    return this.#known;
  }

  /** Entries that are gone of those behind a position of a lane, as far as they stood between others. */
  goneBehind(lane: Lane, position: number): number {
    const known = this.#sums[lane];
    const between = (after: number, to: number): number =>
      (this.#sum.get(laneNumber[lane], after, to) as { entries: number }).entries;
    const entries =
      known !== undefined && known.position <= position
        ? known.entries - (known.position === position ? 0 : between(known.position, position))
        : between(position, Number.MAX_SAFE_INTEGER);
    this.#sums[lane] = { position, entries };
    return entries;
  }

  /** What is told has changed, or the transaction that changed it was undone. */
  changed(): void {
    this.#known = undefined;
    for (const lane of lanes) this.#sums[lane] = undefined;
  }

  /** Joins gaps of a lane and a reason where nothing of the lane is left between them. */
  #joined(gaps: readonly CountedGap[]): CountedGap[] {
    const alike = Map.groupBy(gaps, ({ lane, reason }) => `${lane} ${reason}`);
    return [...alike.values()].flatMap((group) => {
      const joined: CountedGap[] = [];
      for (const gap of group.toSorted((a, b) => a.from - b.from)) {
        const before = joined.at(-1);
        if (before === undefined || !this.#isNothingBetween(before, gap)) joined.push(gap);
        else {
          const entries = before.entries + gap.entries;
          joined[joined.length - 1] = { ...before, to: Math.max(before.to, gap.to), entries };
        }
      }
      return joined;
    });
  }

  #isNothingBetween({ lane, to }: Gap, { from }: Gap): boolean {
    return from <= to + 1 || this.#between.get(laneNumber[lane], to, from) === undefined;
  }
}
