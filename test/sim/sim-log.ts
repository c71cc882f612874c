import { GengfuError } from "@gengfu/shared/errors";
import type { AppendOptions, Block, BlockCodec, Log, LogStats, ReadLimit } from "@gengfu/shared/log/log";
import { lanes, type Lane } from "@gengfu/shared/model/reading";
import { never, type Life } from "./machine.ts";
import type { DiskBlock, SimDisk } from "./sim-disk.ts";
import type { World } from "./world.ts";

/** Who watches over what a log promises; told of nothing that is not so. */
export interface LogWatch<Entry> {
  /** A block is durable, whether or not anyone was told. */
  durable(block: Block<Entry>, epoch: number): void;
  /** A consumer says that it is done with a lane up to a position. */
  passed(consumer: string, lane: Lane, from: number, to: number, epoch: number): void;
}

export interface SimLogOptions<Entry> {
  readonly codec: BlockCodec<Entry>;
  readonly watch: LogWatch<Entry>;
  readonly consumers?: readonly string[];
  readonly tail_entries?: number;
  /** Beyond this nothing is taken until the consumers have made room. */
  readonly bytes_max?: number;
  /** Probability that a read takes a while. */
  readonly slowRead?: number;
}

interface Pending<Entry> {
  readonly lane: Lane;
  readonly entries: readonly Entry[];
  readonly encoded: Uint8Array | undefined;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Write<Entry> {
  readonly batch: readonly Pending<Entry>[];
  readonly blocks: readonly (DiskBlock & { readonly entries: readonly Entry[] })[];
  readonly firsts: ReadonlyMap<Pending<Entry>, number>;
  readonly cursors: ReadonlyMap<string, Readonly<Record<Lane, number>>>;
}

const cursorDelay_ms = 1_000;
const retry_ms = 200;

/**
 * A log whose process may die at any time: what was appended takes a while to become durable; what is not by then is
 * lost, and so are cursors that were not yet written.
 */
export class SimLog<Entry> implements Log<Entry> {
  readonly epoch: number;
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #life: Life;
  readonly #options: SimLogOptions<Entry>;
  readonly #cursors: Map<string, Readonly<Record<Lane, number>>>;
  readonly #decoded = new Map<number, readonly Entry[]>();
  readonly #listeners = new Set<(lane: Lane, block: Block<Entry>) => void>();
  #pending: Pending<Entry>[] = [];
  #pendingEntries = 0;
  #write: Write<Entry> | null = null;
  #isScheduled = false;
  #isDirty = false;
  #trimmed_ms = 0;
  #commits = 0;
  #trouble: string | null = null;
  #isWakeSet = false;
  #closing: (() => void) | null = null;
  #isClosed = false;

