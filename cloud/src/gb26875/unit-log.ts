import type { Log } from "@gengfu/shared/log/log";
import { laneOf, type Reading, type StoredReading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import { cloudBlockCodec } from "../ingress/cloud-block-codec.ts";
import type { LedgerView } from "../ledger/ledger-view.ts";

export interface UnitLogOptions {
  readonly gateway: string;
  readonly log: Pick<Log<StoredReading>, "append">;
  /** Started, so that it knows all that the log holds. */
  readonly ledger: { view(gateway: string): LedgerView };
  readonly clock: Clock;
}

/**
 * Numbers the readings of one transmission device, which does not do so itself, and puts them into the cloud's log: goes
 * on where the ledger says that the last one was, under the same epoch.
 */
export class UnitLog {
  readonly #options: UnitLogOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #numbering: { readonly epoch: number; next: number } | undefined;

  constructor(options: UnitLogOptions) {
    this.#options = options;
  }

  /** What is under way or waits for its turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Epoch and last number, 0 before the first reading. */
  get position(): { readonly epoch: number; readonly last: number } {
    const { epoch, next } = this.#numbers;
    return { epoch, last: next - 1 };
  }

  /**
   * Does one thing after the other: `work` says what is to be appended, knowing all that came before. Resolves once that
   * is on disk; it stays pending while the disk refuses, and rejects where the log was closed or `gone` came before its
   * turn.
   */
  async append(gone: AbortSignal, work: () => readonly Reading[]): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    this.#waiting += 1;
    try {
      await before;
      gone.throwIfAborted();
      await this.#append(work());
    } finally {
      this.#waiting -= 1;
      resolve();
    }
  }

  async #append(readings: readonly Reading[]): Promise<void> {
    const [first] = readings;
    if (first === undefined) return;
    const { gateway, log } = this.#options;
    const numbering = this.#numbers;
    const { epoch, next } = numbering;
    const stored = readings.map((reading, index) => ({ ...reading, gateway, epoch, seq: next + index }));
    // with its bytes, so that the log never puts entries of two gateways into one block
    await log.append(laneOf(first.kind), stored, { encoded: cloudBlockCodec.encode(stored) });
    numbering.next += readings.length;
  }

  get #numbers(): { readonly epoch: number; next: number } {
    if (this.#numbering === undefined) {
      const { gateway, ledger, clock } = this.#options;
      const { epoch, received } = ledger.view(gateway);
      this.#numbering = { epoch: epoch ?? clock.now(), next: (received.at(-1)?.[1] ?? 0) + 1 };
    }
    return this.#numbering;
  }
}
