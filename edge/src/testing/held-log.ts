import type { Block, Log, LogStats, ReadLimit } from "@gengfu/shared/log/log";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { lanes, type Lane } from "@gengfu/shared/model/reading";
import type { EdgeEntry } from "../entry.ts";

/** A log in memory whose commits a test can hold back, as a disk that is slow or full does. */
export class HeldLog implements Log<EdgeEntry> {
  readonly #inner = memoryLog<EdgeEntry>();
  #gate: PromiseWithResolvers<void> | null = null;
  #pending = 0;

  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  async append(lane: Lane, entries: readonly EdgeEntry[]): Promise<number> {
    this.#pending += entries.length;
    while (this.#gate !== null) await this.#gate.promise;
    const first = await this.#inner.append(lane, entries);
    this.#pending -= entries.length;
    return first;
  }

  get epoch(): number {
    return this.#inner.epoch;
  }
  get last(): number {
    return this.#inner.last;
  }
  get pending(): number {
    return this.#pending;
  }
  read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<EdgeEntry>[]> {
    return this.#inner.read(lane, after, limit);
  }
  cursor(consumer: string, lane: Lane): number {
    return this.#inner.cursor(consumer, lane);
  }
  commit(consumer: string, lane: Lane, position: number): void {
    this.#inner.commit(consumer, lane, position);
  }
  backlog(consumer: string): Record<Lane, number> {
    return this.#inner.backlog(consumer);
  }
  onAppend(listener: (lane: Lane, block: Block<EdgeEntry>) => void): () => void {
    return this.#inner.onAppend(listener);
  }
  stats(): LogStats {
    return this.#inner.stats();
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** All that a log holds, in the order of positions. */
export async function entriesOf(log: Log<EdgeEntry>): Promise<EdgeEntry[]> {
  const found: [number, EdgeEntry][] = [];
  for (const lane of lanes) {
    for (const { first, entries } of await log.read(lane, 0, { entries: Infinity })) {
      entries.forEach((entry, index) => found.push([first + index, entry]));
    }
  }
  return found.toSorted(([a], [b]) => a - b).map(([, entry]) => entry);
}