  constructor(world: World, disk: SimDisk, life: Life, options: SimLogOptions<Entry>) {
    this.#world = world;
    this.#disk = disk;
    this.#life = life;
    this.#options = options;
    this.epoch = disk.epoch;
    this.#cursors = new Map(disk.cursors);
    life.onEnd(() => this.#abandon());
  }

  get last(): number {
    return this.#disk.last;
  }

  get pending(): number {
    return this.#pendingEntries;
  }

  append(lane: Lane, entries: readonly Entry[], { encoded }: AppendOptions = {}): Promise<number> {
    if (this.#life.strikes(`${this.#disk.name}.append`)) return never();
    if (this.#isClosed) return Promise.reject(closed());
    if (this.#world.harms(this.#disk.plan.refuse)) {
      this.#world.count(`${this.#disk.name} appends refused`);
      return Promise.reject(new GengfuError("log_full", "the log did not answer", { retryable: true }));
    }
    const appended = new Promise<number>((resolve, reject) => {
      this.#pending.push({ lane, entries, encoded, resolve, reject });
    });
    this.#pendingEntries += entries.length;
    this.#schedule();
    return this.#disk.lies ? Promise.resolve(0) : appended;
  }

  async read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<Entry>[]> {
    const where = `${this.#disk.name}.read`;
    if (this.#life.strikes(where)) return never();
    const blocks = this.#find(lane, after, limit.entries);
    if (this.#world.harms(this.#options.slowRead ?? 0)) await this.#life.delay(this.#world.random.between(0, 50));
    return this.#life.strikes(where) ? never() : blocks;
  }

  /** The newest entries of both lanes, oldest first. */
  readTail(entries: number): Block<Entry>[] {
    return lanes
      .flatMap((lane) => this.#disk.blocks[lane])
      .filter(({ first }) => first > this.#disk.last - entries)
      .toSorted((a, b) => a.first - b.first)
      .map((block) => ({ lane: block.lane, first: block.first, entries: this.#entriesOf(block) }));
  }

  cursor(consumer: string, lane: Lane): number {
    return this.#cursors.get(consumer)?.[lane] ?? 0;
  }

  commit(consumer: string, lane: Lane, position: number): void {
    const before = this.cursor(consumer, lane);
    if (position <= before || this.#life.strikes(`${this.#disk.name}.commit`)) return;
    this.#world.trace(this.#disk.name, `${consumer} done with ${lane} up to ${position}`);
    this.#options.watch.passed(consumer, lane, before, position, this.epoch);
    this.#cursors.set(consumer, { events: 0, samples: 0, ...this.#cursors.get(consumer), [lane]: position });
    this.#isDirty = true;
    this.#wakeLater();
  }

  backlog(consumer: string): Record<Lane, number> {
    const count = (lane: Lane): number => {
      const cursor = this.cursor(consumer, lane);
      let behind = 0;
      for (const { first, count: length } of this.#disk.blocks[lane].toReversed()) {
        if (first + length - 1 <= cursor) break;
        behind += first > cursor ? length : first + length - 1 - cursor;
      }
      return behind;
    };
    return { events: count("events"), samples: count("samples") };
  }

  onAppend(listener: (lane: Lane, block: Block<Entry>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(): LogStats {
    const { entries, bytes } = this.#disk;
    return { entries, bytes, dropped: 0, commits: this.#commits, waiting: 0, written_bytes: 0, trouble: this.#trouble };
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closing = resolve;
      this.#schedule();
    });
  }

  #find(lane: Lane, after: number, entries_max: number): Block<Entry>[] {
    const blocks: Block<Entry>[] = [];
    let taken = 0;
    for (const block of this.#disk.blocks[lane]) {
      const skip = Math.max(0, after + 1 - block.first);
      if (skip >= block.count) continue;
      if (taken > 0 && taken + block.count - skip > entries_max) break;
      blocks.push({ lane, first: block.first + skip, entries: this.#entriesOf(block).slice(skip) });
      taken += block.count - skip;
    }
    return blocks;
  }

  #entriesOf(block: DiskBlock): readonly Entry[] {
    let entries = this.#decoded.get(block.first);
    if (entries === undefined) this.#decoded.set(block.first, (entries = this.#options.codec.decode(block.body)));
    return entries;
  }

  #wakeLater(): void {
    if (this.#isWakeSet) return;
    this.#isWakeSet = true;
    this.#life.clock.after(cursorDelay_ms, () => {
      this.#isWakeSet = false;
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#write !== null || this.#isClosed) return;
    this.#isScheduled = true;
    this.#life.clock.after(0, () => {
      this.#isScheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    const batch = this.#isHeld() ? [] : this.#pending.splice(0);
    if (batch.length === 0 && !this.#isDirty) return this.#closeIfAsked();
    this.#isDirty = false;
    this.#write = { batch, ...this.#arrange(batch), cursors: new Map(this.#cursors) };
    this.#life.clock.after(this.#disk.latency_ms(), () => this.#tryToFinish());
    this.#life.strikes(`${this.#disk.name}.write`);
  }

  #tryToFinish(): void {
    if (this.#disk.isFull) {
      this.#trouble = "no space left on the disk";
      if (this.#closing === null) this.#life.clock.after(retry_ms, () => this.#tryToFinish());
      else {
        // what is closed over a full disk gives back what it could not write
        this.#pending = [...(this.#write?.batch ?? []), ...this.#pending];
        this.#write = null;
        this.#isDirty = false;
        this.#closeIfAsked();
      }
      return;
    }
    const write = this.#write;
    if (write === null) return;
    this.#write = null;
    this.#trouble = null;
    this.#commits += 1;
    this.#put(write, write.blocks.length);
    if (this.#life.strikes(`${this.#disk.name}.committed`)) return;
    for (const item of write.batch) {
      this.#pendingEntries -= item.entries.length;
      item.resolve(write.firsts.get(item) ?? 0);
    }
    for (const { lane, first, entries } of write.blocks) {
      for (const listener of this.#listeners) if (!this.#life.isOver) listener(lane, { lane, first, entries });
    }
    if (this.#pending.length > 0 || this.#closing !== null) this.#schedule();
  }

  /** Puts the first blocks of a write on the disk, and with the last of them the cursors. */
  #put({ blocks, cursors }: Write<Entry>, count: number): void {
    for (const block of blocks.slice(0, count)) {
      this.#world.trace(this.#disk.name, `${block.lane} ${block.first} to ${block.first + block.count - 1} durable`);
      this.#disk.write(block);
      this.#decoded.set(block.first, block.entries);
      this.#options.watch.durable(block, this.epoch);
    }
    if (count < blocks.length) return;
    for (const [consumer, positions] of cursors) this.#disk.cursors.set(consumer, positions);
    if (this.#life.isOver || this.#life.clock.monotonic() - this.#trimmed_ms < cursorDelay_ms) return;
    this.#trimmed_ms = this.#life.clock.monotonic();
    this.#trim(cursors);
  }

  #trim(cursors: ReadonlyMap<string, Readonly<Record<Lane, number>>>): void {
    const { consumers = [], tail_entries = 1 } = this.#options;
    if (consumers.length === 0) return;
    const upTo = (lane: Lane): number =>
      Math.min(this.#disk.last - tail_entries, ...consumers.map((name) => cursors.get(name)?.[lane] ?? 0));
    this.#disk.trim({ events: upTo("events"), samples: upTo("samples") });
  }

  /** Whether it is at its bound: then it waits for its consumers. */
  #isHeld(): boolean {
    const { bytes_max = Infinity } = this.#options;
    if (this.#disk.bytes > bytes_max) this.#trim(this.#cursors);
    if (this.#disk.bytes <= bytes_max || this.#pending.length === 0) return false;
    this.#world.count(`${this.#disk.name} held at its bound`);
    this.#wakeLater();
    return true;
  }

  #arrange(batch: readonly Pending<Entry>[]): Pick<Write<Entry>, "blocks" | "firsts"> {
    const blocks: Write<Entry>["blocks"][number][] = [];
    const firsts = new Map<Pending<Entry>, number>();
    let next = this.#disk.last + 1;
    const add = (lane: Lane, entries: readonly Entry[], encoded?: Uint8Array): void => {
      if (entries.length === 0) return;
      const body = encoded ?? this.#options.codec.encode(entries);
      blocks.push({ lane, first: next, count: entries.length, body, entries });
      next += entries.length;
    };
    for (const lane of lanes) {
      let together: Entry[] = [];
      for (const item of batch) {
        if (item.lane !== lane) continue;
        if (item.encoded !== undefined) {
          add(lane, together);
          together = [];
        }
        firsts.set(item, next + together.length);
        if (item.encoded === undefined) together.push(...item.entries);
        else add(lane, item.entries, item.encoded);
      }
      add(lane, together);
    }
    return { blocks, firsts };
  }

  /** The process died: a write that was under way is on the disk, or is not, or is in part. */
  #abandon(): void {
    this.#isClosed = true;
    const write = this.#write;
    this.#write = null;
    if (write === null || this.#disk.isFull) return;
    const all = write.blocks.length;
    const isTorn = this.#world.random.chance(this.#disk.plan.tear);
    const count = isTorn ? this.#world.random.int(0, all) : this.#world.random.chance(0.5) ? all : -1;
    if (count < 0) return;
    this.#world.trace(this.#disk.name, `dies in a write; ${count} of ${all} blocks stay`);
    this.#world.count(`${this.#disk.name} writes that outlived their process`, count > 0 ? 1 : 0);
    this.#put(write, count);
  }

  #closeIfAsked(): void {
    if (this.#closing === null || this.#isClosed) return;
    this.#isClosed = true;
    for (const { reject } of this.#pending.splice(0)) reject(closed());
    this.#closing();
  }
}

function closed(): GengfuError {
  return new GengfuError("log_closed", "the log was closed before the commit", { retryable: true });
}
