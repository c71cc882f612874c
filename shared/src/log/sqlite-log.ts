import { strict as assert } from "node:assert";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { backoff } from "../backoff.ts";
import { GengfuError, messageOf } from "../errors.ts";
import type { Logger } from "../logging.ts";
import { lanes, type Lane } from "../model/reading.ts";
import type { Clock } from "../time/clock.ts";
import { arrange, blockEntries_max, type NewBlock, type Pending } from "./arrange.ts";
import { BlockCache } from "./block-cache.ts";
import { Cursors } from "./cursors.ts";
import type { Block, BlockCodec, Log, LogBounds, LogRun, LogStats, ReadLimit } from "./log.ts";
import { openLogFile } from "./log-file.ts";
import { isOver, laneNumber, Retention, type Gap, type Removed } from "./retention.ts";
import { readEpoch, Runs } from "./runs.ts";

/** A cursor that moved is durable with the next commit, or after this long. */
const cursorDelay_ms = 1_000;
const retry = { first_ms: 50, max_ms: 2_000 };

export interface SqliteLogOptions<Entry> {
  /** The database file; its folder must exist. */
  readonly file: string;
  readonly codec: BlockCodec<Entry>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who reads the log: what all of them have passed may be removed. With none, nothing is removed. */
  readonly consumers?: readonly string[];
  /** How many acknowledged entries stay, for those that look back after a restart. */
  readonly tail_entries?: number;
  readonly bounds?: LogBounds;
  /**
   * At the bound, what makes the entry that tells of dropped ones. Without it the log drops nothing: appends stay
   * pending until the consumers have made room.
   */
  readonly gapEntry?: (gap: Gap) => Entry;
  /** `normal` gives up the last commits at a power cut, never at a crash; for what can be had again from elsewhere. */
  readonly synchronous?: "full" | "normal";
}

type Room = Removed & { readonly lost: number; readonly gaps: readonly Gap[] };

/**
 * The log in a SQLite file. Group commit: all that was appended during one turn of the event loop is one transaction,
 * committed with a synced write, and only then do the appends resolve. One process owns the file.
 */
export function openSqliteLog<Entry>(options: SqliteLogOptions<Entry>): SqliteLog<Entry> {
  return new SqliteLog(options);
}

export class SqliteLog<Entry> implements Log<Entry> {
  readonly epoch: number;
  readonly #options: SqliteLogOptions<Entry>;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: Record<Lane, StatementSync>;
  readonly #selectPlace: StatementSync;
  readonly #cursors: Cursors;
  readonly #runs: Runs;
  readonly #cache: BlockCache<Entry>;
  readonly #listeners = new Set<(lane: Lane, block: Block<Entry>) => void>();
  #pending: Pending<Entry>[] = [];
  #pendingEntries = 0;
  #scheduled = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #last: number;
  /** Entries ever appended to each lane: where the next block stands among its lane's entries. */
  #laneEnd: Record<Lane, number>;
  #entries: number;
  #bytes: number;
  #dropped = 0;
  #commits = 0;
  #trouble: string | null = null;
  #held = false;
  #failures = 0;
  #lastTrim = 0;
  readonly #retention: Retention;

