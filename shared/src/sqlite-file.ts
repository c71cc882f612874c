import { accessSync, constants, existsSync, mkdirSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GengfuError, messageOf } from "./errors.ts";
import type { Logger } from "./logging.ts";

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
  /** Kibibytes of pages that are kept in memory; 32,000 by default. */
  readonly cache_kib?: number;
  /** Whether all of the file is read at the start to find damage, which takes a second for some hundred MB. */
  readonly isChecked?: boolean;
}

/**
 * Opens or makes a database that one process owns; the claim ends with the process, however that ends. A damaged file
 * is set aside under another name, never deleted, and an empty one takes its place: who can't read the past must still
 * take in the present. Throws GengfuError `data_in_use`, and `data_unusable` for a file of a later version.
 */
export function openSqliteFile(options: SqliteFileOptions): DatabaseSync {
  const { file, logger } = options;
  try {
    return open(options);
  } catch (error) {
    if (isLocked(error)) {
      throw new GengfuError("data_in_use", `${file} is in use by another process; stop that one first`, {
        cause: error,
      });
    }
    if (!isDamage(error)) throw error;
    const aside = setAside(file);
    const context = { err: error, file, aside };
    logger.error(context, "a data file was damaged; it was set aside and an empty one takes its place");
    return open(options);
  }
}

/** Makes a data folder where it lacks; throws GengfuError `data_unusable` where it can't be written. */
export function makeDataFolder(folder: string): void {
  try {
    // messages with phone numbers are in there
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new GengfuError("data_unusable", `the data folder ${folder} can't be written: ${messageOf(error)}`, {
      cause: error,
    });
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

/** Whether SQLite says that another process has the file. */
export function isLocked(error: unknown): boolean {
  return /locked|busy/i.test(messageOf(error));
}

function open({ file, schema, version, synchronous, cache_kib = 32_000, isChecked }: SqliteFileOptions): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 4000;`);
    database.exec(`PRAGMA cache_size = -${cache_kib};`);
    if (isChecked === true) {
      const check = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
      if (check.quick_check !== "ok") throw new GengfuError("data_damaged", check.quick_check);
    }
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version > version) {
      throw new GengfuError(
        "data_unusable",
        `${file} was written by a newer version (format ${user_version}, this one knows ${version}); upgrade, or move the file away`,
      );
    }
    // a file that is whole is opened without writing, so that on a full disk what it holds can still be handed on
    if (user_version < version) database.exec(`BEGIN; ${schema} PRAGMA user_version = ${version}; COMMIT;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  if (error instanceof GengfuError) return error.code === "data_damaged";
  return /malformed|not a database|corrupt/i.test(messageOf(error));
}

function setAside(file: string): string {
  let aside = `${file}.damaged`;
  for (let number = 2; existsSync(aside); number++) aside = `${file}.damaged-${number}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
