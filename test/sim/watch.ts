import { IntervalSet } from "@gengfu/shared/intervals";
import type { SimCloud } from "./cloud.ts";
import type { CloudRecord, IsDone, Oracle } from "./oracle.ts";
import type { World } from "./world.ts";

/** A consumer of the cloud's log, as the watch sees it. */
export interface Watched {
  readonly name: string;
  readonly isDone: IsDone;
  /** When its store last did not do as it should, or will not; minus infinity for never. */
  readonly trouble_ms: () => number;
}

const interval_ms = 1_000;
/** How long a consumer whose store is well may take. */
const lag_max_ms = 15_000;
/** How long one may leave a store alone that was not well. */
const backoff_max_ms = 45_000;

/** Looks again and again whether what must always be so is so. */
export class Watch {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #gateway: string;
  readonly #cloud: SimCloud;
  readonly #watched: readonly Watched[];
  /** For each consumer: of the cloud's records, how many from the first on are done. */
  readonly #done = new Map<string, number>();
  #since_ms = 0;
  #life = 0;

  constructor(world: World, oracle: Oracle, gateway: string, cloud: SimCloud, watched: readonly Watched[]) {
    this.#world = world;
    this.#oracle = oracle;
    this.#gateway = gateway;
    this.#cloud = cloud;
    this.#watched = watched;
  }

  start(): void {
    this.#world.after(interval_ms, () => {
      this.check();
      this.start();
    });
  }

  check(): void {
    const running = this.#cloud.running;
    if (running === null) return;
    if (running.life.number !== this.#life) {
      this.#life = running.life.number;
      this.#since_ms = this.#world.now_ms;
    }
    this.#checkLedger();
    for (const watched of this.#watched) this.#checkLag(watched);
  }

  /** I2: the cloud knows what it has. */
  #checkLedger(): void {
    const ledger = this.#cloud.running?.ledger;
    const newest = this.#oracle.cloud.at(-1);
    if (ledger === undefined || newest === undefined) return;
    const { epoch } = ledger.view(this.#gateway);
    if (epoch !== newest.reading.epoch) {
      this.#world.violate("I2", `the ledger takes ${epoch} for the current numbering, not ${newest.reading.epoch}`);
    }
    for (const [epoch, records] of this.#oracle.edge) {
      const here: [number, number][] = [];
      const known = ledger.view(this.#gateway, epoch).received;
      const isKnown = new IntervalSet(known);
      records.forEach((record, index) => {
        const last = here.at(-1);
        // what the cloud has under another seq counts as received once it was sent
        const isSettled = isKnown.has(index + 1) && this.#oracle.isRepeat(record);
        if (record.position === null && !isSettled) return;
        if (last?.[1] === index) last[1] = index + 1;
        else here.push([index + 1, index + 1]);
      });
      const [truth, view] = [JSON.stringify(here), JSON.stringify(known)];
      if (truth !== view) this.#world.violate("I2", `of ${epoch} the cloud has ${truth}; the ledger says ${view}`);
    }
  }

  /** I5: whose store is well keeps up, whatever others' stores do. */
  #checkLag({ name, isDone, trouble_ms }: Watched): void {
    const { cloud } = this.#oracle;
    let done = this.#done.get(name) ?? 0;
    while (done < cloud.length && isDone(cloud[done] as CloudRecord)) done += 1;
    this.#done.set(name, done);
    const oldest = cloud[done];
    if (oldest === undefined) return;
    const since_ms = Math.max(oldest.durable_ms, this.#since_ms, trouble_ms() + backoff_max_ms);
    const lag_ms = this.#world.now_ms - since_ms;
    if (lag_ms <= lag_max_ms) return;
    this.#world.violate("I5", `${name} has not taken ${oldest.position} for ${Math.round(lag_ms)} ms`);
  }
}
