import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Logger } from "@gengfu/shared/logging";
import { inTransaction, openSqliteFile } from "@gengfu/shared/sqlite-file";

const schema = `
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    gateway TEXT NOT NULL,
    topic TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    body BLOB NOT NULL
  );
`;

export const quarantineBounds = { batches: 1_000, bytes: 64 * 1024 * 1024 } as const;

/** A batch that could not be taken in, whole, for whoever looks into it. */
export interface QuarantinedBatch {
  readonly id: number;
  /** When it came, epoch milliseconds. */
  readonly at: number;
  readonly gateway: string;
  readonly topic: string;
  /** One of the error codes. */
  readonly code: string;
  readonly message: string;
  readonly body: Uint8Array;
}

/** Batches that can't be decoded, on disk; at the bound the oldest go. */
export class BatchQuarantine {
  readonly #database: DatabaseSync;
  readonly #bounds: { readonly batches: number; readonly bytes: number };
  readonly #insert: StatementSync;
  readonly #oldest: StatementSync;
  readonly #remove: StatementSync;
  #batches: number;
  #bytes: number;
  #dropped = 0;

  constructor(file: string, logger: Logger, bounds: { batches: number; bytes: number } = quarantineBounds) {
    this.#database = openSqliteFile({ file, logger, schema, version: 1, synchronous: "full" });
    this.#bounds = bounds;
    this.#insert = this.#database.prepare(
      "INSERT INTO batch (at, gateway, topic, code, message, body) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#oldest = this.#database.prepare("SELECT id, length(body) bytes FROM batch ORDER BY id LIMIT 1");
    this.#remove = this.#database.prepare("DELETE FROM batch WHERE id = ?");
    const held = this.#database.prepare("SELECT count(*) batches, total(length(body)) bytes FROM batch").get();
    ({ batches: this.#batches, bytes: this.#bytes } = held as { batches: number; bytes: number });
  }

  /** How many the bound has pushed out since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** On disk when it returns. */
  add({ at, gateway, topic, code, message, body }: Omit<QuarantinedBatch, "id">): void {
    let batches = this.#batches + 1;
    let bytes = this.#bytes + body.length;
    let dropped = 0;
    inTransaction(this.#database, () => {
      this.#insert.run(at, gateway, topic, code, message, body);
      while (batches > 1 && (batches > this.#bounds.batches || bytes > this.#bounds.bytes)) {
        const oldest = this.#oldest.get() as { id: number; bytes: number };
        this.#remove.run(oldest.id);
        batches -= 1;
        bytes -= oldest.bytes;
        dropped += 1;
      }
    });
    this.#batches = batches;
    this.#bytes = bytes;
    this.#dropped += dropped;
  }

  /** Newest first. */
  list(limit: number): QuarantinedBatch[] {
    const rows = this.#database
      .prepare("SELECT id, at, gateway, topic, code, message, body FROM batch ORDER BY id DESC LIMIT ?")
      .all(limit);
    return (rows as Record<keyof QuarantinedBatch, never>[]).map((row) => ({ ...row }));
  }

  close(): void {
    this.#database.close();
  }
}
