import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Site } from "@gengfu/shared/model/site";
import type { Effect } from "@gengfu/shared/rules/effect";
import { RuleBook } from "@gengfu/shared/rules/rule-book";
import { RuleStates } from "@gengfu/shared/rules/states";
import { step, type Input } from "@gengfu/shared/rules/step";

/** Rules over readings of the past, in simulated time: no clock, nothing kept, nobody told. */
export class Playback {
  readonly effects: Effect[] = [];
  readonly #book: RuleBook;
  readonly #states = new RuleStates();
  readonly #gateways: readonly string[];
  readonly #tick_ms: number;
  readonly #heard = new Map<string, number>();
  /** Gateways that are not there. */
  readonly #away = new Set<string>();
  readonly #raised = new Set<string>();
  #now: number;

  /** Time begins at `now`; between readings it ticks at least each `tick_ms`, and at each moment that the rules ask for. */
  constructor(sites: readonly Site[], { now, tick_ms }: { now: number; tick_ms: number }) {
    this.#book = new RuleBook(sites);
    this.#gateways = sites.flatMap(({ gateways }) => gateways.map(({ id }) => id));
    this.#tick_ms = tick_ms;
    this.#now = now;
    this.#take([{ type: "resume", now }]);
    this.#tick();
  }

  get now(): number {
    return this.#now;
  }

  /** A gateway comes or goes. One that is there is heard at every tick, unless `setHeard` says when it was. */
  setConnected(gateway: string, isConnected: boolean): void {
    if (isConnected) this.#away.delete(gateway);
    else this.#away.add(gateway);
  }

  /** From now on the gateway was last heard then. */
  setHeard(gateway: string, at: number): void {
    this.#heard.set(gateway, at);
  }

  /** A reading that is handled now. */
  read(reading: StoredReading): void {
    this.#take([{ type: "reading", now: this.#now, reading }]);
  }

  /** Lets time pass. */
  passTo(end: number): void {
    while (this.#now < end) {
      const due = Math.max(this.#states.due ?? Infinity, this.#now + 1);
      const grid = (Math.floor(this.#now / this.#tick_ms) + 1) * this.#tick_ms;
      this.#now = Math.min(due, grid, end);
      this.#tick();
    }
  }

  #tick(): void {
    const now = this.#now;
    const reports = this.#gateways
      .filter((gateway) => !this.#away.has(gateway))
      .map((gateway): Input => {
        const heardAt = this.#heard.get(gateway) ?? now;
        return { type: "gateway", now, gateway, connected: true, heardAt, backlog: 0 };
      });
    this.#take([...reports, { type: "tick", now }]);
  }

  #take(inputs: readonly Input[]): void {
    const { changes, effects } = step(this.#book, this.#states, inputs);
    this.#states.apply(changes);
    for (const effect of effects) {
      if (effect.kind === "raise") this.#raised.add(effect.alert);
      // what was only pending, and did not last, nobody sees
      if (effect.kind !== "pending" && this.#raised.has(effect.alert)) this.effects.push(effect);
    }
  }
}
