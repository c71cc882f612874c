import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * Positions that are given out before what stands there is on disk. The file says up to where, so that after a crash
 * none of them is given out a second time.
 */
export class Reserve {
  readonly #write: StatementSync;
  readonly #remove: StatementSync;
  /** As the file has it; 0 where it has none. */
  #inFile: number;
  #writing = 0;
  #upTo = 0;

  constructor(database: DatabaseSync) {
    const row = database.prepare("SELECT value FROM meta WHERE key = 'reserved'").get() as
      | { value: number }
      | undefined;
    this.#inFile = row?.value ?? 0;
    this.#write = database.prepare("REPLACE INTO meta (key, value) VALUES ('reserved', ?)");
    this.#remove = database.prepare("DELETE FROM meta WHERE key = 'reserved'");
  }

  /** What the file says: of an earlier opening, until this one has written. */
  get inFile(): number {
    return this.#inFile;
  }

  /** The last position that this opening may give out in memory. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Inside the caller's transaction: 0 takes it back. `written` follows once that is committed. */
  write(upTo: number): void {
    this.#writing = upTo;
    if (upTo === this.#inFile) return;
    if (upTo > 0) this.#write.run(upTo);
    else this.#remove.run();
  }

  written(): void {
    this.#inFile = this.#writing;
    this.#upTo = this.#writing;
  }
}
