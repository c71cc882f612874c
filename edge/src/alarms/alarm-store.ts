import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import type { Lane } from "@gengfu/shared/model/reading";
import { RuleStates, type StateRecord } from "@gengfu/shared/rules/states";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";
import type { Alarm } from "./alarm.ts";

/** A text that is still to be sent. */
export interface PendingText {
  readonly id: number;
  /** The person's id. */
  readonly person: string;
  readonly number: string;
  readonly text: string;
  /** Ids of the alarms that it is about; empty where it is about the cloud. */
  readonly alarms: readonly string[];
}

/** Where the alarms stand in a log. */
export interface Place {
  readonly epoch: number;
  readonly position: number;
}

/** Everything that the alarms keep, each under a key of its own: written together, or not at all (I3). */
export interface AlarmRecords {
  readonly rules: RuleStates;
  readonly places: ReadonlyMap<Lane, Place>;
  readonly alarms: readonly Alarm[];
  readonly texts: readonly PendingText[];
  /** When texts went out of late, epoch milliseconds, oldest first. */
  readonly spent: readonly number[];
  /** Whether people were texted that the cloud is gone. */
  readonly isSilenceTold: boolean;
}

/** What there is to write, by key; null takes one away. */
export type RecordChanges = ReadonlyMap<string, unknown>;

export const recordKeys = {
  rule: (key: string): string => `rule/${key}`,
  place: (lane: Lane): string => `place/${lane}`,
  alarm: (id: string): string => `alarm/${id}`,
  text: (id: number): string => `text/${id}`,
  spent: "spent",
  silence: "silence",
} as const;

/** The alarms' own file. */
export class AlarmStore {
  readonly #database: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;

  constructor(file: string, logger: Logger) {
    this.#database = openSqliteFile({
      file,
      schema: "CREATE TABLE record (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;",
      version: 1,
      logger,
      synchronous: "full",
      cache_kib: 1_000,
    });
    this.#upsert = this.#database.prepare(
      "INSERT INTO record (key, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
    );
    this.#delete = this.#database.prepare("DELETE FROM record WHERE key = ?");
  }

  load(): AlarmRecords {
    const rows = this.#database.prepare("SELECT key, body FROM record").all() as { key: string; body: string }[];
    const of = (prefix: string): [string, unknown][] =>
      rows.flatMap(({ key, body }): [string, unknown][] =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), JSON.parse(body)]] : [],
      );
    return {
      rules: new RuleStates(of("rule/") as [string, StateRecord][]),
      places: new Map(of("place/") as [Lane, Place][]),
      alarms: of("alarm/").map(([, body]) => body as Alarm),
      texts: of("text/")
        .map(([, body]) => body as PendingText)
        .sort((a, b) => a.id - b.id),
      spent: (of(recordKeys.spent)[0]?.[1] as number[] | undefined) ?? [],
      isSilenceTold: of(recordKeys.silence).length > 0,
    };
  }

  write(changes: RecordChanges): void {
    inTransaction(this.#database, () => {
      for (const [key, body] of changes) {
        if (body === null) this.#delete.run(key);
        else this.#upsert.run(key, JSON.stringify(body));
      }
    });
  }

  close(): void {
    this.#database.close();
  }
}
