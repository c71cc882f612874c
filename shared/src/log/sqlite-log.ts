import { strict as assert } from "node:assert";
import type { DatabaseSync } from "node:sqlite";
import { GengfuError } from "../errors.ts";
import { lanes, type Lane } from "../model/reading.ts";
import { arrange, type NewBlock, type Pending } from "./arrange.ts";
import { BlockCache, recentEntries_max, recentEntries_min } from "./block-cache.ts";
import { BlockTable } from "./block-table.ts";
import { Cursors } from "./cursors.ts";
import { abandonedReason, type CountedGap } from "./gap-records.ts";
import type { AppendOptions, Block, Log, LogRun, LogStats, ReadLimit } from "./log.ts";
import { openLogFile } from "./log-file.ts";
import { Notes } from "./notes.ts";
import { Places } from "./places.ts";
import { Reserve } from "./reserve.ts";
import { Room, type MadeRoom, type RoomOptions } from "./room.ts";
import { readEpoch, Runs } from "./runs.ts";
import { Trouble } from "./trouble.ts";
import { Waiting } from "./waiting.ts";
import { Wake } from "./wake.ts";
import { WrittenBytes } from "./written-bytes.ts";

/** A cursor that moved is durable with the next commit, or after this long. */
const cursorDelay_ms = 1_000;
const defaults = { hold_ms: 2_000, write_every_ms: 600_000, entries_max: 10_000, bytes_max: 8 * 1024 * 1024 };

export interface SqliteLogOptions<Entry> extends RoomOptions<Entry> {
  /** The database file; its folder must exist. */
  readonly file: string;
  /** Who answers for entries that may wait in memory; without it none do. */
  readonly deferral?: DeferralOptions;
  /** `normal` gives up the last commits at a power cut, never at a crash; for what can be had again from elsewhere. */
  readonly synchronous?: "full" | "normal";
}

export interface DeferralOptions {
  /** The consumer that has taken over what it has passed. */
  readonly guarantor: string;
  /** How long entries wait for the guarantor before they are written; 2,000 by default. */
  readonly hold_ms?: number;
  /** How long entries wait that the guarantor has, and cursors; 600,000 by default. */
  readonly write_every_ms?: number;
  /** Entries that wait at most, and positions that a crash leaves empty at most; 10,000 by default. */
  readonly entries_max?: number;
  /** Encoded bytes that wait at most; 8 MiB by default. */
  readonly bytes_max?: number;
}

/**
 * The log in a SQLite file. Group commit: all that was appended during one turn of the event loop is one transaction,
 * committed with a synced write, and only then do the appends resolve. One process owns the file.
 *
 * The file holds a beginning of the positions. What may wait is in memory behind it, until anything else is written.
 */
export function openSqliteLog<Entry>(options: SqliteLogOptions<Entry>): SqliteLog<Entry> {
  return new SqliteLog(options);
}

export class SqliteLog<Entry> implements Log<Entry> {
  readonly epoch: number;
  readonly #options: SqliteLogOptions<Entry>;
  readonly #deferral: DeferralOptions & typeof defaults;
  readonly #database: DatabaseSync;
  readonly #table: BlockTable;
  readonly #cursors: Cursors;
  readonly #runs: Runs;
  readonly #room: Room<Entry>;
  readonly #places: Places;
  readonly #cache: BlockCache<Entry>;
  readonly #waiting: Waiting<Entry>;
  readonly #reserve: Reserve;
  readonly #notes: Notes;
  readonly #trouble: Trouble;
  readonly #writtenBytes: WrittenBytes;
  readonly #wake: Wake;
  readonly #listeners = new Set<(lane: Lane, block: Block<Entry>) => void>();
  #pending: Pending<Entry>[] = [];
  #pendingEntries = 0;
  #scheduled = false;
  #closing = false;
  #closed = false;
  /** Whether anything was appended since the opening that may wait. */
  #defers = false;
  #last: number;
  /** The last position in the file. */
  #durable: number;
  /** When cursors that moved must be written, by monotonic time. */
  #cursorsDue_ms = Infinity;
  #commits = 0;
  #held = false;

