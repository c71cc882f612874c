import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "../logging.ts";
import { openSqliteFile } from "../sqlite-file.ts";

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
  CREATE TABLE IF NOT EXISTS gap (
    at INTEGER PRIMARY KEY,     -- position of the entry that tells of it
    lane INTEGER NOT NULL,
    first INTEGER NOT NULL,     -- all of the lane from here
    last INTEGER NOT NULL,      -- to here is gone,
    entries INTEGER NOT NULL,   -- which were so many
    reason TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS gap_lane ON gap (lane, first);
`;
const schemaVersion = 3;

/**
 * Opens or makes a log's database. All of it is checked at the start: what is damaged must not come to light when an
 * acknowledgement depends on it.
 */
export function openLogFile(file: string, logger: Logger, synchronous: "full" | "normal"): DatabaseSync {
  return openSqliteFile({
    file,
    schema,
    version: schemaVersion,
    logger,
    synchronous,
    cache_kib: 8_000,
    isChecked: true,
  });
}
