import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GengfuError, messageOf } from "../errors.ts";
import type { Logger } from "../logging.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS block (
    first INTEGER PRIMARY KEY,  -- position of the first entry
    lane INTEGER NOT NULL,      -- 0 events, 1 samples
    count INTEGER NOT NULL,     -- entries in it
    place INTEGER NOT NULL,     -- entries of the lane before it, ever
    body BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS block_lane ON block (lane, first);
  CREATE TABLE IF NOT EXISTS cursor (consumer TEXT PRIMARY KEY, events INTEGER NOT NULL, samples INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS run (
    first INTEGER PRIMARY KEY,  -- position of its first entry
    id TEXT NOT NULL,
    parent TEXT                 -- id of the run before it
  );
`;
const schemaVersion = 2;

/**
 * Opens or makes a log's database. A damaged file is set aside under another name, never deleted, and an empty one
 * takes its place: a gateway that can't read its past must still take in the present.
 */
export function openDatabase(file: string, logger: Logger, synchronous: "full" | "normal"): DatabaseSync {
  try {
    return open(file, synchronous);
  } catch (error) {
    if (!isDamage(error)) throw unopened(file, error);
    const aside = setAside(file);
    logger.error({ err: error, file, aside }, "the log was damaged; it was set aside and an empty one takes its place");
    return open(file, synchronous);
  }
}

function open(file: string, synchronous: "full" | "normal"): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // exclusive: one process owns a log; the lock goes with the process, however it ends
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8000;`);
    const check = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
    if (check.quick_check !== "ok") throw new GengfuError("log_corrupt", check.quick_check);
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version > schemaVersion) {
      throw new GengfuError(
        "config_unreadable",
        `${file} was written by a newer version (format ${user_version}, this one knows ${schemaVersion}); upgrade, or move the file away`,
      );
    }
    // a log that is whole is opened without writing, so that on a full disk what it holds can still be handed on
    if (user_version < schemaVersion) {
      database.exec(`BEGIN; ${schema} PRAGMA user_version = ${schemaVersion}; COMMIT;`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  if (error instanceof GengfuError) return error.code === "log_corrupt";
  return /malformed|not a database|corrupt/i.test(messageOf(error));
}

function unopened(file: string, error: unknown): unknown {
  if (/locked|busy/i.test(messageOf(error))) {
    return new GengfuError("config_unreadable", `${file} is in use by another process; stop that one first`, {
      cause: error,
    });
  }
  return error;
}

function setAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(":", "")}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
