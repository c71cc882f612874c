import type { Lane } from "../model/reading.ts";

/**
 * The durable log: append and await durability, read from a cursor, acknowledge. Everything on both sides flows
 * through one. Embedded it is SQLite (`sqlite-log.ts`); the port is kept such that NATS JetStream can stand behind it.
 *
 * Positions count entries from 1, contiguously over both lanes; on the edge they are the readings' seq. Each consumer
 * has a cursor for each lane, since events overtake samples: an entry is done when its lane's cursor has passed it.
 */
export interface Log<Entry> {
  /** Identifies this log's numbering. A log that starts anew (lost or damaged file) has another. */
  readonly epoch: number;

  /**
   * Takes the entries over. Resolves with the position of the first of them, the others following contiguously, once
   * all are durable. Where the disk refuses, the promise stays pending and the log goes on trying: nothing is acknowledged, and what
   * is pending is bounded by `pending`, which producers must respect.
   */
  append(lane: Lane, entries: readonly Entry[], options?: AppendOptions): Promise<number>;

  /** Blocks of a lane behind a position, oldest first, until a limit is reached; at least one block if there is one. */
  read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<Entry>[]>;

  /** The position up to which a consumer is done with a lane; 0 for a new one. */
  cursor(consumer: string, lane: Lane): number;

  /**
   * Says that a consumer is done with a lane up to a position. Durable with the next commit, at the latest after a
   * second; where entries wait in memory, as long as they may.
   */
  commit(consumer: string, lane: Lane, position: number): void;

  /** Position of the last entry that can be read, over both lanes; 0 when empty. */
  readonly last: number;

  /** How many entries a consumer still has before it, in each lane. */
  backlog(consumer: string): Record<Lane, number>;

  /** Calls back with what became durable, after its commit, or waits in memory. The result ends it. */
  onAppend(listener: (lane: Lane, block: Block<Entry>) => void): () => void;

  /**
   * The run that a position belongs to; undefined where that is not known any more. A log without runs can't tell a copy
   * of itself that was put back from what it was copied from.
   */
  runAt?(position: number): LogRun | undefined;

  /** Entries of appends that have not resolved. */
  readonly pending: number;

  stats(): LogStats;

  /** Commits what is pending, then closes. */
  close(): Promise<void>;
}

export interface AppendOptions {
  /** The block's bytes, where the caller has them already: spares the encoding. */
  readonly encoded?: Uint8Array;
  /**
   * The entries may be kept in memory, where readers find them, until the log's guarantor has passed them: then, or
   * once they are on disk, the append resolves. A log that has no guarantor makes no difference.
   */
  readonly mayWait?: boolean;
}

/** What one opening of a log appended. No two share an id, though their logs be copies of one another. */
export interface LogRun {
  readonly id: string;
  /** Position of its first entry. */
  readonly first: number;
  /** The run before it in its log; null for the first. */
  readonly parent: string | null;
}

export interface ReadLimit {
  readonly entries: number;
}

export interface Block<Entry> {
  readonly lane: Lane;
  /** Position of `entries[0]`. */
  readonly first: number;
  readonly entries: readonly Entry[];
}

/** How a block's entries become bytes. Decoding must accept all that encoding ever produced. */
export interface BlockCodec<Entry> {
  encode(entries: readonly Entry[]): Uint8Array;
  decode(body: Uint8Array): Entry[];
}

export interface LogStats {
  readonly entries: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly commits: number;
  /** Entries that are in memory only. */
  readonly waiting: number;
  /** Bytes that this opening wrote to the log's files, not counting what the file system adds. */
  readonly written_bytes: number;
  /** Why the last write failed, while it is still being tried again. */
  readonly trouble: string | null;
}

/** What a log may hold, and what happens at the bound: samples go first, oldest first, thinned; events go last. */
export interface LogBounds {
  readonly entries: number;
  readonly bytes: number;
}
