import { GengfuError } from "../errors.ts";
import type { AppendOptions, Block, Log, LogRun, LogStats, ReadLimit } from "../log/log.ts";
import { lanes, type Lane } from "../model/reading.ts";

/** A log whose appends a test can hold back, as a disk that is slow or full does, and fail, as a log that closes does. */
export class HeldLog<Entry> implements Log<Entry> {
  readonly #inner: Log<Entry>;
  #gate: PromiseWithResolvers<void> | undefined;
  #pending = 0;

  constructor(inner: Log<Entry>) {
    this.#inner = inner;
  }

  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Rejects the appends that are held back, and holds no more. */
  fail(): void {
    this.#gate?.reject(new GengfuError("log_closed", "the log was closed before the commit", { retryable: true }));
    this.#gate = undefined;
  }

  async append(lane: Lane, entries: readonly Entry[], options?: AppendOptions): Promise<number> {
    this.#pending += entries.length;
    try {
      while (this.#gate !== undefined) await this.#gate.promise;
      return await this.#inner.append(lane, entries, options);
    } finally {
      this.#pending -= entries.length;
    }
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
  read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<Entry>[]> {
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
  onAppend(listener: (lane: Lane, block: Block<Entry>) => void): () => void {
    return this.#inner.onAppend(listener);
  }
  runAt(position: number): LogRun | undefined {
    return this.#inner.runAt?.(position);
  }
  stats(): LogStats {
    return this.#inner.stats();
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** All that a log holds, in the order of positions. */
export async function entriesOf<Entry>(log: Log<Entry>): Promise<Entry[]> {
  const found: [number, Entry][] = [];
  for (const lane of lanes) {
    for (const { first, entries } of await log.read(lane, 0, { entries: Infinity })) {
      entries.forEach((entry, index) => found.push([first + index, entry]));
    }
  }
  return found.toSorted(([a], [b]) => a - b).map(([, entry]) => entry);
}
