import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";

/**
 * One file holds what must move together (I3): the rules' state, the cursors of the log, the alerts and their steps,
 * and the outbox.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS cursor (lane TEXT PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS rule_state (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alert (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    severity TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    body TEXT NOT NULL  -- the alert as JSON
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS alert_by_time ON alert (raised_at, id);
  CREATE INDEX IF NOT EXISTS alert_by_state ON alert (state, raised_at);
  CREATE TABLE IF NOT EXISTS step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert TEXT NOT NULL,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    what TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT
  );
  CREATE INDEX IF NOT EXISTS step_by_alert ON step (alert, id);
  CREATE TRIGGER IF NOT EXISTS step_is_append_only BEFORE UPDATE ON step
    BEGIN SELECT raise(ABORT, 'what happened to an alert is never changed'); END;
  CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert TEXT NOT NULL,
    about TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    urgency INTEGER NOT NULL,  -- 0 is the most urgent
    text TEXT NOT NULL,
    message TEXT NOT NULL,     -- what the channel makes its text of, as JSON
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    next_at INTEGER,
    code TEXT,
    detail TEXT,
    UNIQUE (alert, about, channel, target)
  );
  CREATE INDEX IF NOT EXISTS notification_due ON notification (channel, urgency, id) WHERE state = 'pending';
`;

export class AlertDatabase {
  readonly #database: DatabaseSync;

  constructor(file: string, logger: Logger) {
    this.#database = openSqliteFile({ file, schema, version: 1, logger, synchronous: "normal" });
  }

  get connection(): DatabaseSync {
    return this.#database;
  }

  /**
   * Runs `work` as one transaction; what it throws undoes it. `synced` is on disk when it returns, and all before it;
   * `soon` survives a crash of the process at once and a power cut after the next synced one.
   */
  transaction<Result>(durability: "synced" | "soon", work: () => Result): Result {
    if (durability === "synced") this.#database.exec("PRAGMA synchronous = FULL");
    try {
      return inTransaction(this.#database, work);
    } finally {
      if (durability === "synced") this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  close(): void {
    this.#database.close();
  }
}
