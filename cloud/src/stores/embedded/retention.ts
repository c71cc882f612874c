import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { inTransaction } from "@gengfu/shared/sqlite-file";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import type { Series, SeriesIndex } from "./series-index.ts";
import { isSure, type UnsureReadings } from "./unsure-readings.ts";

/** Rows that one step removes at most: a step is short, so that writers and readers don't notice. */
const step_rows = 5_000;
const pauseBetweenSteps_ms = 20;
const pauseWhenDone_ms = 60_000;
/** Where the store is too large, the oldest hundredth of its time goes at a time, but at least so much. */
const slice_ms = 60_000;

export interface RetentionOptions {
  readonly database: DatabaseSync;
  readonly series: SeriesIndex;
  readonly unsure: UnsureReadings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly age_max_ms: number;
  readonly bytes_max: number;
}

/**
 * Keeps the store within its age and size; the oldest readings go first. What waits for the time of its boot looks as
 * old as the wrong clock made it, and goes by when it was stored.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #any: StatementSync;
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #boundary: StatementSync;
  readonly #remove: StatementSync;
  readonly #pages: StatementSync;
  #deleted = 0;

  constructor(options: RetentionOptions) {
    const { database } = options;
    this.#options = options;
    this.#any = database.prepare("SELECT 1 FROM reading WHERE series = ? LIMIT 1");
    this.#oldest = database.prepare(`SELECT at FROM reading WHERE series = ? AND ${isSure} ORDER BY at LIMIT 1`);
    this.#newest = database.prepare(`SELECT at FROM reading WHERE series = ? AND ${isSure} ORDER BY at DESC LIMIT 1`);
    this.#boundary = database.prepare(
      `SELECT at FROM reading WHERE series = ? AND at < ? AND ${isSure} ORDER BY at LIMIT 1 OFFSET ?`,
    );
    this.#remove = database.prepare(`DELETE FROM reading WHERE series = ? AND at < ? AND ${isSure}`);
    this.#pages = database.prepare(
      `SELECT page_count - freelist_count AS used, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
  }

  get deleted(): number {
    return this.#deleted;
  }

  /** Bytes that hold something; the file keeps the pages that became free and fills them again. */
  get bytes(): number {
    const { used, page_size } = this.#pages.get() as { used: number; page_size: number };
    return used * page_size;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      let done = true;
      try {
        done = this.step() === 0;
      } catch (error) {
        logger.warn({ err: error }, "old readings can't be removed for now");
      }
      await pause(clock, done ? pauseWhenDone_ms : pauseBetweenSteps_ms, signal);
    }
  }

  /** One step; returns how many readings it removed, 0 when nothing is left to do. */
  step(): number {
    const { database, series, unsure, clock, age_max_ms, bytes_max } = this.#options;
    let cutoff = clock.now() - age_max_ms;
    if (this.bytes > bytes_max) cutoff = Math.max(cutoff, this.#cutoffForSize());
    const empty: Series[] = [];
    const removed = inTransaction(database, () => {
      unsure.release(clock.now() - age_max_ms);
      let count = 0;
      for (const each of series.all()) {
        if (count >= step_rows) break;
        const oldest = this.#oldest.get(each.id) as { at: number } | undefined;
        if (oldest === undefined) {
          if (this.#any.get(each.id) === undefined) empty.push(each);
          continue;
        }
        if (oldest.at >= cutoff) continue;
        const rest = this.#boundary.get(each.id, cutoff, step_rows - count) as { at: number } | undefined;
        // more than a step's worth in one millisecond go together
        const end = rest === undefined ? cutoff : Math.max(rest.at, oldest.at + 1);
        count += Number(this.#remove.run(each.id, end).changes);
      }
      return count;
    });
    for (const each of empty) series.remove(each);
    this.#deleted += removed;
    return removed;
  }

  #cutoffForSize(): number {
    let oldest = Infinity;
    let newest = -Infinity;
    for (const { id } of this.#options.series.all()) {
      oldest = Math.min(oldest, (this.#oldest.get(id) as { at: number } | undefined)?.at ?? Infinity);
      newest = Math.max(newest, (this.#newest.get(id) as { at: number } | undefined)?.at ?? -Infinity);
    }
    return Number.isFinite(oldest) ? oldest + Math.max(slice_ms, (newest - oldest) / 100) : -Infinity;
  }
}
