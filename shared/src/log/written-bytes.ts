import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Bytes before each page in the write-ahead log. */
const frameHeader_bytes = 24;

/**
 * Counts the bytes that go to a database's files: all frames of the write-ahead log, and of what a checkpoint copies
 * into the database as much as it can be at most, since SQLite copies each page once and does not say how many. What
 * the file system adds of its own is not in it.
 */
export class WrittenBytes {
  readonly #state: StatementSync;
  readonly #pages: StatementSync;
  readonly #page_bytes: number;
  #frames: number;
  #copied: number;
  #total = 0;

  constructor(database: DatabaseSync) {
    // asks only: NOOP checkpoints nothing
    this.#state = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#pages = database.prepare("PRAGMA page_count");
    this.#page_bytes = (database.prepare("PRAGMA page_size").get() as { page_size: number }).page_size;
    const { log, checkpointed } = this.#ask();
    this.#frames = log;
    this.#copied = checkpointed;
  }

  get total(): number {
    return this.#total;
  }

  /** To be called after each commit. */
  note(): void {
    const { log, checkpointed } = this.#ask();
    // once all of it is copied the log begins again at its start
    const hasBegunAgain = log < this.#frames || (this.#copied > 0 && checkpointed < this.#copied);
    const frames = hasBegunAgain ? log : log - this.#frames;
    const copied = hasBegunAgain ? checkpointed : checkpointed - this.#copied;
    this.#frames = log;
    this.#copied = checkpointed;
    this.#total += frames * (this.#page_bytes + frameHeader_bytes);
    if (copied <= 0) return;
    const { page_count } = this.#pages.get() as { page_count: number };
    this.#total += Math.min(copied, page_count) * this.#page_bytes;
  }

  #ask(): { readonly log: number; readonly checkpointed: number } {
    return this.#state.get() as { log: number; checkpointed: number };
  }
}
