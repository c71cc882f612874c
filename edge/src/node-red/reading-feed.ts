import type { Reading } from "@gengfu/shared/model/reading";
import type { NodeRedReading } from "./protocol.ts";

interface Wanted {
  readonly device: string;
  readonly kind: string;
}

/** Messages that may be on their way to Node-RED; beyond that it is too slow, and readings are dropped and counted. */
const underWay_max = 1_000;

/** What of the gateway's readings the flows are told. */
export class ReadingFeed {
  #wanted: readonly Wanted[] = [];
  #underWay = 0;
  /** Which process this counts for: what an earlier one had on its way is gone with it. */
  #generation = 0;
  #dropped = 0;

  /** Readings that the flows missed since they were too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  want(wanted: readonly Wanted[]): void {
    this.#wanted = wanted;
  }

  /** For a process that begins anew. */
  reset(): void {
    this.#wanted = [];
    this.#underWay = 0;
    this.#generation += 1;
  }

  /** Hands on what is wanted. `send` calls back once the other process has taken it from the channel. */
  offer(entries: readonly Reading[], send: (reading: NodeRedReading, taken: () => void) => void): void {
    if (this.#wanted.length === 0) return;
    const generation = this.#generation;
    const taken = (): void => {
      if (generation === this.#generation) this.#underWay -= 1;
    };
    for (const { device, kind, channel, at, value, detail } of entries) {
      if (
        !this.#wanted.some(
          (one) => (one.device === "" || one.device === device) && (one.kind === "" || one.kind === kind),
        )
      ) {
        continue;
      }
      if (this.#underWay >= underWay_max) {
        this.#dropped += 1;
        continue;
      }
      this.#underWay += 1;
      send({ device, kind, channel, at, value, detail }, taken);
    }
  }
}
