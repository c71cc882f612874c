import type { Block } from "@gengfu/shared/log/log";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import { never, type Life } from "./machine.ts";
import type { StorePlan } from "./sim-influx.ts";
import type { World } from "./world.ts";

/** A consumer with a state of its own, which moves with its cursor in one transaction: nothing is counted twice. */
export class SimRules {
  readonly #world: World;
  readonly #plan: StorePlan;
  readonly #cursor: Record<Lane, number> = { events: 0, samples: 0 };
  readonly #seen = new Set<string>();
  /** When it last did not do as it should. */
  trouble_ms = -Infinity;

  constructor(world: World, plan: StorePlan) {
    this.#world = world;
    this.#plan = plan;
  }

  readonly cursor = (lane: Lane): number => this.#cursor[lane];

  has({ epoch, seq }: StoredReading): boolean {
    return this.#seen.has(`${epoch}/${seq}`);
  }

  handler(life: Life): (lane: Lane, blocks: readonly Block<StoredReading>[]) => Promise<void> {
    return async (lane, blocks) => {
      if (life.strikes("rules.handle")) return never();
      await life.delay(this.#world.random.between(...this.#plan.write_ms));
      if (this.#world.harms(this.#plan.fail)) {
        this.trouble_ms = this.#world.now_ms;
        throw new Error("the rules' file is locked");
      }
      for (const { first, entries } of blocks) {
        if (first <= this.#cursor[lane]) this.#world.violate("I3", `the rules were given ${lane} ${first} again`);
        for (const { epoch, seq } of entries) {
          const key = `${epoch}/${seq}`;
          if (this.#seen.has(key)) this.#world.violate("I3", `the rules counted ${key} twice`);
          this.#seen.add(key);
        }
        this.#cursor[lane] = first + entries.length - 1;
      }
      if (life.strikes("rules.handled")) return never();
    };
  }
}
