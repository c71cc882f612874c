import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { Logger } from "@gengfu/shared/logging";

export interface SqliteFileOptions {
  /** Its folder must exist. */
  readonly file: string;
  /** Statements that make the tables where they lack. */
  readonly schema: string;
  /** Version of the schema; a file of a later one is refused. */
  readonly version: number;
  readonly logger: Logger;
  /** `normal` gives up the last commits at a power cut, never at a crash; for what can be had again from a log. */
  readonly synchronous: "full" | "normal";
}

/**
 * Opens or makes a database that one process owns. A damaged file is set aside under another name, never deleted, and
 * an empty one takes its place.
 */
export function openSqliteFile(options: SqliteFileOptions): DatabaseSync {
  const { file, logger } = options;
  try {
    return open(options);
  } catch (error) {
    if (/locked|busy/i.test(messageOf(error))) {
      throw new GengfuError("config_unreadable", `${file} is in use by another process; stop that one first`, {
        cause: error,
      });
    }
    if (!/malformed|not a database|corrupt/i.test(messageOf(error))) throw error;
    const aside = setAside(file);
    logger.error(
      { err: error, file, aside },
      "a database was damaged; it was set aside and an empty one takes its place",
    );
    return open(options);
  }
}

function open({ file, schema, version, synchronous }: SqliteFileOptions): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32000;`);
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version > version) {
      throw new GengfuError(
        "config_unreadable",
        `${file} was written by a newer version (format ${user_version}, this one knows ${version}); upgrade, or move the file away`,
      );
    }
    // a file that is whole is opened without writing, so that a full disk keeps nobody from reading it
    if (user_version < version) database.exec(`BEGIN; ${schema} PRAGMA user_version = ${version}; COMMIT;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work` as one transaction; what it throws undoes it. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function setAside(file: string): string {
  let aside = `${file}.damaged`;
  for (let number = 2; existsSync(aside); number++) aside = `${file}.damaged-${number}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