  constructor(options: SqliteLogOptions<Entry>) {
    this.#options = options;
    const database = openLogFile(options.file, options.logger, options.synchronous ?? "full");
    this.#database = database;
    this.epoch = readEpoch(database);
    this.#insert = database.prepare("INSERT INTO block (first, lane, count, place, body) VALUES (?, ?, ?, ?, ?)");
    const selectLane = (lane: Lane): StatementSync =>
      database.prepare(
        `SELECT first, count, body FROM block
         WHERE lane = ${laneNumber[lane]} AND first > ? - ${blockEntries_max} AND first + count > ? + 1
         ORDER BY first`,
      );
    this.#select = { events: selectLane("events"), samples: selectLane("samples") };
    this.#selectPlace = database.prepare(
      "SELECT first, count, place FROM block WHERE lane = ? AND first <= ? ORDER BY first DESC LIMIT 1",
    );
    this.#cursors = new Cursors(database);
    this.#runs = new Runs(database);
    this.#retention = new Retention(database);
    const total = database
      .prepare(
        "SELECT coalesce(max(first + count - 1), 0) last, coalesce(sum(count), 0) entries, coalesce(sum(length(body)), 0) bytes FROM block",
      )
      .get() as { last: number; entries: number; bytes: number };
    this.#last = total.last;
    this.#entries = total.entries;
    this.#bytes = total.bytes;
    this.#laneEnd = { events: this.#endOfLane("events"), samples: this.#endOfLane("samples") };
    this.#cache = new BlockCache({ events: this.#last, samples: this.#last });
  }

  get last(): number {
    return this.#last;
  }

  get pending(): number {
    return this.#pendingEntries;
  }

  append(lane: Lane, entries: readonly Entry[], encoded?: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new GengfuError("log_closed", `the log ${this.#options.file} is closed`, { retryable: true }));
        return;
      }
      this.#pending.push({ lane, entries, encoded, resolve, reject });
      this.#pendingEntries += entries.length;
      this.#schedule();
    });
  }

  async read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<Entry>[]> {
    const recent = this.#cache.recent(lane, after, limit.entries);
    if (recent !== undefined) return recent;
    const rows = this.#select[lane].iterate(after, after);
    const blocks: Block<Entry>[] = [];
    let taken = 0;
    for (const row of rows as Iterable<{ first: number; count: number; body: Uint8Array }>) {
      if (taken > 0 && taken + row.count > limit.entries) break;
      const entries = this.#cache.decoded(row.first, () => this.#options.codec.decode(row.body));
      const skip = Math.max(0, after + 1 - row.first);
      blocks.push(
        skip === 0 ? { lane, first: row.first, entries } : { lane, first: after + 1, entries: entries.slice(skip) },
      );
      taken += row.count - skip;
    }
    return blocks;
  }

  /** The newest entries of both lanes, oldest first: what an intake rebuilds its memory from after a restart. */
  readTail(entries: number): Block<Entry>[] {
    const rows = this.#database
      .prepare("SELECT first, lane, body FROM block WHERE first > ? ORDER BY first")
      .all(this.#last - entries) as { first: number; lane: number; body: Uint8Array }[];
    return rows.map(({ first, lane, body }) => ({
      lane: lanes[lane] as Lane,
      first,
      entries: this.#options.codec.decode(body),
    }));
  }

  cursor(consumer: string, lane: Lane): number {
    return this.#cursors.get(consumer, lane);
  }

  commit(consumer: string, lane: Lane, position: number): void {
    assert(Number.isSafeInteger(position) && position <= this.#last, `${consumer} can't be at ${position} of ${lane}`);
    if (!this.#cursors.move(consumer, lane, position)) return;
    this.#cancelTimer ??= this.#options.clock.after(cursorDelay_ms, () => {
      this.#cancelTimer = undefined;
      this.#schedule();
    });
  }

  backlog(consumer: string): Record<Lane, number> {
    return { events: this.#backlogOf(consumer, "events"), samples: this.#backlogOf(consumer, "samples") };
  }

  runAt(position: number): LogRun | undefined {
    return this.#runs.at(position, this.#last);
  }

  onAppend(listener: (lane: Lane, block: Block<Entry>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(): LogStats {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      dropped: this.#dropped,
      commits: this.#commits,
      trouble: this.#trouble ?? (this.#held ? "full: its consumers have not made room" : null),
    };
  }

  /** Bounds the file's size, in pages of 4 KiB; beyond it writing fails as on a full disk. */
  limitPages(pages_max: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${Math.trunc(pages_max)}`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#cancelTimer?.();
    this.#flush();
    this.#closed = true;
    this.#cancelTimer?.();
    for (const { reject } of this.#pending.splice(0)) {
      reject(
        new GengfuError("log_closed", `the log ${this.#options.file} was closed before the commit`, {
          retryable: true,
        }),
      );
    }
    this.#database.close();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const batch = this.#takeWhatFits();
    if (batch.length === 0 && !this.#cursors.dirty) return;
    const blocks = arrange(batch, this.#last + 1, this.#options.codec);
    const next = this.#firstOfEachLane(blocks);
    let room: Room;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      room = this.#makeRoom(blocks);
      if (blocks.length > 0) this.#runs.write(this.#last + 1);
      const place = { ...this.#laneEnd };
      for (const { lane, first, entries, body } of blocks) {
        this.#insert.run(first, laneNumber[lane], entries.length, place[lane], body);
        place[lane] += entries.length;
      }
      this.#cursors.write();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#failed(error);
      this.#pending = [...batch, ...this.#pending];
      return;
    }
    this.#committed(blocks, room);
    for (const { lane, entries, resolve } of batch) {
      resolve(next[lane]);
      next[lane] += entries.length;
      this.#pendingEntries -= entries.length;
    }
    for (const block of blocks) for (const listener of this.#listeners) listener(block.lane, block);
    if (this.#pending.length > 0) this.#schedule();
  }

  #committed(blocks: readonly NewBlock<Entry>[], room: Room): void {
    this.#commits += 1;
    this.#cursors.written();
    if (blocks.length > 0) this.#runs.written(this.#last + 1);
    this.#recovered();
    this.#entries -= room.entries;
    this.#bytes -= room.bytes;
    this.#dropped += room.lost;
    for (const block of blocks) {
      this.#last = block.first + block.entries.length - 1;
      this.#laneEnd[block.lane] += block.entries.length;
      this.#entries += block.entries.length;
      this.#bytes += block.body.length;
      this.#cache.add(block);
    }
    for (const { lane, to } of room.gaps) this.#cache.forget(lane, to);
    if (room.lost > 0) {
      this.#options.logger.warn({ dropped: this.#dropped }, "the log is at its bound and dropped its oldest readings");
    }
  }

  /** Where a log must not drop, it takes nothing above its bound and leaves what came pending. */
  #takeWhatFits(): Pending<Entry>[] {
    const { bounds, gapEntry, clock } = this.#options;
    this.#held = false;
    if (bounds === undefined || gapEntry !== undefined || !isOver(this.#entries, this.#bytes, bounds)) {
      return this.#pending.splice(0);
    }
    const removed = this.#retention.trim(this.#passedByAll());
    this.#entries -= removed.entries;
    this.#bytes -= removed.bytes;
    if (!isOver(this.#entries, this.#bytes, bounds)) return this.#pending.splice(0);
    if (this.#pending.length > 0) {
      this.#held = true;
      this.#cancelTimer ??= clock.after(cursorDelay_ms, () => {
        this.#cancelTimer = undefined;
        this.#schedule();
      });
    }
    return [];
  }

  /** Inside the transaction: removes what is done with, and at the bound what must go; the latter is told by gap entries. */
  #makeRoom(blocks: NewBlock<Entry>[]): Room {
    const { clock, bounds, gapEntry } = this.#options;
    let entries = 0;
    let bytes = 0;
    const now = clock.monotonic();
    const passed = this.#passedByAll();
    const adding = { entries: 0, bytes: 0 };
    for (const block of blocks) {
      adding.entries += block.entries.length;
      adding.bytes += block.body.length;
    }
    const over = (): boolean =>
      bounds !== undefined &&
      isOver(this.#entries + adding.entries - entries, this.#bytes + adding.bytes - bytes, bounds);
    if (now - this.#lastTrim >= cursorDelay_ms || over()) {
      this.#lastTrim = now;
      ({ entries, bytes } = this.#retention.trim(passed));
    }
    if (bounds === undefined || gapEntry === undefined || !over()) return { entries, bytes, lost: 0, gaps: [] };
    const held = { entries: this.#entries - entries + adding.entries, bytes: this.#bytes - bytes + adding.bytes };
    const passedByAny = this.#passedByAny();
    const dropped = this.#retention.drop(held, bounds, this.#last, passedByAny);
    const newest = blocks.at(-1);
    const first = (newest === undefined ? this.#last : newest.first + newest.entries.length - 1) + 1;
    const gaps = this.#retention.tell(dropped.gaps, dropped.events, passedByAny.events, first).map(gapEntry);
    if (gaps.length > 0) blocks.push({ lane: "events", first, entries: gaps, body: this.#options.codec.encode(gaps) });
    return { entries: entries + dropped.entries, bytes: bytes + dropped.bytes, lost: dropped.lost, gaps: dropped.gaps };
  }

  /** What every consumer has passed and the tail does not need. */
  #passedByAll(): Record<Lane, number> {
    const { consumers = [], tail_entries = 1 } = this.#options;
    const upTo = (lane: Lane): number =>
      consumers.length === 0
        ? 0
        : Math.min(this.#last - Math.max(1, tail_entries), ...consumers.map((name) => this.#cursors.get(name, lane)));
    return { events: upTo("events"), samples: upTo("samples") };
  }

  /** What the slowest consumer has passed: dropping that loses nothing. */
  #passedByAny(): Record<Lane, number> {
    const { consumers = [] } = this.#options;
    const least = (lane: Lane): number =>
      consumers.length === 0 ? 0 : Math.min(...consumers.map((name) => this.#cursors.get(name, lane)));
    return { events: least("events"), samples: least("samples") };
  }

  #firstOfEachLane(blocks: readonly NewBlock<Entry>[]): Record<Lane, number> {
    const first = (lane: Lane): number => blocks.find((block) => block.lane === lane)?.first ?? this.#last + 1;
    return { events: first("events"), samples: first("samples") };
  }

  #failed(error: unknown): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    if (this.#trouble === null) {
      this.#options.logger.error(
        { err: error, pending: this.#pendingEntries },
        "the log can't be written; producers wait",
      );
    }
    this.#trouble = messageOf(error);
    this.#failures += 1;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(backoff(this.#failures, 0, retry), () => {
      this.#cancelTimer = undefined;
      this.#schedule();
    });
  }

  #recovered(): void {
    if (this.#trouble === null) return;
    this.#options.logger.info("the log can be written again");
    this.#trouble = null;
    this.#failures = 0;
  }

  #endOfLane(lane: Lane): number {
    const row = this.#placeOf(lane, Number.MAX_SAFE_INTEGER);
    return row === undefined ? 0 : row.place + row.count;
  }

  #backlogOf(consumer: string, lane: Lane): number {
    const cursor = this.#cursors.get(consumer, lane);
    if (cursor >= this.#last) return 0;
    const row = this.#placeOf(lane, cursor);
    if (row !== undefined) return this.#laneEnd[lane] - row.place - Math.min(row.count, cursor - row.first + 1);
    const oldest = this.#database
      .prepare("SELECT place FROM block WHERE lane = ? ORDER BY first LIMIT 1")
      .get(laneNumber[lane]) as { place: number } | undefined;
    return oldest === undefined ? 0 : this.#laneEnd[lane] - oldest.place;
  }

  #placeOf(lane: Lane, position: number): { first: number; count: number; place: number } | undefined {
    return this.#selectPlace.get(laneNumber[lane], position) as
      | { first: number; count: number; place: number }
      | undefined;
  }
}
