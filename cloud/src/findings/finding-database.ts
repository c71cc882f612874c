import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { openSqliteFile } from "@gengfu/shared/sqlite-file";

/**
 * One file holds what must move together (I3): the findings, their steps, the taps that may still become one, and how
 * far into the log they have come. The steps are the record; `finding.body` only saves replaying them.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS finding (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT UNIQUE,     -- what a repeated creation is recognised by
    site TEXT NOT NULL,
    state TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    overdue_at INTEGER,  -- from when on it is late; null where it can't be
    note_at INTEGER,     -- when that is to be noted
    defect TEXT,
    place TEXT,
    body TEXT NOT NULL   -- the finding as JSON
  );
  CREATE INDEX IF NOT EXISTS finding_by_time ON finding (found_at, id);
  CREATE INDEX IF NOT EXISTS finding_by_state ON finding (state, found_at);
  CREATE INDEX IF NOT EXISTS finding_overdue ON finding (overdue_at) WHERE overdue_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS finding_to_note ON finding (note_at) WHERE note_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS finding_by_defect ON finding (defect, place) WHERE defect IS NOT NULL;
  CREATE TRIGGER IF NOT EXISTS finding_stays BEFORE DELETE ON finding
    BEGIN SELECT raise(ABORT, 'a finding is never removed'); END;
  CREATE TABLE IF NOT EXISTS step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    finding INTEGER NOT NULL,
    key TEXT,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    what TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT,
    changes TEXT NOT NULL,
    UNIQUE (finding, key)
  );
  CREATE INDEX IF NOT EXISTS step_by_finding ON step (finding, id);
  CREATE TRIGGER IF NOT EXISTS step_is_append_only BEFORE UPDATE ON step
    BEGIN SELECT raise(ABORT, 'what happened to a finding is never changed'); END;
  CREATE TRIGGER IF NOT EXISTS step_stays BEFORE DELETE ON step
    BEGIN SELECT raise(ABORT, 'what happened to a finding is never removed'); END;
  CREATE TABLE IF NOT EXISTS tap (
    key TEXT PRIMARY KEY,
    reader TEXT NOT NULL,       -- gateway and device
    at INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,  -- by the cloud's clock
    defect TEXT,
    finding INTEGER,            -- what became of a defect
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tap_by_reader ON tap (reader, at);
  CREATE INDEX IF NOT EXISTS tap_by_age ON tap (heard_at);
  CREATE TABLE IF NOT EXISTS cursor (lane TEXT PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
`;

export function openFindingDatabase(file: string, logger: Logger): DatabaseSync {
  return openSqliteFile({ file, schema, version: 1, logger, synchronous: "full", cache_kib: 2_000 });
}
