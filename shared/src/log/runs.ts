import { randomBytes, randomInt } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogRun } from "./log.ts";

/** Bytes of a run's id: runs of one numbering never share one by chance. */
const id_bytes = 6;

/**
 * The runs of a log: each opening begins one, with the first that it appends. What two openings of copies of one file
 * append at the same positions is thereby told apart.
 */
export class Runs {
  readonly #insert: StatementSync;
  readonly #forget: StatementSync;
  readonly #id = randomBytes(id_bytes).toString("base64url");
  /** In the order of their positions. */
  #known: readonly LogRun[];
  #begun: LogRun | undefined;

  constructor(database: DatabaseSync) {
    const rows = database.prepare("SELECT id, first, parent FROM run ORDER BY first").all();
    this.#known = rows as { id: string; first: number; parent: string | null }[];
    this.#insert = database.prepare("INSERT INTO run (first, id, parent) VALUES (?, ?, ?)");
    this.#forget = database.prepare(
      `DELETE FROM run WHERE first <
         (SELECT max(run.first) FROM run WHERE run.first <= (SELECT coalesce(min(first), 1) FROM block))`,
    );
  }

  /** The run that a position belongs to; `last` is the log's last one, behind which this opening's run goes on. */
  at(position: number, last: number): LogRun | undefined {
    if (this.#begun === undefined && position > last) return this.#next(last + 1);
    return this.#known.findLast(({ first }) => first <= position);
  }

  /**
   * Inside the caller's transaction, which appends from `first` on: begins this opening's run, if that is still to be
   * done, and forgets those that no block is left of. `written` follows once that is committed.
   */
  write(first: number): void {
    if (this.#begun !== undefined) return;
    const { id, parent } = this.#next(first);
    this.#forget.run();
    this.#insert.run(first, id, parent);
  }

  written(first: number): void {
    if (this.#begun !== undefined) return;
    this.#begun = this.#next(first);
    this.#known = [...this.#known, this.#begun];
  }

  #next(first: number): LogRun {
    return { id: this.#id, first, parent: this.#known.at(-1)?.id ?? null };
  }
}

/** What names a log's numbering; made where it lacks. */
export function readEpoch(database: DatabaseSync): number {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'epoch'").get() as { value: number } | undefined;
  if (row !== undefined) return row.value;
  const epoch = randomInt(1, 2 ** 47);
  database.prepare("INSERT INTO meta (key, value) VALUES ('epoch', ?)").run(epoch);
  return epoch;
}
