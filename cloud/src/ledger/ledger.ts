import { strict as assert } from "node:assert";
import type { StoredBatchReading } from "@gengfu/shared/codec/batch";
import { IntervalSet } from "@gengfu/shared/intervals";
import type { Block, Log, LogRun } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import { lanes, type Lane, type StoredReading } from "@gengfu/shared/model/reading";
import type { Clock } from "@gengfu/shared/time/clock";
import { Claims, type Claim } from "./claims.ts";
import { LedgerFile } from "./ledger-file.ts";
import type { LedgerView } from "./ledger-view.ts";
import type { Lineage, Place } from "./lineage.ts";
import { Lineages } from "./lineages.ts";
import { keysOfGateway_max, knownOfBlock, RepeatKeys, type Known } from "./repeat-keys.ts";
import { forgetOldest, noteGap, nothingReceived, together, viewOf, type Received } from "./received.ts";

/** The name of the ledger's cursor in the log. */
export const ledgerConsumer = "ledger";

/** Numberings remembered for a gateway. Each lost disk begins another; the one longest unused goes first. */
const epochs_max = 32;
const checkpoint_ms = 5_000;
const replay_entries = 10_000;

export interface LedgerOptions {
  /** Where what was received is written down; its folder must exist. */
  readonly file: string;
  readonly log: Log<StoredReading>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LedgerStats {
  readonly gateways: number;
  readonly intervals: number;
  /** Intervals that the bounds made it forget since the start; what they held would be taken a second time. */
  readonly forgotten: number;
}

/**
 * Which readings the cloud has: a function of its log, held in memory, written down every few seconds together with the
 * positions up to which it is true, and made whole at the start from the blocks behind those.
 */
export class Ledger {
  readonly #log: Log<StoredReading>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #fileName: string;
  #file: LedgerFile | undefined;
  readonly #received = new Map<string, Map<number, Received>>();
  readonly #claims = new Claims();
  readonly #changed = new Set<Received>();
  readonly #dropped = new Set<Received>();
  readonly #lineages: Lineages;
  readonly #keys = new RepeatKeys();
  /** Keys that are not written down, by gateway. */
  readonly #newKeys = new Map<string, Known[]>();
  #positions: Record<Lane, number> = { events: 0, samples: 0 };
  #forgotten = 0;
  #stopListening: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor({ file, log, clock, logger }: LedgerOptions) {
    this.#fileName = file;
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
    this.#lineages = new Lineages({
      write: (gateway, lineage, dropped) => this.#running.writeLineage(gateway, lineage, dropped),
      forked: (gateway, { epoch, fork }) =>
        logger.warn(
          { gateway, epoch, keptAs: fork?.epoch, from: fork?.from },
          "a gateway's log went on from an older state of itself; what it appended since is kept under another epoch",
        ),
    });
  }

  async start(): Promise<void> {
    const file = new LedgerFile(this.#fileName, this.#logger);
    this.#file = file;
    for (const { gateway, lineage } of file.lineages()) this.#lineages.restore(gateway, lineage);
    for (const { gateway, known } of file.keys()) this.#keys.remember(gateway, known);
    for (const received of file.read()) this.#epochsOf(received.gateway).set(received.epoch, received);
    const { epoch, positions } = file.positions();
    if (epoch === this.#log.epoch) this.#positions = positions;
    else if (epoch !== undefined) {
      this.#logger.warn("the cloud's log is a new one; what the ledger knows as received stays so");
      this.#rankBelowNewLog();
    }
    for (const lane of lanes) this.#positions[lane] = Math.min(this.#positions[lane], this.#log.last);
    // what is appended while the past is read comes after it: a position may only move behind what was taken
    const meanwhile: [Lane, Block<StoredReading>][] = [];
    let take = (lane: Lane, block: Block<StoredReading>): void => void meanwhile.push([lane, block]);
    this.#stopListening = this.#log.onAppend((lane, block) => take(lane, block));
    for (const lane of lanes) await this.#replay(lane);
    for (const [lane, block] of meanwhile) this.#take(lane, block);
    take = (lane, block) => this.#take(lane, block);
    this.#checkpoint();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#checkpoint();
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * Under which epochs the readings of a batch are kept, by their ascending seqs: mostly all under the one that the
   * gateway tells. Whoever asks claims them before anyone else asks.
   */
  place(gateway: string, epoch: number, run: LogRun | undefined, seqs: readonly number[]): readonly Place[] {
    if (run === undefined || seqs.length === 0) return [{ epoch, count: seqs.length }];
    return this.#lineages.place(gateway, epoch, run, seqs, this.#isTaken(gateway), this.#clock.now());
  }

  claim(gateway: string, epoch: number, seqs: readonly number[]): Claim {
    assert(this.#file !== undefined, "the ledger answers between start and stop");
    const received = this.#of(gateway, epoch);
    return this.#claims.make(received, seqs, (taken) => this.#add(received, taken));
  }

  /**
   * Of the readings of a batch that no one has or claims, the indices of those that the cloud has under other seqs, or
   * is about to have once `others` settles. They are not to be kept, and their seqs to be settled.
   */
  repeats(
    gateway: string,
    epoch: number,
    readings: readonly StoredBatchReading[],
  ): { readonly indices: ReadonlySet<number>; readonly others: readonly Promise<void>[] } {
    const { repeats: indices, others } = this.#keys.find(gateway, readings);
    if (indices.size === 0) return { indices, others };
    const isTaken = this.#isTaken(gateway);
    const isFree = (seq: number | undefined): boolean => seq !== undefined && !isTaken(epoch, seq, seq);
    return { indices: new Set([...indices].filter((index) => isFree(readings[index]?.seq))), others };
  }

  /** Remembers what readings are known by that are on their way to the log, until `settled`. */
  hold(gateway: string, readings: readonly StoredBatchReading[], settled: Promise<void>): void {
    this.#keys.hold(gateway, readings, settled);
  }

  /** Counts seqs as received of which the cloud has the readings under others. On disk when this returns, or it throws. */
  settle(gateway: string, epoch: number, seqs: readonly number[]): void {
    const received = this.#of(gateway, epoch);
    const before = received.seqs;
    received.seqs = new IntervalSet(before.intervals);
    for (const seq of seqs) received.seqs.add(seq, seq);
    this.#changed.add(received);
    try {
      this.#writeDown();
    } catch (error) {
      received.seqs = before;
      throw error;
    }
  }

  /**
   * Of one numbering of the gateway, by default the one it used last: of the log that now is in a run, by default the
   * one that was heard of last.
   */
  view(gateway: string, epoch?: number, run?: string): LedgerView {
    const known = [...(this.#received.get(gateway)?.values() ?? [])].sort((a, b) => a.newest - b.newest);
    const epochs = known.map((each) => each.epoch);
    const wanted = epoch ?? epochs.at(-1);
    const lineage = wanted === undefined ? undefined : this.#lineages.of(gateway, wanted);
    if (lineage?.fork != null) {
      return viewOf(gateway, this.#assemble(gateway, lineage, run), epochs, lineage.fork);
    }
    const current = known.find((each) => each.epoch === wanted);
    const view = viewOf(gateway, current, epochs, null);
    return epoch === undefined ? view : { ...view, epoch };
  }

  stats(): LedgerStats {
    const all = [...this.#received.values()].flatMap((epochs) => [...epochs.values()]);
    return {
      gateways: this.#received.size,
      intervals: all.reduce((sum, { seqs }) => sum + seqs.intervals.length, 0),
      forgotten: this.#forgotten,
    };
  }

  #assemble(gateway: string, lineage: Lineage, run: string | undefined): Received | undefined {
    const received = this.#received.get(gateway);
    return together(
      lineage.pieces(run).map(({ epoch, ...piece }) => ({
        received: received?.get(epoch) ?? nothingReceived(gateway, epoch),
        ...piece,
      })),
    );
  }

  #isTaken(gateway: string): (epoch: number, from: number, to: number) => boolean {
    return (epoch, from, to) => {
      const received = this.#received.get(gateway)?.get(epoch);
      return received !== undefined && (received.seqs.hasAny(from, to) || this.#claims.hasAny(received, from, to));
    };
  }

  get #running(): LedgerFile {
    assert(this.#file !== undefined, "the ledger answers between start and stop");
    return this.#file;
  }

  async #replay(lane: Lane): Promise<void> {
    for (;;) {
      const blocks = await this.#log.read(lane, this.#positions[lane], { entries: replay_entries });
      for (const block of blocks) this.#take(lane, block);
      if (blocks.length === 0) return;
    }
  }

  /** Notes a block that is durable in the log. */
  #take(lane: Lane, block: Block<StoredReading>): void {
    const end = block.first + block.entries.length - 1;
    let received: Received | undefined;
    for (const reading of block.entries) {
      if (received?.gateway !== reading.gateway || received.epoch !== reading.epoch) {
        received = this.#of(reading.gateway, reading.epoch);
        received.newest = Math.max(received.newest, end);
        this.#changed.add(received);
      }
      received.seqs.add(reading.seq, reading.seq);
      if (reading.kind === "gap") noteGap(received, reading);
    }
    for (const [gateway, known] of knownOfBlock(block.entries)) {
      this.#keys.remember(gateway, known);
      this.#newKeys.set(gateway, [...(this.#newKeys.get(gateway) ?? []), ...known].slice(-keysOfGateway_max));
    }
    for (const each of this.#changed) this.#forgotten += forgetOldest(each);
    this.#positions[lane] = Math.max(this.#positions[lane], end);
    this.#cancelTimer ??= this.#clock.after(checkpoint_ms, () => {
      this.#cancelTimer = undefined;
      this.#checkpoint();
    });
  }

  #add(received: Received, seqs: IntervalSet): void {
    for (const [from, to] of seqs.intervals) received.seqs.add(from, to);
    this.#changed.add(received);
  }

  #checkpoint(): void {
    if (this.#file === undefined) return;
    try {
      this.#writeDown();
    } catch (error) {
      this.#logger.warn(
        { err: error },
        "the ledger can't be written down for now; a restart would replay more of the log",
      );
    }
  }

  /** State and positions in one transaction; only then may the log let go of the blocks. */
  #writeDown(): void {
    this.#running.write(this.#changed, this.#dropped, this.#newKeys, this.#log.epoch, this.#positions);
    this.#changed.clear();
    this.#dropped.clear();
    this.#newKeys.clear();
    for (const lane of lanes) this.#log.commit(ledgerConsumer, lane, this.#positions[lane]);
  }

  /** Positions of a former log say nothing beside those of the new one, but their order stays. */
  #rankBelowNewLog(): void {
    const all = [...this.#received.values()].flatMap((epochs) => [...epochs.values()]);
    all
      .sort((a, b) => a.newest - b.newest)
      .forEach((received, index) => {
        received.newest = index - all.length;
        this.#changed.add(received);
      });
  }

  #of(gateway: string, epoch: number): Received {
    const epochs = this.#epochsOf(gateway);
    let received = epochs.get(epoch);
    if (received === undefined) {
      received = nothingReceived(gateway, epoch);
      epochs.set(epoch, received);
      this.#dropEpochs(epochs, received);
    }
    return received;
  }

  #epochsOf(gateway: string): Map<number, Received> {
    let epochs = this.#received.get(gateway);
    if (epochs === undefined) this.#received.set(gateway, (epochs = new Map()));
    return epochs;
  }

  #dropEpochs(epochs: Map<number, Received>, but: Received): void {
    if (epochs.size <= epochs_max) return;
    const candidates = [...epochs.values()].filter((each) => each !== but && this.#claims.isIdle(each));
    const oldest = candidates.sort((a, b) => a.newest - b.newest)[0];
    if (oldest === undefined) return;
    epochs.delete(oldest.epoch);
    this.#claims.forget(oldest);
    this.#changed.delete(oldest);
    this.#dropped.add(oldest);
    this.#forgotten += oldest.seqs.intervals.length;
  }
}
