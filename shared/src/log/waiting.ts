import type { Lane } from "../model/reading.ts";
import { blockEntries_max, type NewBlock, type Pending } from "./arrange.ts";
import type { BlockCodec } from "./log.ts";

/** Blocks from this size on are written as they came; smaller ones are put together. */
const large_entries = 512;

export interface WaitingLimits {
  /** How long entries wait for the guarantor, ms. */
  readonly hold_ms: number;
  /** How long entries wait that the guarantor has, ms. */
  readonly write_every_ms: number;
  readonly bytes_max: number;
}

/** An append that resolves when the guarantor has passed it, or when it is written. */
interface Held {
  readonly first: number;
  /** Position of its last entry. */
  readonly last: number;
  readonly since_ms: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Entries that have their positions and are in memory only: those behind the last one that is on disk. */
export class Waiting<Entry> {
  readonly #limits: WaitingLimits;
  #blocks: NewBlock<Entry>[] = [];
  #entries: Record<Lane, number> = { events: 0, samples: 0 };
  #bytes = 0;
  #since_ms = 0;
  /** What the guarantor has not passed, by lane, oldest first. */
  #held: Record<Lane, Held[]> = { events: [], samples: [] };

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  get entries(): number {
    return this.#entries.events + this.#entries.samples;
  }

  entriesOf(lane: Lane): number {
    return this.#entries[lane];
  }

  /** Takes the blocks of appends, whose first positions in each lane are `next`. */
  add(
    batch: readonly Pending<Entry>[],
    blocks: readonly NewBlock<Entry>[],
    next: Record<Lane, number>,
    now_ms: number,
  ) {
    if (this.isEmpty) this.#since_ms = now_ms;
    for (const block of blocks) {
      this.#blocks.push(block);
      this.#entries[block.lane] += block.entries.length;
      this.#bytes += block.body.length;
    }
    const first = { ...next };
    for (const { lane, entries, resolve, reject } of batch) {
      const end = first[lane] + entries.length;
      if (entries.length === 0) resolve(first[lane]);
      else this.#held[lane].push({ first: first[lane], last: end - 1, since_ms: now_ms, resolve, reject });
      first[lane] = end;
    }
  }

  /** The guarantor has passed a position of a lane. Answers how many entries that resolved. */
  pass(lane: Lane, position: number): number {
    const held = this.#held[lane];
    let count = 0;
    while (count < held.length && (held[count] as Held).last <= position) count += 1;
    return resolveAll(held.splice(0, count));
  }

  /** When it must be written, by monotonic time; Infinity where nothing waits. */
  get due_ms(): number {
    if (this.isEmpty) return Infinity;
    const { hold_ms, write_every_ms, bytes_max } = this.#limits;
    if (this.#bytes > bytes_max) return -Infinity;
    const { events, samples } = this.#held;
    const oldest_ms = Math.min(events[0]?.since_ms ?? Infinity, samples[0]?.since_ms ?? Infinity);
    return Math.min(this.#since_ms + write_every_ms, oldest_ms + hold_ms);
  }

  /** The blocks to write, oldest first: neighbours of a lane are one block. */
  together(codec: BlockCodec<Entry>): NewBlock<Entry>[] {
    const blocks: NewBlock<Entry>[] = [];
    let group: NewBlock<Entry>[] = [];
    let count = 0;
    const end = (): void => {
      const [first] = group;
      if (first !== undefined) blocks.push(group.length === 1 ? first : joined(first, group, codec));
      group = [];
      count = 0;
    };
    for (const block of this.#blocks) {
      const { length } = block.entries;
      if (length >= large_entries || block.lane !== group[0]?.lane || count + length > blockEntries_max) end();
      group.push(block);
      count += length;
      if (length >= large_entries) end();
    }
    end();
    return blocks;
  }

  /** All of it is on disk. Answers how many entries that resolved. */
  written(): number {
    this.#blocks = [];
    this.#entries = { events: 0, samples: 0 };
    this.#bytes = 0;
    const { events, samples } = this.#held;
    this.#held = { events: [], samples: [] };
    return resolveAll(events) + resolveAll(samples);
  }

  rejectAll(error: unknown): void {
    for (const { reject } of [...this.#held.events, ...this.#held.samples]) reject(error);
  }

  /** The newest block of a lane that begins at or before a position, and how many entries of the lane wait before it. */
  blockAt(lane: Lane, position: number): { readonly block: NewBlock<Entry>; readonly before: number } | undefined {
    let before = this.#entries[lane];
    for (let index = this.#blocks.length - 1; index >= 0; index--) {
      const block = this.#blocks[index] as NewBlock<Entry>;
      if (block.lane !== lane) continue;
      before -= block.entries.length;
      if (block.first <= position) return { block, before };
    }
    return undefined;
  }
}

function joined<Entry>(
  { lane, first }: NewBlock<Entry>,
  group: readonly NewBlock<Entry>[],
  codec: BlockCodec<Entry>,
): NewBlock<Entry> {
  const entries = group.flatMap((block) => block.entries);
  return { lane, first, entries, body: codec.encode(entries) };
}

function resolveAll(held: readonly Held[]): number {
  let entries = 0;
  for (const { first, last, resolve } of held) {
    resolve(first);
    entries += last - first + 1;
  }
  return entries;
}
