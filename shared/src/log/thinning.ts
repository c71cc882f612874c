import type { DatabaseSync, StatementSync } from "node:sqlite";
import { laneNumber, type BlockRow } from "./block-table.ts";
import type { CountedGap } from "./gap-records.ts";
import type { BlockCodec } from "./log.ts";
import type { Removal } from "./retention.ts";

/** Examined in one transaction at most, so that no commit is long. */
const blocks_max = 512;
const entries_max = 8_192;
/** A shorter run of entries stays: to tell of it would take about as much room as it gives. */
const run_min = 16;
/** Series that are remembered; beyond that all are forgotten, and more is kept than must be. */
const series_max = 20_000;

export interface ThinOptions<Entry> {
  /** Names the series that an entry belongs to. */
  readonly series: (entry: Entry) => string;
  /** When it was measured, ms. */
  readonly at: (entry: Entry) => number;
  /** Lengths of the buckets of each level, ms, from fine to coarse: of each series something stays in each bucket. */
  readonly buckets_ms: readonly number[];
}

type ThinnedBlock = BlockRow & { readonly bytes: number };

/** What one transaction does. */
interface Portion {
  readonly last: number;
  readonly passed: number;
  readonly removal: Removal;
  readonly gaps: CountedGap[];
  /** Left to be examined. */
  blocks: number;
  entries: number;
}

/**
 * Thins the samples of a log, inside the caller's transaction: oldest first by the finest buckets, then again by
 * coarser ones. A block goes where each of its entries follows, in its series, on one of the same bucket.
 */
export class Thinning<Entry> {
  readonly #options: ThinOptions<Entry>;
  readonly #codec: BlockCodec<Entry>;
  readonly #next: StatementSync;
  readonly #mark: StatementSync;
  readonly #setMark: StatementSync;
  /** Of each level, the bucket of each series' last sample. */
  readonly #seen: readonly Map<string, number>[];

  constructor(database: DatabaseSync, codec: BlockCodec<Entry>, options: ThinOptions<Entry>) {
    this.#options = options;
    this.#codec = codec;
    this.#next = database.prepare(
      `SELECT first, count, length(body) bytes, body FROM block
       WHERE lane = ${laneNumber.samples} AND first > ? AND first + count - 1 < ? ORDER BY first LIMIT 1`,
    );
    this.#mark = database.prepare("SELECT value FROM meta WHERE key = ?");
    this.#setMark = database.prepare("REPLACE INTO meta (key, value) VALUES (?, ?)");
    this.#seen = options.buckets_ms.map(() => new Map());
  }

  /**
   * Thins a portion of what stands before `last`; every consumer has passed the samples up to `passed`. Answers what is
   * to be told, and whether all is thinned as much as may be.
   */
  thin(
    last: number,
    passed: number,
    removal: Removal,
  ): { readonly gaps: readonly CountedGap[]; readonly isDone: boolean } {
    const portion: Portion = { last, passed, removal, gaps: [], blocks: blocks_max, entries: entries_max };
    const isDone = this.#options.buckets_ms.every((bucket_ms, level) =>
      this.#thinLevel(this.#seen[level] as Map<string, number>, bucket_ms, portion),
    );
    return { gaps: portion.gaps, isDone };
  }

  /** The transaction was undone: what was seen in it is forgotten, so that more is kept than must be, never less. */
  undone(): void {
    for (const seen of this.#seen) seen.clear();
  }

  /** Answers whether it came to the end. */
  #thinLevel(seen: Map<string, number>, bucket_ms: number, portion: Portion): boolean {
    const { last, removal } = portion;
    const key = `thinned to ${bucket_ms} ms`;
    let mark = (this.#mark.get(key) as { value: number } | undefined)?.value ?? 0;
    let next = mark;
    let run: ThinnedBlock[] = [];
    const endRun = (): boolean => {
      const isRemoved = this.#remove(run, bucket_ms, portion);
      run = [];
      return isRemoved;
    };
    let block: ThinnedBlock | undefined;
    for (;;) {
      block = this.#next.get(next, last) as ThinnedBlock | undefined;
      if (block === undefined || removal.isEnough || portion.blocks <= 0 || portion.entries <= 0) break;
      portion.blocks -= 1;
      portion.entries -= block.count;
      next = block.first;
      if (this.#isNeeded(block, seen, bucket_ms)) {
        endRun();
        mark = next;
      } else run.push(block);
    }
    // a run that is too short as yet is looked at again with what follows
    if (endRun()) mark = next;
    this.#setMark.run(key, mark);
    return block === undefined;
  }

  /** Whether an entry is the first of its series in a bucket. */
  #isNeeded({ body }: ThinnedBlock, seen: Map<string, number>, bucket_ms: number): boolean {
    const { series, at } = this.#options;
    let isNeeded = false;
    for (const entry of this.#codec.decode(body)) {
      const name = series(entry);
      const bucket = Math.floor(at(entry) / bucket_ms);
      if (seen.get(name) === bucket) continue;
      isNeeded = true;
      if (seen.size >= series_max) seen.clear();
      seen.set(name, bucket);
    }
    return isNeeded;
  }

  /** Answers whether there is nothing left of the run. */
  #remove(run: readonly ThinnedBlock[], bucket_ms: number, { passed, removal, gaps }: Portion): boolean {
    const [oldest] = run;
    const newest = run.at(-1);
    if (oldest === undefined || newest === undefined) return true;
    const entries = run.reduce((sum, { count }) => sum + count, 0);
    if (entries < run_min) return false;
    for (const block of run) removal.remove("samples", block);
    const from = Math.max(oldest.first, passed + 1);
    const to = newest.first + newest.count - 1;
    const reason = `thinned to one in ${bucket_ms / 60_000} min: the log reached its bound`;
    if (from <= to) gaps.push({ lane: "samples", from, to, entries, reason });
    return true;
  }
}
