import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Kind, StoredReading } from "@gengfu/shared/model/reading";
import { correct, type BootTime } from "@gengfu/shared/time/correction";
import { columns, insertReading, readingOf, valuesOf, type ReadingRecord } from "./reading-row.ts";
import type { Series, SeriesIndex } from "./series-index.ts";

/**
 * Beside the readings: the times of gateways' boots, as `clock` records told them, and which readings still wait for
 * one, by the readings' keys. `stored_at` is by the cloud's clock, since theirs says nothing of how old they are.
 */
export const unsureSchema = `
  CREATE TABLE IF NOT EXISTS boot_time (
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    offset_ms INTEGER NOT NULL,
    PRIMARY KEY (gateway, boot)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS unsure (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (series, at, epoch, seq)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unsure_boot ON unsure (boot);
  CREATE INDEX IF NOT EXISTS unsure_stored ON unsure (stored_at);
`;

/** A term of SQL: the reading's time is known, or counts as if it were. */
export const isSure = `NOT EXISTS (SELECT 1 FROM unsure WHERE unsure.series = reading.series AND unsure.at = reading.at
  AND unsure.epoch = reading.epoch AND unsure.seq = reading.seq)`;

/** Beyond so many the longest stored no longer wait. */
const unsure_max = 1_000_000;

/** A reading whose time is not known. */
export interface UnsureReading {
  readonly reading: StoredReading;
  /** When it was stored, by the cloud's clock: it was taken before that. */
  readonly storedAt: number;
}

type UnsureRow = {
  readonly series: number;
  readonly at: number;
  readonly epoch: number;
  readonly seq: number;
  readonly ms: number;
};

/**
 * Puts times right, whether the time of the boot comes before the reading or after it: what is in the store is the same
 * in the end. All of it happens inside the caller's transaction.
 */
export class UnsureReadings {
  readonly #series: SeriesIndex;
  readonly #timeOf: StatementSync;
  readonly #learn: StatementSync;
  readonly #ofBoot: StatementSync;
  readonly #read: StatementSync;
  readonly #remove: StatementSync;
  readonly #insert: StatementSync;
  readonly #wait: StatementSync;
  readonly #settle: StatementSync;
  readonly #release: StatementSync;
  readonly #releaseOldest: StatementSync;
  readonly #waiting: StatementSync;

  constructor(database: DatabaseSync, series: SeriesIndex) {
    this.#series = series;
    this.#timeOf = database.prepare("SELECT offset_ms FROM boot_time WHERE gateway = ? AND boot = ?");
    this.#learn = database.prepare(
      "INSERT INTO boot_time (gateway, boot, offset_ms) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offset_ms = excluded.offset_ms",
    );
    this.#ofBoot = database.prepare("SELECT series, at, epoch, seq, ms FROM unsure WHERE boot = ?");
    const key = "series = ? AND at = ? AND epoch = ? AND seq = ?";
    this.#read = database.prepare(`SELECT ${columns} FROM reading WHERE ${key}`);
    this.#remove = database.prepare(`DELETE FROM reading WHERE ${key}`);
    this.#insert = database.prepare(insertReading);
    this.#wait = database.prepare(
      "INSERT INTO unsure (series, at, epoch, seq, boot, ms, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#settle = database.prepare(`DELETE FROM unsure WHERE ${key}`);
    this.#release = database.prepare("DELETE FROM unsure WHERE stored_at < ?");
    this.#waiting = database.prepare(
      `SELECT ${columns}, stored_at FROM unsure JOIN reading USING (series, at, epoch, seq) WHERE series = ? AND stored_at >= ?`,
    );
    this.#releaseOldest = database.prepare(
      "DELETE FROM unsure WHERE stored_at <= (SELECT stored_at FROM unsure ORDER BY stored_at DESC LIMIT 1 OFFSET ?)",
    );
  }

  /** Takes up the time of a boot; answers the readings that it put right, as they stand now. */
  learn(gateway: string, { boot, offset_ms }: BootTime): StoredReading[] {
    this.#learn.run(gateway, boot, offset_ms);
    const series = new Map([...this.#series.all()].map((each) => [each.id, each]));
    const corrected: StoredReading[] = [];
    for (const row of this.#ofBoot.all(boot) as UnsureRow[]) {
      const of = series.get(row.series);
      if (of !== undefined && of.gateway !== gateway) continue;
      const key = [row.series, row.at, row.epoch, row.seq] as const;
      this.#settle.run(...key);
      const found = this.#read.get(...key) as ReadingRecord | undefined;
      if (found === undefined || of === undefined) continue;
      const reading = correct({ ...readingOf(of, found), sinceBoot: { boot, ms: row.ms } }, offset_ms);
      this.#remove.run(...key);
      this.#insert.run(...valuesOf(of, reading));
      corrected.push(reading);
    }
    return corrected;
  }

  /** The reading with its time put right, if that of its boot is known. */
  correct(reading: StoredReading): StoredReading {
    if (reading.sinceBoot === undefined) return reading;
    const known = this.#timeOf.get(reading.gateway, reading.sinceBoot.boot) as { offset_ms: number } | undefined;
    return known === undefined ? reading : correct(reading, known.offset_ms);
  }

  /** Notes that the reading, which was stored just now, waits for the time of its boot, if it does. */
  note({ id }: Series, { at, epoch, seq, sinceBoot }: StoredReading, now: number): void {
    if (sinceBoot !== undefined) this.#wait.run(id, at, epoch, seq, sinceBoot.boot, sinceBoot.ms, now);
  }

  /** The readings of a kind that were stored since a time and wait, as they show themselves. */
  waiting(kind: Kind, since: number): UnsureReading[] {
    return this.#series.matching({ kind }).flatMap((series) =>
      (this.#waiting.all(series.id, since) as (ReadingRecord & { stored_at: number })[]).map((row) => ({
        reading: readingOf(series, row),
        storedAt: row.stored_at,
      })),
    );
  }

  /** From now on readings count by the time they show which were stored before `before`, or are too many. */
  release(before: number): void {
    this.#release.run(before);
    this.#releaseOldest.run(unsure_max);
  }
}
