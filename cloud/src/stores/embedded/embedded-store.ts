import type { DatabaseSync, StatementSync } from "node:sqlite";
import { messageOf, GengfuError } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";
import type { Kind, Lane, StoredReading } from "@gengfu/shared/model/reading";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";
import type { Clock } from "@gengfu/shared/time/clock";
import { bootTimeOf } from "@gengfu/shared/time/correction";
import type { Progress, ReadingsQuery, Rejection, SeriesPoint, SeriesQuery, Store, WriteResult } from "../store.ts";
import { readingsLimit } from "../store.ts";
import { mergeOrdered } from "./newest-first.ts";
import { columns, insertReading, readingOf, valuesOf, type ReadingRecord } from "./reading-row.ts";
import { Retention } from "./retention.ts";
import { SeriesIndex, type Series } from "./series-index.ts";
import { UnsureReadings, unsureSchema, type UnsureReading } from "./unsure-readings.ts";

/**
 * One tree, clustered by series and time: a series is read as one range, newest first or in buckets. The key is made
 * from the reading alone, so a reading that is written again falls on itself.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT
  );
  CREATE TABLE IF NOT EXISTS reading (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,           -- epoch milliseconds
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    received_at INTEGER NOT NULL,  -- epoch milliseconds
    clock INTEGER NOT NULL,        -- index of clockQualities
    value REAL,
    detail TEXT,                   -- JSON
    PRIMARY KEY (series, at, epoch, seq)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS progress (lane TEXT PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
  ${unsureSchema}
`;

/** A site has tens of series; a gateway gone wrong must not fill the memory with names. */
const series_max = 20_000;

export interface EmbeddedStoreOptions {
  /** The database file; its folder must exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readings older than this go; 400 days by default, a year and a month's report on it. */
  readonly age_max_ms?: number;
  /** Beyond this size the oldest readings go, bytes; 8 GiB by default. */
  readonly bytes_max?: number;
}

export interface EmbeddedStats {
  readonly bytes: number;
  readonly series: number;
  /** Readings that retention removed since the start. */
  readonly deleted: number;
}

/** The store in a SQLite file: nothing else need run for a site to have its history. */
export function openEmbeddedStore(options: EmbeddedStoreOptions): EmbeddedStore {
  return new EmbeddedStore(options);
}

export class EmbeddedStore implements Store {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #series: SeriesIndex;
  readonly #retention: Retention;
  readonly #unsure: UnsureReadings;
  readonly #insert: StatementSync;
  readonly #saveProgress: StatementSync;
  readonly #newest: StatementSync;
  readonly #firstFrom: StatementSync;
  readonly #bucket: StatementSync;

