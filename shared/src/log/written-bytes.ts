import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Bytes before the first frame of the write-ahead log, and before each page in it. */
const logHeader_bytes = 32;
const frameHeader_bytes = 24;
/** What a disk is written in. */
const block_bytes = 4_096;

/**
 * Counts the bytes that go to a database's files, in whole blocks of the disk: all frames of the write-ahead log, and of what a checkpoint copies
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
    const before = hasBegunAgain ? 0 : this.#frames;
    const copied = hasBegunAgain ? checkpointed : checkpointed - this.#copied;
    this.#frames = log;
    this.#copied = checkpointed;
    if (log > before) {
      const first = Math.floor(this.#offsetOf(before) / block_bytes);
      this.#total += (Math.ceil(this.#offsetOf(log) / block_bytes) - first) * block_bytes;
    }
    if (copied <= 0) return;
    const { page_count } = this.#pages.get() as { page_count: number };
    this.#total += Math.min(copied, page_count) * this.#page_bytes;
  }

  #offsetOf(frame: number): number {
    return logHeader_bytes + frame * (frameHeader_bytes + this.#page_bytes);
  }

  #ask(): { readonly log: number; readonly checkpointed: number } {
    return this.#state.get() as { log: number; checkpointed: number };
  }
}
