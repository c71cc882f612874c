import type { Store } from "@gengfu/cloud/stores/store";
import { GengfuError } from "@gengfu/shared/errors";
import { lanes, type Lane, type StoredReading } from "@gengfu/shared/model/reading";
import { never, type Life } from "./machine.ts";
import { isSame } from "./oracle.ts";
import type { StorePlan } from "./sim-influx.ts";
import type { World } from "./world.ts";

interface Written {
  readonly keys: readonly string[];
  readonly before: ReadonlyMap<Lane, Progress | undefined>;
}

interface Progress {
  readonly epoch: number;
  readonly position: number;
}

/** Part of the writes after which all so far is synced. */
const synced = 0.05;

/**
 * A store on the cloud's own disk: readings and progress move together, or not at all. What was written is safe from a
 * crash at once; from a power cut only where it syncs each write.
 */
export class SimEmbedded {
  readonly readings = new Map<string, StoredReading>();
  readonly #world: World;
  readonly #plan: StorePlan;
  readonly #syncs: boolean;
  readonly #progress = new Map<Lane, Progress>();
  #unsynced: Written[] = [];
  outage = false;
  /** When it last did not do as it should. */
  trouble_ms = -Infinity;

  constructor(world: World, plan: StorePlan, syncs: boolean) {
    this.#world = world;
    this.#plan = plan;
    this.#syncs = syncs;
  }

  /** The store as a process of the cloud sees it. */
  client(life: Life): Pick<Store, "write" | "progress"> {
    life.onEnd((isPowerCut) => isPowerCut && this.#losePower());
    return {
      progress: (epoch, lane) => {
        const known = this.#progress.get(lane);
        return known?.epoch === epoch ? known.position : 0;
      },
      write: async (readings, progress) => {
        if (life.strikes("embedded.write")) return never();
        await life.delay(this.#world.random.between(...this.#plan.write_ms));
        if (this.outage || this.#world.harms(this.#plan.fail)) {
          this.trouble_ms = this.#world.now_ms;
          throw new GengfuError("store_unavailable", "the embedded store can't be written: full", { retryable: true });
        }
        const before = new Map(lanes.map((lane) => [lane, this.#progress.get(lane)]));
        const keys = readings.filter((reading) => this.#insert(reading)).map(keyOf);
        if (progress !== undefined) this.#progress.set(progress.lane, progress);
        this.#unsynced.push({ keys, before });
        if (this.#syncs || this.#world.random.chance(synced)) this.#unsynced = [];
        return life.strikes("embedded.written") ? never() : { rejected: [] };
      },
    };
  }

  has(reading: StoredReading): boolean {
    const stored = this.readings.get(keyOf(reading));
    return stored !== undefined && isSame(stored, reading);
  }

  #insert(reading: StoredReading): boolean {
    const key = keyOf(reading);
    const before = this.readings.get(key);
    if (before === undefined) this.readings.set(key, reading);
    else if (!isSame(before, reading)) this.#world.violate("I3", `the embedded store was given another ${key}`);
    return before === undefined;
  }

  #losePower(): void {
    const kept = this.#world.random.int(0, this.#unsynced.length);
    for (const { keys, before } of this.#unsynced.splice(kept).toReversed()) {
      for (const key of keys) this.readings.delete(key);
      for (const [lane, progress] of before) {
        if (progress === undefined) this.#progress.delete(lane);
        else this.#progress.set(lane, progress);
      }
    }
  }
}

function keyOf({ gateway, epoch, seq }: StoredReading): string {
  return `${gateway}/${epoch}/${seq}`;
}
