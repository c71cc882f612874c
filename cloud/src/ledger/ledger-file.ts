import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { lanes, type Lane } from "@gengfu/shared/model/reading";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";
import { Lineage, type LineageRecord } from "./lineage.ts";
import { fromRecord, toRecord, type Received, type ReceivedRecord } from "./received.ts";
import { keysOfGateway_max, type Known } from "./repeat-keys.ts";

const schema = `
  CREATE TABLE IF NOT EXISTS received (
    gateway TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    record TEXT NOT NULL,  -- JSON
    PRIMARY KEY (gateway, epoch)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cursor (lane TEXT PRIMARY KEY, log_epoch INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS lineage (
    gateway TEXT NOT NULL,
    epoch INTEGER NOT NULL,  -- as the gateway tells it
    record TEXT NOT NULL,    -- JSON
    PRIMARY KEY (gateway, epoch)
  );
  CREATE TABLE IF NOT EXISTS repeat_keys (
    id INTEGER PRIMARY KEY,  -- the later, the newer
    gateway TEXT NOT NULL,
    count INTEGER NOT NULL,
    keys TEXT NOT NULL       -- JSON
  );
`;

/** What the ledger knows, and up to which positions of the log: in one file, in one transaction. */
export class LedgerFile {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #drop: StatementSync;
  readonly #putCursor: StatementSync;
  readonly #putLineage: StatementSync;
  readonly #dropLineage: StatementSync;
  readonly #putKeys: StatementSync;
  readonly #dropKeys: StatementSync;
  /** By gateway: looking for what to drop is a scan. */
  readonly #keysSinceDropped = new Map<string, number>();

  constructor(file: string, logger: Logger) {
    this.#database = openSqliteFile({ file, logger, schema, version: 3, synchronous: "full" });
    this.#put = this.#database.prepare(
      "INSERT INTO received (gateway, epoch, record) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
    );
    this.#drop = this.#database.prepare("DELETE FROM received WHERE gateway = ? AND epoch = ?");
    this.#putLineage = this.#database.prepare("REPLACE INTO lineage (gateway, epoch, record) VALUES (?, ?, ?)");
    this.#dropLineage = this.#database.prepare("DELETE FROM lineage WHERE gateway = ? AND epoch = ?");
    this.#putKeys = this.#database.prepare("INSERT INTO repeat_keys (gateway, count, keys) VALUES (?, ?, ?)");
    this.#dropKeys = this.#database.prepare(
      `DELETE FROM repeat_keys WHERE id IN
         (SELECT id FROM
           (SELECT id, sum(count) OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) newer
            FROM repeat_keys WHERE gateway = ?)
          WHERE newer >= ${keysOfGateway_max})`,
    );
    this.#putCursor = this.#database.prepare(
      "INSERT INTO cursor (lane, log_epoch, position) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET log_epoch = excluded.log_epoch, position = excluded.position",
    );
  }

  read(): Received[] {
    const rows = this.#database.prepare("SELECT gateway, epoch, record FROM received").all();
    return (rows as { gateway: string; epoch: number; record: string }[]).map(({ gateway, epoch, record }) =>
      fromRecord(gateway, epoch, JSON.parse(record) as ReceivedRecord),
    );
  }

  positions(): { epoch: number | undefined; positions: Record<Lane, number> } {
    const positions: Record<Lane, number> = { events: 0, samples: 0 };
    let epoch: number | undefined;
    const rows = this.#database.prepare("SELECT lane, log_epoch, position FROM cursor").all();
    for (const { lane, log_epoch, position } of rows as { lane: Lane; log_epoch: number; position: number }[]) {
      positions[lane] = position;
      epoch = log_epoch;
    }
    return { epoch, positions };
  }

  write(
    changed: Iterable<Received>,
    dropped: Iterable<Received>,
    keys: ReadonlyMap<string, readonly Known[]>,
    logEpoch: number,
    positions: Readonly<Record<Lane, number>>,
  ): void {
    inTransaction(this.#database, () => {
      for (const { gateway, epoch } of dropped) this.#drop.run(gateway, epoch);
      for (const received of changed) {
        this.#put.run(received.gateway, received.epoch, JSON.stringify(toRecord(received)));
      }
      for (const [gateway, known] of keys) this.#writeKeys(gateway, known);
      for (const lane of lanes) this.#putCursor.run(lane, logEpoch, positions[lane]);
    });
  }

  /** What was remembered, in the order in which it came. */
  keys(): { gateway: string; known: Known[] }[] {
    const rows = this.#database.prepare("SELECT gateway, keys FROM repeat_keys ORDER BY id").all();
    return (rows as { gateway: string; keys: string }[]).map(({ gateway, keys }) => ({
      gateway,
      known: JSON.parse(keys) as Known[],
    }));
  }

  #writeKeys(gateway: string, known: readonly Known[]): void {
    this.#putKeys.run(gateway, known.length, JSON.stringify(known));
    const sinceDropped = (this.#keysSinceDropped.get(gateway) ?? 0) + known.length;
    if (sinceDropped >= keysOfGateway_max / 4) this.#dropKeys.run(gateway);
    this.#keysSinceDropped.set(gateway, sinceDropped >= keysOfGateway_max / 4 ? 0 : sinceDropped);
  }

  /** The one that changed last comes last. */
  lineages(): { gateway: string; lineage: Lineage }[] {
    const rows = this.#database.prepare("SELECT gateway, epoch, record FROM lineage ORDER BY rowid").all();
    return (rows as { gateway: string; epoch: number; record: string }[]).map(({ gateway, epoch, record }) => ({
      gateway,
      lineage: new Lineage(epoch, JSON.parse(record) as LineageRecord),
    }));
  }

  /** Written down before anything is kept by it: on disk when this returns. */
  writeLineage(gateway: string, { epoch, record }: Lineage, dropped: Lineage | undefined): void {
    inTransaction(this.#database, () => {
      if (dropped !== undefined) this.#dropLineage.run(gateway, dropped.epoch);
      this.#putLineage.run(gateway, epoch, JSON.stringify(record));
    });
  }

  close(): void {
    this.#database.close();
  }
}
