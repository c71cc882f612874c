import type { LogRun } from "@gengfu/shared/log/log";
import { Lineage, type IsTaken, type Place } from "./lineage.ts";

/** Numberings of a gateway of which the runs are remembered; the one longest unused goes first. */
const lineages_max = 32;

export interface LineagesOptions {
  /** Writes one down, and forgets another: on disk when it returns. */
  readonly write: (gateway: string, lineage: Lineage, dropped: Lineage | undefined) => void;
  /** Called where a log was found to have gone on from an older state of itself. */
  readonly forked: (gateway: string, lineage: Lineage) => void;
}

/** The lineages of all gateways. */
export class Lineages {
  readonly #options: LineagesOptions;
  /** Of each gateway by the epoch that it tells, the one used last at the end. */
  readonly #known = new Map<string, Map<number, Lineage>>();

  constructor(options: LineagesOptions) {
    this.#options = options;
  }

  /** Takes one back that was written down. */
  restore(gateway: string, lineage: Lineage): void {
    this.#of(gateway).set(lineage.epoch, lineage);
  }

  /** Where readings of a run are to be kept; what follows from it is written down by then. */
  place(
    gateway: string,
    epoch: number,
    run: LogRun,
    seqs: readonly number[],
    isTaken: IsTaken,
    now: number,
  ): readonly Place[] {
    const known = this.#of(gateway);
    const before = known.get(epoch) ?? new Lineage(epoch);
    const { places, lineage } = before.place(run, seqs, isTaken, now);
    if (lineage !== before) {
      const dropped = known.has(epoch) || known.size < lineages_max ? undefined : known.values().next().value;
      this.#options.write(gateway, lineage, dropped);
      if (dropped !== undefined) known.delete(dropped.epoch);
      if (lineage.fork !== before.fork) this.#options.forked(gateway, lineage);
    }
    known.delete(epoch);
    known.set(epoch, lineage);
    return places;
  }

  /** The one that the gateway tells of as an epoch, or that keeps readings under it. */
  of(gateway: string, epoch: number): Lineage | undefined {
    const known = this.#known.get(gateway);
    return known?.get(epoch) ?? known?.values().find((lineage) => lineage.keeps(epoch));
  }

  #of(gateway: string): Map<number, Lineage> {
    let known = this.#known.get(gateway);
    if (known === undefined) this.#known.set(gateway, (known = new Map()));
    return known;
  }
}
