import { Random } from "./random.ts";

/** What must never be, and was. */
export interface Violation {
  /** I1 to I6 of the architecture, or `liveness`, or `process` for what a process threw. */
  readonly invariant: string;
  readonly message: string;
  readonly at_ms: number;
}

interface Event {
  readonly at_ms: number;
  readonly order: number;
  run: (() => void) | null;
}

const traceLines_max = 60;
const ticks_in_ms = 1_024;
/** More than this at one moment, and something runs in a circle. */
const eventsAtOnce_max = 100_000;

/**
 * Simulated time and all that is to happen in it. Between two events everything that follows from the first settles:
 * the code under test waits for nothing but microtasks and what the world lets happen.
 */
export class World {
  readonly random: Random;
  readonly counts: Record<string, number> = {};
  readonly #verbose: boolean;
  readonly #queue: Event[] = [];
  readonly #trace: string[] = [];
  #traceAt = 0;
  #hash = 0;
  #now_ms = 0;
  #order = 0;
  #atOnce = 0;
  #violation: Violation | undefined;
  /** Once set, chance does no more harm: what is broken mends, and all must drain. */
  isCalm = false;

  constructor(seed: number, verbose = false) {
    this.random = new Random(seed);
    this.#verbose = verbose;
  }

  /** Milliseconds since the simulation began. */
  get now_ms(): number {
    return this.#now_ms;
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** Of all that was ever traced: the same for the same seed. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  /** Whether something bad happens here. */
  harms(probability: number): boolean {
    return !this.isCalm && this.random.chance(probability);
  }

  after(delay_ms: number, run: () => void): () => void {
    // times are whole parts of a power of two, so that they add up without rounding, and no wait is ever too short
    const at_ms = Math.ceil((this.#now_ms + Math.max(0, delay_ms)) * ticks_in_ms) / ticks_in_ms;
    const event: Event = { at_ms, order: this.#order++, run };
    this.#push(event);
    return () => {
      event.run = null;
    };
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  trace(who: string, what: string): void {
    const line = `${(this.#now_ms / 1_000).toFixed(3).padStart(9)} ${who.padEnd(10)} ${what}`;
    this.#trace[this.#traceAt++ % traceLines_max] = line;
    for (let index = 0; index < line.length; index++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(index), 0x01000193);
    }
    if (this.#verbose) console.log(line);
  }

  /** The newest lines, oldest first. */
  traced(): string[] {
    const split = this.#traceAt % traceLines_max;
    return [...this.#trace.slice(split), ...this.#trace.slice(0, split)];
  }

  /** Notes the first violation and ends the run; it doesn't throw, since the code under test might catch it. */
  violate(invariant: string, message: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { invariant, message, at_ms: this.#now_ms };
    this.trace("VIOLATION", `${invariant}: ${message}`);
  }

  /** Lets happen what is due, one after the other, until it is done, or something is violated. */
  async run(isDone: () => boolean): Promise<void> {
    while (this.#violation === undefined && !isDone()) {
      const event = this.#pop();
      if (event === undefined) return this.violate("liveness", "nothing will ever happen again");
      if (event.run === null) continue;
      this.#atOnce = event.at_ms === this.#now_ms ? this.#atOnce + 1 : 0;
      if (this.#atOnce > eventsAtOnce_max) this.violate("liveness", "something runs in a circle and time stands still");
      this.#now_ms = event.at_ms;
      event.run();
      await settled();
    }
  }

  #push(event: Event): void {
    const queue = this.#queue;
    let index = queue.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(event, queue[parent] as Event)) break;
      queue[index] = queue[parent] as Event;
      index = parent;
    }
    queue[index] = event;
  }

  #pop(): Event | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (first === undefined || last === undefined || queue.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isEarlier(queue[child + 1] as Event, queue[child] as Event)) child += 1;
      if (!isEarlier(queue[child] as Event, last)) break;
      queue[index] = queue[child] as Event;
      index = child;
    }
    queue[index] = last;
    return first;
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order);
}

/** All microtasks that follow from what just happened have run by the next turn of the real event loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
