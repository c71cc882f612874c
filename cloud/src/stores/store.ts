import type { Kind, Lane, StoredReading } from "@gengfu/shared/model/reading";

/**
 * Where readings are kept to be asked for. Writing is idempotent: a reading that is written again changes nothing, so
 * that a writer may repeat a batch whose fate it doesn't know.
 */
export interface Store {
  /**
   * Resolves when all readings are stored, but for those that the store will never take, which it names. Throws
   * GengfuError `store_unavailable` (retryable) where none of it can be relied on.
   * `progress` says how far the writer has got with the log once this is written: a store that has `progress()` keeps
   * it in the same transaction as the readings.
   */
  write(readings: readonly StoredReading[], progress?: Progress): Promise<WriteResult>;

  /** Newest first. Kinds quarantine, gap and clock come only where `kind` asks for them. */
  readings(query: ReadingsQuery): Promise<ReadingRow[]>;

  /** Oldest first, one point for each bucket that has readings; buckets begin at multiples of `every` since the epoch. */
  series(query: SeriesQuery): Promise<SeriesPoint[]>;

  /** How far the store has got with a lane of the log of that epoch, for stores that keep this themselves. */
  progress?(epoch: number, lane: Lane): number;

  close(): Promise<void>;
}

export interface Progress {
  /** Of the log that is written from. */
  readonly epoch: number;
  readonly lane: Lane;
  readonly position: number;
}

export interface WriteResult {
  readonly rejected: readonly Rejection[];
  /** Readings of earlier writes whose time this one has put right, as they stand now. */
  readonly corrected?: readonly StoredReading[];
}

export interface Rejection {
  readonly reading: StoredReading;
  readonly reason: string;
}

/**
 * A reading as a store gives it back. InfluxDB holds points only: there `epoch`, `receivedAt` and `clock` are null, and
 * of `detail` it knows what the points' fields tell. The embedded store gives back all that it was given, but for
 * `sinceBoot`.
 */
export type ReadingRow = Omit<StoredReading, "epoch" | "receivedAt" | "clock"> & {
  readonly [key in "epoch" | "receivedAt" | "clock"]: StoredReading[key] | null;
};

export const readingsLimit = { standard: 1_000, max: 100_000 } as const;

export interface ReadingsQuery {
  readonly kind?: Kind | undefined;
  readonly device?: string | undefined;
  /** `-` for readings that have none. */
  readonly channel?: string | undefined;
  /** Epoch milliseconds, included. */
  readonly from?: number | undefined;
  /** Epoch milliseconds, not included. */
  readonly to?: number | undefined;
  /** 1,000 unless given, at most 100,000. */
  readonly limit?: number | undefined;
}

/** A series has at most `readingsLimit.max` points; what lies behind them is left off. */
export interface SeriesQuery {
  readonly kind: Kind;
  readonly device?: string | undefined;
  readonly channel?: string | undefined;
  /** Epoch milliseconds, included. */
  readonly from: number;
  /** Epoch milliseconds, not included. */
  readonly to: number;
  /** Length of a bucket in milliseconds, at least 1. */
  readonly every: number;
}

export interface SeriesPoint {
  /** Beginning of the bucket, epoch milliseconds. */
  readonly at: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly count: number;
}
