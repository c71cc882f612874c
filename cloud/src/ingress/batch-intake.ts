import { decodeBatch, type Batch } from "@gengfu/shared/codec/batch";
import { GengfuError, type ErrorCode } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import type { Ledger } from "../ledger/ledger.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";

/** Readings that may wait for the disk at a time; beyond that batches wait undecoded. */
const pending_max = 200_000;

export interface BatchIntakeOptions {
  readonly log: Log<StoredReading>;
  readonly ledger: Pick<Ledger, "claim">;
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
  /** Readings that were there already. */
  readonly repeated: number;
}

/** Takes batches over into the log, each reading once. */
export class BatchIntake {
  readonly #options: BatchIntakeOptions;
  readonly #pending_max: number;
  readonly #waiting: (() => void)[] = [];
  #pending = 0;
  #batches = 0;
  #readings = 0;
  #repeated = 0;

  constructor(options: BatchIntakeOptions) {
    this.#options = options;
    this.#pending_max = options.pending_max ?? pending_max;
  }

  stats(): IntakeStats {
    return { batches: this.#batches, readings: this.#readings, repeated: this.#repeated };
  }

  /** Resolves when all of the batch is on disk, here or in quarantine; only then may it be acknowledged. */
  async take(gateway: string, lane: Lane, body: Uint8Array): Promise<void> {
    while (this.#pending >= this.#pending_max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const batch = this.#decode(gateway, lane, body);
    if (batch === undefined) return;
    this.#pending += batch.readings.length;
    try {
      await this.#commit(lane, batch, body);
    } finally {
      this.#pending -= batch.readings.length;
      for (const proceed of this.#waiting.splice(0)) proceed();
    }
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

  async #commit(lane: Lane, { gateway, epoch, readings }: Batch, body: Uint8Array): Promise<void> {
    const { log, ledger } = this.#options;
    const claim = ledger.claim(
      gateway,
      epoch,
      readings.map(({ seq }) => seq),
    );
    const fresh = claim.fresh.map((index) => readings[index] as StoredReading);
    try {
      if (fresh.length > 0) {
        // with its bytes, so that the log never puts entries of two gateways into one block
        await log.append(lane, fresh, fresh.length === readings.length ? body : cloudBlockCodec.encode(fresh));
      }
    } catch (error) {
      claim.release();
      throw error;
    }
    claim.commit();
    await claim.others;
    this.#batches += 1;
    this.#readings += fresh.length;
    this.#repeated += readings.length - fresh.length;
  }
}