  constructor(options: EmbeddedStoreOptions) {
    // normal: after a power cut the log still has what is missing here, and the progress says from where
    const database = openSqliteFile({ ...options, schema, version: 1, synchronous: "normal" });
    this.#database = database;
    this.#clock = options.clock;
    this.#series = new SeriesIndex(database);
    this.#unsure = new UnsureReadings(database, this.#series);
    this.#insert = database.prepare(insertReading);
    this.#saveProgress = database.prepare(
      "INSERT INTO progress (lane, epoch, position) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch, position = excluded.position",
    );
    this.#newest = database.prepare(
      `SELECT ${columns} FROM reading WHERE series = ? ORDER BY at DESC, epoch DESC, seq DESC LIMIT 1`,
    );
    this.#firstFrom = database.prepare(
      "SELECT at FROM reading WHERE series = ? AND at >= ? AND at < ? AND value IS NOT NULL ORDER BY at LIMIT 1",
    );
    this.#bucket = database.prepare(
      "SELECT min(value) min, sum(value) sum, max(value) max, count(value) count FROM reading WHERE series = ? AND at >= ? AND at < ?",
    );
    this.#retention = new Retention({
      database,
      series: this.#series,
      unsure: this.#unsure,
      clock: options.clock,
      logger: options.logger,
      age_max_ms: options.age_max_ms ?? 400 * 86_400_000,
      bytes_max: options.bytes_max ?? 8 * 1024 ** 3,
    });
  }

  async write(readings: readonly StoredReading[], progress?: Progress): Promise<WriteResult> {
    const rejected: Rejection[] = [];
    const corrected: StoredReading[] = [];
    const now = this.#clock.now();
    try {
      inTransaction(this.#database, () => {
        for (const given of readings) {
          const time = bootTimeOf(given);
          if (time !== undefined)
            for (const reading of this.#unsure.learn(given.gateway, time)) corrected.push(reading);
          const reading = this.#unsure.correct(given);
          const series = this.#seriesOf(reading);
          if (series === undefined) {
            rejected.push({ reading: given, reason: `more than ${series_max} series` });
            continue;
          }
          this.#insert.run(...valuesOf(series, reading));
          this.#unsure.note(series, reading, now);
        }
        if (progress !== undefined) this.#saveProgress.run(progress.lane, progress.epoch, progress.position);
      });
      this.#series.settled(true);
    } catch (error) {
      this.#series.settled(false);
      throw new GengfuError("store_unavailable", `the embedded store can't be written: ${messageOf(error)}`, {
        cause: error,
        retryable: true,
      });
    }
    return { rejected, corrected };
  }

  progress(epoch: number, lane: Lane): number {
    const row = this.#database.prepare("SELECT epoch, position FROM progress WHERE lane = ?").get(lane);
    const known = row as { epoch: number; position: number } | undefined;
    return known?.epoch === epoch ? known.position : 0;
  }

  async readings(query: ReadingsQuery): Promise<StoredReading[]> {
    const limit = Math.min(query.limit ?? readingsLimit.standard, readingsLimit.max);
    const from = query.from ?? Number.MIN_SAFE_INTEGER;
    const to = query.to ?? Number.MAX_SAFE_INTEGER;
    const sources = this.#series.matching(query).map((series) => this.#newestFirst(series, from, to, limit));
    return mergeOrdered(sources, isNewer, limit);
  }

  async series({ from, to, every, ...filter }: SeriesQuery): Promise<SeriesPoint[]> {
    const buckets = new Map<number, { min: number; max: number; sum: number; count: number }>();
    for (const { id } of this.#series.matching(filter)) {
      let taken = 0;
      for (let next = from; taken < readingsLimit.max; taken++) {
        const first = this.#firstFrom.get(id, next, to) as { at: number } | undefined;
        if (first === undefined) break;
        const at = Math.floor(first.at / every) * every;
        next = Math.min(at + every, to);
        const found = this.#bucket.get(id, Math.max(at, from), next) as {
          min: number;
          max: number;
          sum: number;
          count: number;
        };
        const known = buckets.get(at);
        if (known === undefined) buckets.set(at, found);
        else {
          known.min = Math.min(known.min, found.min);
          known.max = Math.max(known.max, found.max);
          known.sum += found.sum;
          known.count += found.count;
        }
      }
    }
    return [...buckets]
      .sort(([a], [b]) => a - b)
      .slice(0, readingsLimit.max)
      .map(([at, { min, max, sum, count }]) => ({ at, min, mean: sum / count, max, count }));
  }

  /** The newest reading of every series; what devices, displays and absence rules start from. */
  lastOfEach(): StoredReading[] {
    return this.#series
      .matching({})
      .map((series) => {
        const row = this.#newest.get(series.id) as ReadingRecord | undefined;
        return row === undefined ? undefined : readingOf(series, row);
      })
      .filter((reading) => reading !== undefined);
  }

  /** Readings of a kind, stored since a time by the cloud's clock, of which nobody knows yet when they were taken. */
  unsure(kind: Kind, since: number): UnsureReading[] {
    return this.#unsure.waiting(kind, since).filter(({ reading }) => reading.clock === "unsynchronised");
  }

  stats(): EmbeddedStats {
    return { bytes: this.#retention.bytes, series: this.#series.size, deleted: this.#retention.deleted };
  }

  /** Removes what is too old or too much, in short steps, until the signal is aborted. */
  retain(signal: AbortSignal): Promise<void> {
    return this.#retention.run(signal);
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #seriesOf(reading: StoredReading): Series | undefined {
    const known = this.#series.find(reading);
    if (known !== undefined) return known;
    return this.#series.size < series_max ? this.#series.add(reading) : undefined;
  }

  *#newestFirst(series: Series, from: number, to: number, limit: number): Generator<StoredReading, void> {
    // a statement can't be iterated twice at a time, so each series has its own
    const rows = this.#database
      .prepare(
        `SELECT ${columns} FROM reading WHERE series = ? AND at >= ? AND at < ? ORDER BY at DESC, epoch DESC, seq DESC LIMIT ?`,
      )
      .iterate(series.id, from, to, limit) as Iterable<ReadingRecord>;
    for (const row of rows) yield readingOf(series, row);
  }
}

function isNewer(a: StoredReading, b: StoredReading): boolean {
  return a.at === b.at ? a.seq > b.seq : a.at > b.at;
}
