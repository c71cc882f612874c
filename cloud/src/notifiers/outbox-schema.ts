import type { DatabaseSync } from "node:sqlite";

/** What the outbox adds to a notification's row. */
const columns = {
  // site's name, by which storms are told
  site: "TEXT",
  // 1 for one that goes with the others of its site
  stormy: "INTEGER NOT NULL DEFAULT 0",
  // id of the first of those that were sent as one message
  group_id: "INTEGER",
  // when to look whether another channel must take over
  watch_at: "INTEGER",
  // the channel that didn't bring it through
  instead_of: "TEXT",
  vendor_id: "TEXT",
  receipt: "TEXT",
  receipt_at: "INTEGER",
  receipt_code: "TEXT",
} as const;

const tables = `
  CREATE TABLE IF NOT EXISTS budget_use (channel TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS budget_use_by_key ON budget_use (channel, key, at);
  CREATE INDEX IF NOT EXISTS budget_use_by_time ON budget_use (at);
  CREATE INDEX IF NOT EXISTS notification_waiting ON notification
    (channel, target, next_at, urgency, stormy, site, group_id) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS notification_of_site ON notification (channel, target, site, created_at);
  CREATE INDEX IF NOT EXISTS notification_watched ON notification (channel, watch_at) WHERE watch_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS notification_awaited ON notification (channel, sent_at) WHERE receipt = 'awaited';
`;

/** Makes what lacks; writes nothing where nothing lacks, since the disk may be full. */
export function prepareOutbox(database: DatabaseSync): void {
  const there = new Set(
    (database.prepare("PRAGMA table_info(notification)").all() as { name: string }[]).map(({ name }) => name),
  );
  for (const [name, type] of Object.entries(columns)) {
    if (!there.has(name)) database.exec(`ALTER TABLE notification ADD COLUMN ${name} ${type}`);
  }
  database.exec(tables);
}
