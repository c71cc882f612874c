import { createHash } from "node:crypto";
import type { LogRun } from "@gengfu/shared/log/log";

/** Runs remembered of one numbering; beyond that the oldest are forgotten. */
const runs_max = 1_000;

/** A run, and under which epoch its readings are kept. */
export interface KnownRun extends LogRun {
  readonly home: number;
  /**
   * The epoch of those that it has behind the beginning of another run under `home`: of the two, the other came first.
   * Null while there are none.
   */
  readonly tail: number | null;
}

/** That a gateway's log went on from an older state of itself. */
export interface Fork {
  /** The epoch under which what it appended since then is kept. */
  readonly epoch: number;
  /** Seq of the first of them. */
  readonly from: number;
  /** When it was noticed, epoch milliseconds. */
  readonly at: number;
}

/** As it is written down. */
export interface LineageRecord {
  /** In the order in which they were first heard of. */
  readonly runs: readonly KnownRun[];
  /** The newest. */
  readonly fork: Fork | null;
}

/** The next readings of a batch, which are kept under the same epoch. */
export interface Place {
  readonly epoch: number;
  readonly count: number;
}

/** A stretch of seqs of one lineage, both ends included. */
export interface Piece {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/** Whether anything of a stretch is there, or about to be, under an epoch. */
export type IsTaken = (epoch: number, from: number, to: number) => boolean;

/**
 * Which log readings come from that a gateway numbers under one epoch. A log that goes on from an older state of itself
 * (a copy that was put back, a disk that lost what it said it had written) gives numbers a second time that the cloud
 * has already. It shows by its runs: no two openings of a log share one. Under one epoch a seq is of one run, the last
 * that begins at or before it; a run for which there is no place is kept under an epoch of its own, which is made from
 * its id alone, and the runs that follow on it stay with it. Immutable.
 */
export class Lineage {
  /** The epoch that the gateway tells. */
  readonly epoch: number;
  readonly #record: LineageRecord;

  constructor(epoch: number, record: LineageRecord = { runs: [], fork: null }) {
    this.epoch = epoch;
    this.#record = record;
  }

  get record(): LineageRecord {
    return this.#record;
  }

  get fork(): Fork | null {
    return this.#record.fork;
  }

  /** Where readings of a run are to be kept, by their ascending seqs, and what is known then. */
  place(
    run: LogRun,
    seqs: readonly number[],
    isTaken: IsTaken,
    now: number,
  ): { readonly places: readonly Place[]; readonly lineage: Lineage } {
    const admitted = this.#find(run.id) === undefined ? this.#admit(run, isTaken, now) : this;
    const { home, tail, first } = admitted.#find(run.id) as KnownRun;
    const end = admitted.#endOf(home, first);
    const behind = seqs.findIndex((seq) => seq >= end);
    const own = behind < 0 ? seqs.length : behind;
    if (own === seqs.length) return { places: [{ epoch: home, count: own }], lineage: admitted };
    const epoch = tail ?? forkOf(this.epoch, run.id, "tail");
    const places = [
      { epoch: home, count: own },
      { epoch, count: seqs.length - own },
    ].filter(({ count }) => count > 0);
    return { places, lineage: tail === null ? admitted.#withTail(run.id, { epoch, from: end, at: now }) : admitted };
  }

  /** Whether readings are kept under an epoch because of this. */
  keeps(epoch: number): boolean {
    return this.#record.runs.some(({ home, tail }) => home === epoch || tail === epoch);
  }

  /**
   * Where the readings of the log are that now is in a run, newest first: that run's, then those of the run before it,
   * and so on. Without a run that is known, the one that was heard of last is meant.
   */
  pieces(id: string | undefined): Piece[] {
    const pieces: Piece[] = [];
    let run = (id === undefined ? undefined : this.#find(id)) ?? this.#record.runs.at(-1);
    let to = Infinity;
    while (run !== undefined && run.first <= to) {
      const end = this.#endOf(run.home, run.first);
      if (run.tail !== null && to >= end) pieces.push({ epoch: run.tail, from: end, to });
      pieces.push({ epoch: run.home, from: run.first, to: Math.min(to, end - 1) });
      to = run.first - 1;
      run = run.parent === null ? undefined : this.#find(run.parent);
    }
    return to < 1 ? pieces : [...pieces, { epoch: this.epoch, from: 1, to }];
  }

  #find(id: string): KnownRun | undefined {
    return this.#record.runs.find((run) => run.id === id);
  }

  /** Where under an epoch the run that begins at `first` ends for another one. */
  #endOf(epoch: number, first: number): number {
    let end = Infinity;
    for (const run of this.#record.runs) if (run.home === epoch && run.first > first) end = Math.min(end, run.first);
    return end;
  }

  #admit(run: LogRun, isTaken: IsTaken, now: number): Lineage {
    const wanted = this.#homeAfter(run);
    const hasRoom = wanted !== null && this.#hasRoom(wanted, run.first, isTaken);
    const home = hasRoom ? wanted : forkOf(this.epoch, run.id, "run");
    const runs = [...this.#record.runs, { ...run, home, tail: null }];
    if (runs.length > runs_max) {
      const oldest = runs.reduce((least, each, index) => (each.first < (runs[least]?.first ?? 0) ? index : least), 0);
      // the one that this is about stays
      runs.splice(oldest === runs.length - 1 ? 0 : oldest, 1);
    }
    return new Lineage(this.epoch, { runs, fork: hasRoom ? this.fork : { epoch: home, from: run.first, at: now } });
  }

  /** The epoch in which a run goes on from the one before it; null where that one has left it. */
  #homeAfter({ first, parent }: LogRun): number | null {
    const before = parent === null ? undefined : this.#find(parent);
    if (before === undefined) return this.epoch;
    return first - 1 < this.#endOf(before.home, before.first) ? before.home : null;
  }

  /** Whether a run can begin somewhere under an epoch: nothing is there that would have to be its own. */
  #hasRoom(epoch: number, first: number, isTaken: IsTaken): boolean {
    // readings from before any run was told are of the first that is
    if (this.#record.runs.length === 0) return true;
    if (this.#record.runs.some((run) => run.home === epoch && run.first === first)) return false;
    return !isTaken(epoch, first, this.#endOf(epoch, first) - 1);
  }

  #withTail(id: string, fork: Fork): Lineage {
    const runs = this.#record.runs.map((run) => (run.id === id ? { ...run, tail: fork.epoch } : run));
    return new Lineage(this.epoch, { runs, fork });
  }
}

/** The same run is kept under the same epoch, even where it was forgotten that it was. */
function forkOf(epoch: number, run: string, what: "run" | "tail"): number {
  return createHash("sha256").update(`${epoch} ${run} ${what}`).digest().readUIntBE(0, 6) + 1;
}
