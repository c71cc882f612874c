import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { bootTimeOf, correct } from "@gengfu/shared/time/correction";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";
import type { Rejection, Store, WriteResult } from "../store.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS boot_time (
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    offset_ms INTEGER NOT NULL,
    PRIMARY KEY (gateway, boot)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS parked (
    id INTEGER PRIMARY KEY,
    gateway TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    boot INTEGER NOT NULL,         -- -1 once it is settled how the reading goes on
    parked_at INTEGER NOT NULL,    -- epoch milliseconds, by the cloud's clock
    reading TEXT NOT NULL,         -- JSON
    UNIQUE (gateway, epoch, seq)
  );
  CREATE INDEX IF NOT EXISTS parked_boot ON parked (gateway, boot);
  CREATE INDEX IF NOT EXISTS parked_at ON parked (parked_at);
  -- boots of which something went on by a clock that nothing had confirmed
  CREATE TABLE IF NOT EXISTS trusted (
    gateway TEXT NOT NULL,
    boot INTEGER NOT NULL,
    PRIMARY KEY (gateway, boot)
  ) WITHOUT ROWID;
`;
const settled = -1;

/** Beyond so many the longest parked go on as they are. */
const parked_max = 1_000_000;
/** Of the parked that go on together. */
const batch_max = 5_000;
const period_ms = 60_000;

export interface ParkedReadingsOptions {
  /** The database file; its folder must exist. */
  readonly file: string;
  readonly store: Pick<Store, "write">;
  /** After so long a reading goes on as it is. */
  readonly age_max_ms: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type ParkedRow = {
  readonly id: number;
  readonly boot: number;
  readonly reading: string;
};

/**
 * Stands before a store in which a point can't be moved once it is written: readings whose time nobody knows wait here,
 * on disk, until their gateway's boot is dated. What comes in is durable, here or in the store, when `write` resolves.
 * A write whose answer got lost may have made its points, so at which time a reading goes on is settled on disk before
 * it does, and stays so whatever becomes known: the first time of a boot is the one that counts, and of a boot whose
 * clock was taken for right in one reading it is in all.
 */
export class ParkedReadings implements Pick<Store, "write"> {
  readonly #options: ParkedReadingsOptions;
  readonly #database: DatabaseSync;
  readonly #learn: StatementSync;
  readonly #trust: StatementSync;
  readonly #isTrusted: StatementSync;
  readonly #timeOf: StatementSync;
  readonly #insert: StatementSync;
  readonly #isParked: StatementSync;
  readonly #ofBoot: StatementSync;
  readonly #old: StatementSync;
  readonly #excess: StatementSync;
  readonly #settle: StatementSync;
  readonly #remove: StatementSync;
  readonly #count: StatementSync;
  /** Ends when what was begun before has: nothing may go on twice, by two times. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ParkedReadingsOptions) {
    const { file, logger } = options;
    const database = openSqliteFile({ file, logger, schema, version: 1, synchronous: "full" });
    this.#options = options;
    this.#database = database;
    this.#learn = database.prepare(
      "INSERT INTO boot_time (gateway, boot, offset_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#trust = database.prepare("INSERT INTO trusted (gateway, boot) VALUES (?, ?) ON CONFLICT DO NOTHING");
    this.#isTrusted = database.prepare("SELECT 1 FROM trusted WHERE gateway = ? AND boot = ?");
    this.#timeOf = database.prepare("SELECT offset_ms FROM boot_time WHERE gateway = ? AND boot = ?");
    this.#isParked = database.prepare("SELECT 1 FROM parked WHERE gateway = ? AND epoch = ? AND seq = ?");
    this.#insert = database.prepare(
      "INSERT INTO parked (gateway, epoch, seq, boot, parked_at, reading) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#ofBoot = database.prepare(
      `SELECT id, boot, reading FROM parked WHERE gateway = ? AND boot IN (?, ${settled}) ORDER BY id LIMIT ${batch_max}`,
    );
    this.#old = database.prepare(
      `SELECT id, boot, reading FROM parked WHERE parked_at <= ? OR boot = ${settled} ORDER BY parked_at LIMIT ${batch_max}`,
    );
    this.#excess = database.prepare("SELECT parked_at FROM parked ORDER BY parked_at DESC LIMIT 1 OFFSET ?");
    this.#settle = database.prepare(`UPDATE parked SET boot = ${settled}, reading = ? WHERE id = ?`);
    this.#remove = database.prepare("DELETE FROM parked WHERE id = ?");
    this.#count = database.prepare("SELECT count(*) count FROM parked");
  }

  /** Readings that wait for the time of their boot. */
  get parked(): number {
    return (this.#count.get() as { count: number }).count;
  }

  write(readings: readonly StoredReading[]): Promise<WriteResult> {
    return this.#inTurn(async () => {
      const dated = new Map<string, { gateway: string; boot: number }>();
      const waiting: StoredReading[] = [];
      const ready = inTransaction(this.#database, () =>
        readings.flatMap((reading) => {
          const { gateway } = reading;
          const time = bootTimeOf(reading);
          if (time !== undefined) this.#learn.run(gateway, time.boot, time.offset_ms);
          const boot = time?.boot ?? reading.sinceBoot?.boot;
          if (boot !== undefined && this.#isDated(gateway, boot)) dated.set(`${gateway} ${boot}`, { gateway, boot });
          if (!this.#waits(reading)) return [this.#timed(reading)];
          waiting.push(reading);
          return [];
        }),
      );
      const { rejected } = await this.#options.store.write(ready);
      // not before: as long as all of this may come again, none of it may go on by another way
      inTransaction(this.#database, () => waiting.forEach((reading) => this.#park(reading)));
      const all = [...rejected];
      for (const { gateway, boot } of dated.values()) {
        all.push(...(await this.#release(() => this.#ofBoot.all(gateway, boot) as ParkedRow[])));
      }
      return { rejected: all };
    });
  }

  /** Lets go on what has waited for too long, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.releaseOld();
      } catch (error) {
        logger.warn({ err: error }, "readings of an unsure time can't be written for now");
      }
      await pause(clock, period_ms, signal);
    }
  }

  /** Lets go on what has waited for too long, or is too much. */
  async releaseOld(): Promise<void> {
    const { clock, age_max_ms, logger } = this.#options;
    await this.#inTurn(async () => {
      const excess = this.#excess.get(parked_max) as { parked_at: number } | undefined;
      const before = Math.max(clock.now() - age_max_ms, excess?.parked_at ?? -Infinity);
      const parked = this.parked;
      const rejected = await this.#release(() => this.#old.all(before) as ParkedRow[]);
      const released = parked - this.parked;
      if (released === 0) return;
      logger.warn({ released, rejected: rejected.length }, "the time of readings stayed unknown; written as they are");
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #isDated(gateway: string, boot: number): boolean {
    return this.#timeOf.get(gateway, boot) !== undefined;
  }

  /** Whether the reading's time is not known by now, or it is parked and goes on from there. */
  #waits({ sinceBoot, clock, gateway, epoch, seq }: StoredReading): boolean {
    if (sinceBoot === undefined || clock !== "unsynchronised") return false;
    return !this.#isDated(gateway, sinceBoot.boot) || this.#isParked.get(gateway, epoch, seq) !== undefined;
  }

  #park(reading: StoredReading): void {
    const { gateway, epoch, seq, sinceBoot } = reading;
    const now = this.#options.clock.now();
    this.#insert.run(gateway, epoch, seq, sinceBoot?.boot ?? settled, now, JSON.stringify(reading));
  }

  /** A reading that is not parked at the time at which it goes on. */
  #timed(reading: StoredReading): StoredReading {
    const { sinceBoot, clock, gateway } = reading;
    if (sinceBoot === undefined || clock !== "synchronised") return this.#correct(reading);
    if (this.#isTrusted.get(gateway, sinceBoot.boot) !== undefined) return reading;
    if (!this.#isDated(gateway, sinceBoot.boot)) this.#trust.run(gateway, sinceBoot.boot);
    return this.#correct(reading);
  }

  #correct(reading: StoredReading): StoredReading {
    if (reading.sinceBoot === undefined) return reading;
    const time = this.#timeOf.get(reading.gateway, reading.sinceBoot.boot) as { offset_ms: number } | undefined;
    return time === undefined ? reading : correct(reading, time.offset_ms);
  }

  /** Writes what is found, as long as something is, and forgets it once it is written. */
  async #release(find: () => ParkedRow[]): Promise<Rejection[]> {
    const rejected: Rejection[] = [];
    for (let rows = find(); rows.length > 0; rows = find()) {
      const readings = inTransaction(this.#database, () => rows.map((row) => this.#settled(row)));
      rejected.push(...(await this.#options.store.write(readings)).rejected);
      inTransaction(this.#database, () => rows.forEach(({ id }) => this.#remove.run(id)));
    }
    return rejected;
  }

  #settled({ id, boot, reading }: ParkedRow): StoredReading {
    const parked = JSON.parse(reading) as StoredReading;
    if (boot === settled) return parked;
    const timed = this.#correct(parked);
    this.#settle.run(JSON.stringify(timed), id);
    return timed;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    // whoever comes next begins in any case; the error is the caller's
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
