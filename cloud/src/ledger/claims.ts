import { GengfuError } from "@gengfu/shared/errors";
import { IntervalSet } from "@gengfu/shared/intervals";
import type { Received } from "./received.ts";

/** A claim on the seqs of one batch. Whoever makes it ends it, by `commit` or `release`. */
export interface Claim {
  /** Indices, into the seqs that were asked about, of those that no one has or is about to have. */
  readonly fresh: readonly number[];
  /**
   * Settles when those who hold the rest have committed; rejects when one of them gave up, since then the batch is
   * not all here and must not be acknowledged.
   */
  readonly others: Promise<unknown>;
  /** Settles with `commit`, rejects with `release`. */
  readonly settled: Promise<void>;
  /** The fresh ones are durable in the log. */
  commit(): void;
  /** They will not be: they are free again. */
  release(): void;
}

interface Holder {
  readonly seqs: IntervalSet;
  readonly settled: Promise<void>;
}

/** Who is about to have what, on its way to the log. */
export class Claims {
  readonly #held = new Map<Received, Set<Holder>>();

  /** Claims what nobody has; `committed` is called with that once it is durable. */
  make(received: Received, seqs: readonly number[], committed: (taken: IntervalSet) => void): Claim {
    let holders = this.#held.get(received);
    if (holders === undefined) this.#held.set(received, (holders = new Set()));
    const taken = new IntervalSet();
    const fresh: number[] = [];
    const others = new Set<Holder>();
    seqs.forEach((seq, index) => {
      if (received.seqs.has(seq) || taken.has(seq)) return;
      const holder = holders.values().find((each) => each.seqs.has(seq));
      if (holder !== undefined) return void others.add(holder);
      taken.add(seq, seq);
      fresh.push(index);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const all = Promise.all([...others].map(({ settled }) => settled));
    // who waits for them hears of it; where no one does it is no one's error
    for (const each of [promise, all]) each.catch(() => undefined);
    const holder = { seqs: taken, settled: promise };
    if (fresh.length > 0) holders.add(holder);
    return {
      fresh,
      others: all,
      settled: promise,
      commit: () => {
        holders.delete(holder);
        committed(taken);
        resolve();
      },
      release: () => {
        holders.delete(holder);
        reject(
          new GengfuError("log_closed", "readings that another batch repeats were not committed", { retryable: true }),
        );
      },
    };
  }

  /** Whether anything of from..to is claimed. */
  hasAny(received: Received, from: number, to: number): boolean {
    return (
      this.#held
        .get(received)
        ?.values()
        .some(({ seqs }) => seqs.hasAny(from, to)) ?? false
    );
  }

  isIdle(received: Received): boolean {
    return (this.#held.get(received)?.size ?? 0) === 0;
  }

  forget(received: Received): void {
    this.#held.delete(received);
  }
}
