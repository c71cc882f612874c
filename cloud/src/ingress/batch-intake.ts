import { decodeBatch, type Batch, type StoredBatchReading } from "@gengfu/shared/codec/batch";
import { GengfuError, type ErrorCode } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import type { Claim } from "../ledger/claims.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";

/** Readings that may wait for the disk at a time; beyond that batches wait undecoded. */
const pending_max = 200_000;

export interface BatchIntakeOptions {
  readonly log: Log<StoredReading>;
  readonly ledger: Pick<Ledger, "place" | "claim" | "repeats" | "hold" | "settle">;
  /** Keeps a batch that can't be taken in; it is on disk when this returns. */
  readonly setAside: (batch: Unusable) => void;
  readonly pending_max?: number;
}

export interface Unusable {
  readonly gateway: string;
  readonly lane: Lane;
  readonly body: Uint8Array;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface IntakeStats {
  readonly batches: number;
  readonly readings: number;
  /** Readings that were there already, under the same seq or another. */
  readonly repeated: number;
  /** Readings of the batches that are under way now. */
  readonly pending: number;
}

/** Takes batches over into the log, each reading once. */
export class BatchIntake {
  readonly #options: BatchIntakeOptions;
  readonly #pending_max: number;
  readonly #waiting = new Set<() => void>();
  #pending = 0;
  #batches = 0;
  #readings = 0;
  #repeated = 0;

  constructor(options: BatchIntakeOptions) {
    this.#options = options;
    this.#pending_max = options.pending_max ?? pending_max;
  }

  stats(): IntakeStats {
    return { batches: this.#batches, readings: this.#readings, repeated: this.#repeated, pending: this.#pending };
  }

  /**
   * Resolves when all of the batch is on disk, here or in quarantine; only then may it be acknowledged. Rejects when
   * the gateway is gone before: what it sends again after a while must not pile up here beside what it sent first.
   */
  async take(gateway: string, lane: Lane, body: Uint8Array, gone: AbortSignal): Promise<void> {
    while (this.#pending >= this.#pending_max) await unlessGone(this.#room(), gone);
    const batch = this.#decode(gateway, lane, body);
    if (batch === undefined) return;
    const count = batch.readings.length;
    this.#pending += count;
    try {
      await this.#commit(lane, batch, body, gone);
    } finally {
      this.#pending -= count;
      for (const proceed of this.#waiting) proceed();
      this.#waiting.clear();
    }
  }

  /** Resolves when a batch has ended; there may be room then. */
  #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    return promise;
  }

  #decode(gateway: string, lane: Lane, body: Uint8Array): Batch | undefined {
    const setAside = (code: ErrorCode, message: string): void =>
      this.#options.setAside({ gateway, lane, body, code, message });
    try {
      const batch = decodeBatch(body);
      if (batch.gateway === gateway) return batch;
      setAside("batch_malformed", `a batch of gateway ${JSON.stringify(batch.gateway)}, sent by ${gateway}`);
    } catch (error) {
      if (!(error instanceof GengfuError)) throw error;
      setAside(error.code, error.message);
    }
    return undefined;
  }

  async #commit(lane: Lane, batch: Batch, body: Uint8Array, gone: AbortSignal): Promise<void> {
    const parts = this.#claim(batch);
    try {
      for (const { epoch, fresh, claim } of parts) {
        if (fresh.length > 0) {
          const isWhole = epoch === batch.epoch && fresh.length === batch.readings.length;
          // with its bytes, so that the log never puts entries of two gateways into one block
          const encoded = isWhole ? body : cloudBlockCodec.encode(fresh);
          await this.#options.log.append(lane, fresh, { encoded });
        }
        claim.commit();
      }
    } catch (error) {
      // of those that are committed nothing is held any more
      for (const { claim } of parts) claim.release();
      throw error;
    }
    await unlessGone(Promise.all(parts.flatMap(({ others }) => others)), gone);
    for (const { epoch, repeated } of parts) {
      if (repeated.length > 0) this.#options.ledger.settle(batch.gateway, epoch, repeated);
    }
    const fresh = parts.reduce((sum, part) => sum + part.fresh.length, 0);
    this.#batches += 1;
    this.#readings += fresh;
    this.#repeated += batch.readings.length - fresh;
  }

  /** Claims the readings of a batch, by the epochs under which they are kept: mostly the batch's own. */
  #claim({ gateway, epoch: told, run, readings }: Batch): Part[] {
    const { ledger } = this.#options;
    const seqs = readings.map(({ seq }) => seq);
    let next = 0;
    return ledger.place(gateway, told, run, seqs).map(({ epoch, count }) => {
      const from = next;
      next += count;
      const asTold = readings.slice(from, next);
      const own = epoch === told ? asTold : asTold.map((reading) => ({ ...reading, epoch }));
      const repeats = ledger.repeats(gateway, epoch, own);
      const rest = repeats.indices.size === 0 ? own : own.filter((_, index) => !repeats.indices.has(index));
      const claim = ledger.claim(
        gateway,
        epoch,
        rest.map(({ seq }) => seq),
      );
      const fresh = claim.fresh.map((index) => rest[index] as StoredBatchReading);
      ledger.hold(gateway, fresh, claim.settled);
      const repeated = [...repeats.indices].map((index) => (own[index] as StoredBatchReading).seq);
      return { epoch, fresh, repeated, claim, others: [claim.others, ...repeats.others] };
    });
  }
}

interface Part {
  readonly epoch: number;
  /** What is to go to the log. */
  readonly fresh: readonly StoredBatchReading[];
  /** Seqs of what is there under other seqs, or about to be. */
  readonly repeated: readonly number[];
  readonly claim: Claim;
  /** What all of it being there waits for, beside the log. */
  readonly others: readonly Promise<unknown>[];
}

async function unlessGone(waited: Promise<unknown>, gone: AbortSignal): Promise<void> {
  gone.throwIfAborted();
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(gone.reason);
  gone.addEventListener("abort", leave);
  try {
    await Promise.race([waited, left]);
  } finally {
    gone.removeEventListener("abort", leave);
  }
}
