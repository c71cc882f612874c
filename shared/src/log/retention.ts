import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lanes, type Lane } from "../model/reading.ts";
import { laneNumber } from "./block-table.ts";
import type { LogBounds } from "./log.ts";

/** Blocks removed in one transaction at most, so that no commit is long. */
const blocks_max = 512;
/** At the bound, room is made down to this part of it, so that it is made seldom. */
const target = 0.9;

export interface Removed {
  readonly entries: number;
  readonly bytes: number;
}

/** Readings of a lane that were dropped: all of that lane between two positions, both included. */
export interface Gap {
  readonly lane: Lane;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** Of a lane, all that was dropped between two positions, and the position of the entry that tells of it. */
interface Told {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

const reason = "the log reached its bound";

/** Removes blocks of a log, inside the caller's transaction. The newest block always stays: it holds the numbering. */
export class Retention {
  readonly #trim: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  readonly #told: StatementSync;
  readonly #tell: StatementSync;

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
    this.#told = database.prepare("SELECT value FROM meta WHERE key = ?");
    this.#tell = database.prepare("REPLACE INTO meta (key, value) VALUES (?, ?)");
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

  /**
   * What is to be told of gaps by entries from `first` on. An entry that tells of one may itself be dropped before
   * anyone has read it: until every consumer has passed it, what it tells is told again with what comes after.
   */
  tell(gaps: readonly Gap[], droppedEvents: number, passedEvents: number, first: number): Gap[] {
    const telling: Gap[] = [];
    for (const lane of lanes) {
      const fresh = gaps.find((gap) => gap.lane === lane);
      const known = this.#toldOf(lane);
      const told = known !== undefined && known.at > passedEvents ? known : undefined;
      const last = fresh ?? (told !== undefined && told.at <= droppedEvents ? told : undefined);
      if (last === undefined) continue;
      // blocks of a lane go oldest first: nothing is left of it between two gaps
      const gap: Gap = { lane, from: Math.min(last.from, told?.from ?? Infinity), to: last.to, reason };
      const now: Told = { from: gap.from, to: gap.to, at: first + telling.length };
      this.#tell.run(toldKey(lane), JSON.stringify(now));
      telling.push(gap);
    }
    return telling;
  }

  #toldOf(lane: Lane): Told | undefined {
    const row = this.#told.get(toldKey(lane)) as { value: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as Told);
  }
}

function toldKey(lane: Lane): string {
  return `gap of ${lane}`;
}

export function isOver(entries: number, bytes: number, bounds: LogBounds): boolean {
  return entries > bounds.entries || bytes > bounds.bytes;
}