  constructor(options: SqliteLogOptions<Entry>) {
    this.#options = options;
    this.#deferral = { guarantor: "", ...defaults, ...options.deferral };
    assert(this.#deferral.entries_max <= recentEntries_max, "what waits must be found in the cache");
    const database = openLogFile(options.file, options.logger, options.synchronous ?? "full");
    this.#database = database;
    this.epoch = readEpoch(database);
    this.#table = new BlockTable(database);
    this.#cursors = new Cursors(database);
    this.#runs = new Runs(database);
    this.#reserve = new Reserve(database);
    this.#notes = new Notes(database);
    this.#waiting = new Waiting(this.#deferral);
    this.#trouble = new Trouble(options.logger);
    this.#writtenBytes = new WrittenBytes(database);
    this.#wake = new Wake(options.clock, () => this.#schedule());
    const total = this.#table.total();
    this.#room = new Room(options, database, this.#cursors, total);
    this.#durable = total.last;
    // positions that were reserved by an opening that died may have been given out
    this.#last = Math.max(total.last, this.#reserve.inFile);
    this.#places = new Places({ table: this.#table, waiting: this.#waiting, room: this.#room });
    this.#cache = new BlockCache({ events: this.#last, samples: this.#last });
  }

  get last(): number {
    return this.#last;
  }

  get pending(): number {
    return this.#pendingEntries;
  }

  append(lane: Lane, entries: readonly Entry[], { encoded, mayWait = false }: AppendOptions = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new GengfuError("log_closed", `the log ${this.#options.file} is closed`, { retryable: true }));
        return;
      }
      this.#pending.push({ lane, entries, encoded, mayWait, resolve, reject });
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
    return blocks.length > 0 ? blocks : this.#cache.newest(lane, limit.entries);
  }

  /** The newest entries of both lanes, oldest first: what an intake rebuilds its memory from after a restart. */
  readTail(entries: number): Block<Entry>[] {
    return this.#table.tail(entries, this.#options.codec);
  }

  /** What was noted last under a name. */
  noted(name: string): string | undefined {
    return this.#notes.get(name);
  }

  /** Notes something that is written down with the next commit, whenever that is. */
  note(name: string, value: string): void {
    this.#notes.set(name, value);
  }

  cursor(consumer: string, lane: Lane): number {
    return this.#cursors.get(consumer, lane);
  }

  commit(consumer: string, lane: Lane, position: number): void {
    assert(Number.isSafeInteger(position) && position <= this.#last, `${consumer} can't be at ${position} of ${lane}`);
    if (!this.#cursors.move(consumer, lane, position)) return;
    if (consumer === this.#deferral.guarantor) this.#pendingEntries -= this.#waiting.pass(lane, position);
    if (this.#cursorsDue_ms < Infinity) return;
    const delay_ms = this.#defers ? this.#deferral.write_every_ms : cursorDelay_ms;
    this.#cursorsDue_ms = this.#options.clock.monotonic() + delay_ms;
    this.#wake.at(this.#cursorsDue_ms);
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
      entries: this.#room.entries + this.#waiting.entries,
      bytes: this.#room.bytes,
      dropped: this.#room.dropped,
      commits: this.#commits,
      waiting: this.#waiting.entries,
      written_bytes: this.#writtenBytes.total,
      trouble: this.#trouble.message ?? (this.#held ? "full: its consumers have not made room" : null),
    };
  }

  /** Bounds the file's size, in pages of 4 KiB; beyond it writing fails as on a full disk. */
  limitPages(pages_max: number): void {
    this.#database.exec(`PRAGMA max_page_count = ${Math.trunc(pages_max)}`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing = true;
    this.#flush();
    this.#closed = true;
    this.#wake.cancel();
    const closed = new GengfuError("log_closed", `the log ${this.#options.file} was closed before the commit`, {
      retryable: true,
    });
    for (const { reject } of this.#pending.splice(0)) reject(closed);
    this.#waiting.rejectAll(closed);
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
    const now_ms = this.#options.clock.monotonic();
    const batch = this.#takeWhatFits(now_ms);
    const isDue = this.#isDue(now_ms);
    if (batch.length > 0 && !isDue && this.#canWait(batch)) this.#wait(batch, now_ms);
    else if ((batch.length > 0 || isDue) && !this.#write(batch)) return;
    this.#wake.at(Math.min(this.#cursorsDue_ms, this.#waiting.due_ms));
    if (this.#pending.length > 0) this.#schedule();
  }

  /** Whether there is something to write though nothing came. */
  #isDue(now_ms: number): boolean {
    if (!this.#closing) return now_ms >= Math.min(this.#cursorsDue_ms, this.#waiting.due_ms);
    return this.#cursors.dirty || !this.#waiting.isEmpty || this.#reserve.inFile > 0;
  }

  /** Whether a batch can stay in memory: its positions must be of those that the file knows as reserved. */
  #canWait(batch: readonly Pending<Entry>[]): boolean {
    if (this.#options.deferral === undefined || !batch.some(({ mayWait }) => mayWait)) return false;
    this.#defers = true;
    if (this.#trouble.message !== null || !batch.every(({ mayWait }) => mayWait)) return false;
    return this.#last + batch.reduce((sum, { entries }) => sum + entries.length, 0) <= this.#reserve.upTo;
  }

  #wait(batch: readonly Pending<Entry>[], now_ms: number): void {
    const blocks = arrange(batch, this.#last + 1, this.#options.codec);
    this.#waiting.add(batch, blocks, this.#firstOfEachLane(blocks), now_ms);
    this.#appended(blocks);
    this.#announce(blocks);
  }

  /** Writes what waits and the batch; says whether that succeeded. */
  #write(batch: readonly Pending<Entry>[]): boolean {
    const { codec } = this.#options;
    const fresh = arrange(batch, this.#last + 1, codec);
    const next = this.#firstOfEachLane(fresh);
    const waiting = this.#waiting.together(codec);
    const blocks = waiting.length === 0 ? fresh : [...waiting, ...fresh];
    let room: MadeRoom;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      room = this.#room.make(blocks, { durable: this.#durable, last: this.#last }, this.#abandoned());
      if (blocks.length > 0) this.#runs.write(this.#last + 1);
      const place = this.#places.inFile;
      for (const { lane, first, entries, body } of blocks) {
        this.#table.insert(lane, first, entries.length, place[lane], body);
        place[lane] += entries.length;
      }
      this.#cursors.write();
      this.#notes.write();
      this.#reserve.write(this.#toReserve(blocks));
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#failed(error);
      this.#pending = [...batch, ...this.#pending];
      return false;
    }
    const appended = blocks.slice(waiting.length);
    if (blocks.length > 0) this.#runs.written(this.#last + 1);
    this.#appended(appended);
    this.#committed(blocks, room);
    for (const { lane, entries, resolve } of batch) {
      resolve(next[lane]);
      next[lane] += entries.length;
      this.#pendingEntries -= entries.length;
    }
    this.#announce(appended);
    return true;
  }

  /** Up to where positions stay reserved behind a write. */
  #toReserve(blocks: readonly NewBlock<Entry>[]): number {
    const end = endOf(blocks, this.#last);
    const { entries_max } = this.#deferral;
    if (this.#defers && !this.#closing) {
      // not with each write: it would be a page more
      return this.#reserve.upTo - end < entries_max / 2 ? end + entries_max : this.#reserve.upTo;
    }
    // only what is in the file keeps positions from being given out again
    return endOf(blocks, this.#durable) < this.#last ? this.#reserve.inFile : 0;
  }

  /** Positions that an opening which died had reserved and did not write. */
  #abandoned(): CountedGap[] {
    const from = this.#durable + 1;
    const to = this.#reserve.upTo > 0 ? 0 : this.#reserve.inFile;
    return from > to ? [] : lanes.map((lane) => ({ lane, from, to, entries: 0, reason: abandonedReason }));
  }

  #appended(blocks: readonly NewBlock<Entry>[]): void {
    for (const block of blocks) {
      this.#places.appended(block);
      this.#cache.add(block, this.#toCache(block.lane));
    }
    this.#last = endOf(blocks, this.#last);
  }

  /** What waits must be found in memory; of the rest much is kept only while a consumer is near enough to read it. */
  #toCache(lane: Lane): number {
    const isNear = this.#last - this.#cursors.newest(lane) <= recentEntries_max;
    return isNear ? recentEntries_max : Math.max(recentEntries_min, this.#waiting.entries);
  }

  #committed(blocks: readonly NewBlock<Entry>[], room: MadeRoom): void {
    this.#commits += 1;
    this.#writtenBytes.note();
    this.#durable = endOf(blocks, this.#durable);
    this.#cursors.written();
    this.#notes.written();
    this.#cursorsDue_ms = Infinity;
    this.#reserve.written();
    this.#trouble.recovered();
    this.#room.committed(blocks, room);
    for (const { lane, to } of room.gaps) this.#cache.forget(lane, to);
    this.#pendingEntries -= this.#waiting.written();
  }

  #announce(blocks: readonly NewBlock<Entry>[]): void {
    for (const block of blocks) for (const listener of this.#listeners) listener(block.lane, block);
  }

  /** Where a log must not drop, what came above its bound stays pending. */
  #takeWhatFits(now_ms: number): Pending<Entry>[] {
    this.#held = !this.#room.hasRoom(this.#durable) && this.#pending.length > 0;
    if (!this.#held) return this.#pending.splice(0);
    this.#wake.at(now_ms + cursorDelay_ms);
    return [];
  }

  #firstOfEachLane(blocks: readonly NewBlock<Entry>[]): Record<Lane, number> {
    const first = (lane: Lane): number => blocks.find((block) => block.lane === lane)?.first ?? this.#last + 1;
    return { events: first("events"), samples: first("samples") };
  }

  #failed(error: unknown): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#room.undone();
    this.#wake.cancel();
    const retry_ms = this.#trouble.failed(error, this.#pendingEntries);
    this.#wake.at(this.#options.clock.monotonic() + retry_ms);
  }

  #backlogOf(consumer: string, lane: Lane): number {
    const cursor = this.#cursors.get(consumer, lane);
    return cursor >= this.#last ? 0 : this.#places.behind(lane, cursor);
  }
}

/** The last position of some blocks, or where there is none, what it was before them. */
function endOf(blocks: readonly Block<unknown>[], before: number): number {
  const newest = blocks.at(-1);
  return newest === undefined ? before : newest.first + newest.entries.length - 1;
}
