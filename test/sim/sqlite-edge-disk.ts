import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { edgeEntryCodec, type EdgeEntry } from "@gengfu/edge/entry";
import { gapEntry } from "@gengfu/edge/intake/own-entry";
import { uplinkConsumer } from "@gengfu/edge/uplink/uplink-session";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { AppendOptions, Block, Log, LogRun, LogStats, ReadLimit } from "@gengfu/shared/log/log";
import { openSqliteLog, type SqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { Lane } from "@gengfu/shared/model/reading";
import { tail_entries, type EdgeDisk } from "./edge.ts";
import { never, type Life } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import type { World } from "./world.ts";

export interface SqliteEdgeDiskOptions {
  readonly world: World;
  readonly oracle: Oracle;
  readonly gateway: string;
  /** Where its files are. */
  readonly folder: string;
  /** Readings that it holds at most. */
  readonly entries_max: number;
  /** How samples wait for the cloud; null where they don't. */
  readonly waits: WaitingPlan | null;
}

export interface WaitingPlan {
  readonly write_every_ms: number;
  /** Positions that it gives out beforehand. */
  readonly entries_max: number;
}

/**
 * The edge's real log, in files that are copied as they stand when the process dies: what was committed is there in the
 * next life, and at its bound it drops and tells of it.
 */
export class SqliteEdgeDisk implements EdgeDisk {
  readonly #options: SqliteEdgeDiskOptions;
  readonly #runs = new Map<string, string>();
  #files = 0;

  constructor(options: SqliteEdgeDiskOptions) {
    this.#options = options;
    this.wipe();
  }

  /** All is lost; what takes its place counts anew. */
  wipe(): void {
    this.#files += 1;
    const file = this.#file();
    void openSqliteLog({ file, codec: edgeEntryCodec, clock: noClock, logger: silentLogger }).close();
    // the log draws its epoch where no seed reaches
    const database = new DatabaseSync(file);
    const epoch = this.#options.world.random.int(1, 2 ** 30);
    database.prepare("UPDATE meta SET value = ? WHERE key = 'epoch'").run(epoch);
    database.close();
  }

  open(life: Life): DyingLog {
    const { world, oracle, gateway, entries_max, waits } = this.#options;
    const file = this.#file();
    const log: SqliteLog<EdgeEntry> = openSqliteLog({
      file,
      codec: edgeEntryCodec,
      clock: life.clock,
      logger: silentLogger,
      consumers: [uplinkConsumer],
      tail_entries,
      bounds: { entries: entries_max, bytes: Number.MAX_SAFE_INTEGER },
      ...(waits === null ? {} : { deferral: { guarantor: uplinkConsumer, ...waits } }),
      gapEntry: (gap) => {
        if (gap.reason !== abandonedReason) oracle.edgeDropped(log.epoch, gap.lane, gap.from, gap.to);
        return gapEntry(gateway, { at: life.clock.now(), clock: "synchronised" }, gap);
      },
    });
    let isOver = false;
    let durable = this.#endOf(log);
    let hasAppended = false;
    const look = (): number => {
      // until it appends anything there is what it forgot at its end
      if (hasAppended && !isOver) durable = log.last - log.stats().waiting;
      return durable;
    };
    oracle.edgeOpened(log.epoch, log.last, look);
    log.onAppend((lane, block) => {
      if (life.isOver) return;
      hasAppended = true;
      const kinds = new Set(block.entries.map(({ kind }) => kind));
      world.trace("edge-disk", `${lane} ${block.first} to ${log.last} durable: ${[...kinds].join()}`);
      oracle.edgeWatch.durable(block, log.epoch);
    });
    life.onEnd(() => {
      look();
      isOver = true;
      world.count("readings in memory when the edge died", log.stats().waiting);
      this.#files += 1;
      for (const suffix of ["", "-wal"]) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, this.#file() + suffix);
      }
      void log.close();
    });
    return new DyingLog(log, life, oracle, (id) => this.#nameOf(id));
  }

  /** The last position in the file. */
  #endOf(log: SqliteLog<EdgeEntry>): number {
    const newest = log.readTail(1).at(-1);
    return newest === undefined ? 0 : newest.first + newest.entries.length - 1;
  }

  /** The log draws the ids of its runs where no seed reaches; here they are counted. */
  #nameOf(id: string): string {
    let name = this.#runs.get(id);
    if (name === undefined) this.#runs.set(id, (name = `run-${this.#runs.size + 1}`));
    return name;
  }

  #file(): string {
    return join(this.#options.folder, `edge-${this.#files}.db`);
  }
}

const noClock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };

/** A log that does nothing more, and calls nobody, once its process is dead. */
class DyingLog implements Log<EdgeEntry> {
  readonly #log: SqliteLog<EdgeEntry>;
  readonly #life: Life;
  readonly #oracle: Oracle;
  readonly #nameOf: (id: string) => string;

  constructor(log: SqliteLog<EdgeEntry>, life: Life, oracle: Oracle, nameOf: (id: string) => string) {
    this.#nameOf = nameOf;
    this.#log = log;
    this.#life = life;
    this.#oracle = oracle;
  }

  get epoch(): number {
    return this.#log.epoch;
  }

  get last(): number {
    return this.#log.last;
  }

  get pending(): number {
    return this.#log.pending;
  }

  async append(lane: Lane, entries: readonly EdgeEntry[], options?: AppendOptions): Promise<number> {
    if (this.#life.strikes("sqlite.append")) return never();
    const first = await this.#log.append(lane, entries, options);
    return this.#life.strikes("sqlite.appended") ? never() : first;
  }

  async read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<EdgeEntry>[]> {
    if (this.#life.strikes("sqlite.read")) return never();
    const blocks = await this.#log.read(lane, after, limit);
    return this.#life.strikes("sqlite.read") ? never() : blocks;
  }

  readTail(entries: number): Block<EdgeEntry>[] {
    return this.#log.readTail(entries);
  }

  cursor(consumer: string, lane: Lane): number {
    return this.#log.cursor(consumer, lane);
  }

  commit(consumer: string, lane: Lane, position: number): void {
    const before = this.cursor(consumer, lane);
    if (position <= before || this.#life.strikes("sqlite.commit")) return;
    this.#oracle.edgeWatch.passed(consumer, lane, before, position, this.epoch);
    this.#log.commit(consumer, lane, position);
  }

  backlog(consumer: string): Record<Lane, number> {
    return this.#life.isOver ? { events: 0, samples: 0 } : this.#log.backlog(consumer);
  }

  runAt(position: number): LogRun | undefined {
    const run = this.#log.runAt(position);
    if (run === undefined) return undefined;
    const { id, first, parent } = run;
    return { id: this.#nameOf(id), first, parent: parent === null ? null : this.#nameOf(parent) };
  }

  onAppend(listener: (lane: Lane, block: Block<EdgeEntry>) => void): () => void {
    return this.#log.onAppend((lane, block) => this.#life.isOver || listener(lane, block));
  }

  stats(): LogStats {
    return this.#log.stats();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
