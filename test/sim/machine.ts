import { messageOf } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";
import type { World } from "./world.ts";

/** A promise of a dead process: nothing comes of it. */
export function never<Value>(): Promise<Value> {
  return new Promise(() => {});
}

/** Calls of its ports that a process makes at one moment, at most. */
const calls_max = 50_000;

/** One life of a process. Its ports do nothing any more, and call nobody back, once it is over. */
export class Life {
  readonly machine: Machine;
  readonly number: number;
  readonly clock: Clock;
  /** Of the machine: which of its runs this is in, and when that began. */
  readonly boot: number;
  readonly #bootedAt_ms: number;
  readonly #world: World;
  readonly #ends: ((isPowerCut: boolean) => void)[] = [];
  #isOver = false;
  #calls = 0;
  #called_ms = 0;

  constructor(world: World, machine: Machine, number: number) {
    this.#world = world;
    this.machine = machine;
    this.number = number;
    this.boot = machine.boot;
    this.#bootedAt_ms = machine.bootedAt_ms;
    const born_ms = world.now_ms;
    this.clock = {
      now: () => Math.floor(world.now_ms + machine.wall_ms),
      monotonic: () => world.now_ms - born_ms,
      after: (delay_ms, callback) => world.after(delay_ms, () => this.#isOver || callback()),
    };
  }

  /** Milliseconds since the machine's power came on. */
  uptime_ms(): number {
    return this.#world.now_ms - this.#bootedAt_ms;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Called by a port before and after its effect: whether the process is dead, perhaps since just now. */
  strikes(where: string): boolean {
    if (this.#world.now_ms > this.#called_ms) this.#calls = 0;
    this.#called_ms = this.#world.now_ms;
    if (!this.#isOver && ++this.#calls > calls_max) {
      this.#world.violate("liveness", `${this.machine.name} runs in a circle at ${where}`);
      this.machine.crash("of dizziness", false);
    }
    if (!this.#isOver && this.#world.harms(this.machine.strike)) {
      this.machine.crash(`at ${where}`, this.#world.random.chance(0.3));
    }
    return this.#isOver;
  }

  /** Resolves after a time, if the process still lives then. */
  delay(delay_ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(delay_ms, resolve));
  }

  /** What the process does when it is asked to stop. */
  stop: (() => Promise<void>) | null = null;

  onEnd(callback: (isPowerCut: boolean) => void): void {
    this.#ends.push(callback);
  }

  end(isPowerCut: boolean): void {
    this.#isOver = true;
    for (const callback of this.#ends.splice(0)) callback(isPowerCut);
  }
}

export interface MachinePlan {
  /** Where it has no battery, its wall clock begins anew here after a power cut, epoch milliseconds; else null. */
  readonly wallAfterPowerCut: number | null;
  /** Milliseconds from power-on until a time service sets the wall clock right; null where there is none. */
  readonly served_ms: readonly [number, number] | null;
  /** Probability of dying at a call of a port. */
  readonly strike: number;
  /** Milliseconds from death to the next life, at least and at most. */
  readonly restart_ms: readonly [number, number];
}

/** Begins the work of a life, from what is durable. */
export type Boot = (life: Life) => Promise<void>;

/** How long a process may take to stop. */
const patience_ms = 4_500;

/** What a process runs on: it dies, and comes back. */
export class Machine {
  readonly name: string;
  readonly strike: number;
  /** Added to simulated time it is the machine's wall clock. */
  wall_ms: number;
  readonly #world: World;
  readonly #boot: Boot;
  readonly #plan: MachinePlan;
  readonly #truth_ms: number;
  #life: Life | undefined;
  #lives = 0;
  /** Counts its runs, each from power-on to power-off. */
  boot = 1;
  bootedAt_ms = 0;
  /** When a time service last set its wall clock right, as a number that grows; null for never. */
  servedAt: number | null = null;

  /** `truth_ms`: added to simulated time it is the true time. */
  constructor(world: World, name: string, truth_ms: number, plan: MachinePlan, boot: Boot) {
    this.#world = world;
    this.name = name;
    this.wall_ms = truth_ms;
    this.strike = plan.strike;
    this.#plan = plan;
    this.#truth_ms = truth_ms;
    this.#boot = boot;
    this.#awaitService();
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  start(): void {
    const life = new Life(this.#world, this, ++this.#lives);
    this.#life = life;
    this.#world.trace(this.name, `starts, life ${life.number}`);
    this.guard(life, this.#boot(life));
  }

  /** Work of a life that must not fail while the life lasts. */
  guard(life: Life, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (life.isOver) return;
      const stack = error instanceof Error ? error.stack : undefined;
      this.#world.violate("process", `${this.name} failed: ${stack ?? messageOf(error)}`);
    });
  }

  /** Ends the life at once, and begins another later. */
  crash(why: string, isPowerCut: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#world.count(`${this.name} ${isPowerCut ? "power cuts" : "crashes"}`);
    this.#world.trace(this.name, `${isPowerCut ? "loses power" : "dies"} ${why}`);
    this.#end(life, isPowerCut);
  }

  /** Asks the process to stop, and starts it again; one that takes too long is killed. */
  restart(): void {
    const life = this.#life;
    if (life === undefined || life.stop === null) return;
    this.#world.count(`${this.name} restarts in good order`);
    this.#world.trace(this.name, "is asked to stop");
    const stopped = life.stop();
    life.stop = null;
    this.guard(
      life,
      stopped.then(() => {
        if (life.isOver) return;
        this.#world.trace(this.name, "stopped");
        this.#end(life, false);
      }),
    );
    life.clock.after(patience_ms, () => this.crash("since it did not stop", false));
  }

  #end(life: Life, isPowerCut: boolean): void {
    this.#life = undefined;
    life.end(isPowerCut);
    this.#world.after(this.#world.random.between(...this.#plan.restart_ms), () => {
      if (isPowerCut) this.#powerOn();
      this.start();
    });
  }

  #powerOn(): void {
    this.boot += 1;
    this.bootedAt_ms = this.#world.now_ms;
    const { wallAfterPowerCut } = this.#plan;
    if (wallAfterPowerCut !== null) {
      this.wall_ms = wallAfterPowerCut - this.#world.now_ms;
      this.servedAt = null;
      this.#world.trace(this.name, "has forgotten the time");
    }
    this.#awaitService();
  }

  #awaitService(): void {
    const { boot } = this;
    const { served_ms } = this.#plan;
    if (served_ms === null) return;
    this.#world.after(this.#world.random.between(...served_ms), () => {
      if (this.boot !== boot) return;
      this.wall_ms = this.#truth_ms;
      this.servedAt = this.#world.now_ms;
      this.#world.trace(this.name, "is told the time");
    });
  }
}
