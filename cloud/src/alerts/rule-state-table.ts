import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Lane } from "@gengfu/shared/model/reading";
import { RuleStates, type Changes, type StateRecord } from "@gengfu/shared/rules/states";

/** The rules' state and how far into the log it has come; both move in the caller's transaction. */
export class RuleStateTable {
  readonly #database: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #moveCursor: StatementSync;
  readonly #selectCursor: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#upsert = database.prepare(
      "INSERT INTO rule_state (key, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
    );
    this.#delete = database.prepare("DELETE FROM rule_state WHERE key = ?");
    this.#moveCursor = database.prepare(
      `INSERT INTO cursor (lane, epoch, position) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET epoch = excluded.epoch, position = excluded.position`,
    );
    this.#selectCursor = database.prepare("SELECT position FROM cursor WHERE lane = ? AND epoch = ?");
  }

  load(): RuleStates {
    const rows = this.#database.prepare("SELECT key, body FROM rule_state").all() as { key: string; body: string }[];
    return new RuleStates(rows.map(({ key, body }) => [key, JSON.parse(body) as StateRecord]));
  }

  write(changes: Changes): void {
    for (const [key, state] of changes) {
      if (state === null) this.#delete.run(key);
      else this.#upsert.run(key, JSON.stringify(state));
    }
  }

  /** 0 for a lane of a log that has begun anew. */
  cursor(lane: Lane, epoch: number): number {
    const row = this.#selectCursor.get(lane, epoch) as { position: number } | undefined;
    return row?.position ?? 0;
  }

  moveCursor(lane: Lane, epoch: number, position: number): void {
    this.#moveCursor.run(lane, epoch, position);
  }
}
