import type { Interval } from "@gengfu/shared/intervals";

import type { Fork } from "./lineage.ts";

/** What the cloud has of a gateway, what it lacks and why. */
export interface LedgerView {
  readonly gateway: string;
  /** The numbering that the gateway used last; null where nothing ever came. */
  readonly epoch: number | null;
  /** All numberings that are remembered, the current one last. */
  readonly epochs: readonly number[];
  /** Seqs received in the current epoch, ascending. */
  readonly received: readonly Interval[];
  /** Seqs below the highest received that aren't here, in the current epoch, ascending. */
  readonly missing: readonly Missing[];
  /**
   * Seqs that the gateway had given out beforehand when it died, ascending: what it acknowledged under them is received,
   * and of the others nothing will come.
   */
  readonly unused: readonly Interval[];
  /** How many intervals `received`, `missing` and `unused` leave out, the oldest ones, where there are very many. */
  readonly omitted: number;
  /** Where the gateway's log went on from an older state of itself, the last time; null where it never did. */
  readonly fork: Fork | null;
}

export interface Missing {
  readonly from: number;
  readonly to: number;
  /** The edge's own reason where a gap record tells it, else "in transit or lost". */
  readonly reason: string;
}
