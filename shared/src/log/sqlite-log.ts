import { strict as assert } from "node:assert";
import type { DatabaseSync } from "node:sqlite";
import { GengfuError } from "../errors.ts";
import type { Lane } from "../model/reading.ts";
import { arrange, type NewBlock, type Pending } from "./arrange.ts";
import { BlockCache } from "./block-cache.ts";
import { BlockTable } from "./block-table.ts";
import { Cursors } from "./cursors.ts";
import type { Block, Log, LogRun, LogStats, ReadLimit } from "./log.ts";
import { openLogFile } from "./log-file.ts";
import { Room, type MadeRoom, type RoomOptions } from "./room.ts";
import { readEpoch, Runs } from "./runs.ts";
import { Trouble } from "./trouble.ts";

/** A cursor that moved is durable with the next commit, or after this long. */
const cursorDelay_ms = 1_000;

export interface SqliteLogOptions<Entry> extends RoomOptions<Entry> {
  /** The database file; its folder must exist. */
  readonly file: string;
  /** `normal` gives up the last commits at a power cut, never at a crash; for what can be had again from elsewhere. */
  readonly synchronous?: "full" | "normal";
}

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
  readonly #table: BlockTable;
  readonly #cursors: Cursors;
  readonly #runs: Runs;
  readonly #room: Room<Entry>;
  readonly #cache: BlockCache<Entry>;
  readonly #trouble: Trouble;
  readonly #listeners = new Set<(lane: Lane, block: Block<Entry>) => void>();
  #pending: Pending<Entry>[] = [];
  #pendingEntries = 0;
  #scheduled = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #last: number;
  /** Entries ever appended to each lane: where the next block stands among its lane's entries. */
  #laneEnd: Record<Lane, number>;
  #commits = 0;
  #held = false;

  constructor(options: SqliteLogOptions<Entry>) {
    this.#options = options;
    const database = openLogFile(options.file, options.logger, options.synchronous ?? "full");
    this.#database = database;
    this.epoch = readEpoch(database);
    this.#table = new BlockTable(database);
    this.#cursors = new Cursors(database);
    this.#runs = new Runs(database);
    this.#trouble = new Trouble(options.logger);
    const total = this.#table.total();
    this.#room = new Room(options, database, this.#cursors, total);
    this.#last = total.last;
    this.#laneEnd = { events: this.#table.endOf("events"), samples: this.#table.endOf("samples") };
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
    const blocks: Block<Entry>[] = [];
    let taken = 0;
    for (const row of this.#table.behind(lane, after)) {
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
    return this.#table.tail(this.#last - entries, this.#options.codec);
  }

  cursor(consumer: string, lane: Lane): number {
    return this.#cursors.get(consumer, lane);
  }

  commit(consumer: string, lane: Lane, position: number): void {
    assert(Number.isSafeInteger(position) && position <= this.#last, `${consumer} can't be at ${position} of ${lane}`);
    if (!this.#cursors.move(consumer, lane, position)) return;
    this.#wakeAfter(cursorDelay_ms);
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
      entries: this.#room.entries,
      bytes: this.#room.bytes,
      dropped: this.#room.dropped,
      commits: this.#commits,
      trouble: this.#trouble.message ?? (this.#held ? "full: its consumers have not made room" : null),
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
    let room: MadeRoom;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      room = this.#room.make(blocks, this.#last);
      if (blocks.length > 0) this.#runs.write(this.#last + 1);
      const place = { ...this.#laneEnd };
      for (const { lane, first, entries, body } of blocks) {
        this.#table.insert(lane, first, entries.length, place[lane], body);
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

  #committed(blocks: readonly NewBlock<Entry>[], room: MadeRoom): void {
    this.#commits += 1;
    this.#cursors.written();
    if (blocks.length > 0) this.#runs.written(this.#last + 1);
    this.#trouble.recovered();
    this.#room.committed(blocks, room);
    for (const block of blocks) {
      this.#last = block.first + block.entries.length - 1;
      this.#laneEnd[block.lane] += block.entries.length;
      this.#cache.add(block);
    }
    for (const { lane, to } of room.gaps) this.#cache.forget(lane, to);
  }

  /** Where a log must not drop, what came above its bound stays pending. */
  #takeWhatFits(): Pending<Entry>[] {
    this.#held = !this.#room.hasRoom(this.#last) && this.#pending.length > 0;
    if (!this.#held) return this.#pending.splice(0);
    this.#wakeAfter(cursorDelay_ms);
    return [];
  }

  #firstOfEachLane(blocks: readonly NewBlock<Entry>[]): Record<Lane, number> {
    const first = (lane: Lane): number => blocks.find((block) => block.lane === lane)?.first ?? this.#last + 1;
    return { events: first("events"), samples: first("samples") };
  }

  #failed(error: unknown): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#wakeAfter(this.#trouble.failed(error, this.#pendingEntries));
  }

  #wakeAfter(delay_ms: number): void {
    this.#cancelTimer ??= this.#options.clock.after(delay_ms, () => {
      this.#cancelTimer = undefined;
      this.#schedule();
    });
  }

  #backlogOf(consumer: string, lane: Lane): number {
    const cursor = this.#cursors.get(consumer, lane);
    if (cursor >= this.#last) return 0;
    const before = this.#table.placeOf(lane, cursor);
    if (before !== undefined) {
      return this.#laneEnd[lane] - before.place - Math.min(before.count, cursor - before.first + 1);
    }
    const oldest = this.#table.oldestPlace(lane);
    return oldest === undefined ? 0 : this.#laneEnd[lane] - oldest.place;
  }
}
