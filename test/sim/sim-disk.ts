import { lanes, type Lane } from "@gengfu/shared/model/reading";
import type { World } from "./world.ts";

/** A block as it lies on a disk. */
export interface DiskBlock {
  readonly lane: Lane;
  /** Position of its first entry. */
  readonly first: number;
  readonly count: number;
  readonly body: Uint8Array;
}

export interface DiskPlan {
  /** Milliseconds that a write takes, at least and at most. */
  readonly write_ms: readonly [number, number];
  /** Probability that a write takes seconds. */
  readonly stall: number;
  /** Probability that a crash in the middle of a write leaves a part of it, rather than all of it or nothing. */
  readonly tear: number;
  /** Probability that it refuses an append, as a log beyond a network may. */
  readonly refuse: number;
}

/** What of a log outlives its process. */
export class SimDisk {
  readonly name: string;
  readonly plan: DiskPlan;
  readonly #world: World;
  readonly blocks: Record<Lane, DiskBlock[]> = { events: [], samples: [] };
  readonly cursors = new Map<string, Readonly<Record<Lane, number>>>();
  epoch = 0;
  last = 0;
  bytes = 0;
  /** While set, nothing can be written. */
  isFull = false;
  /** Set to prove that it is found out: what it is given it calls written at once. */
  lies = false;

  constructor(world: World, name: string, plan: DiskPlan) {
    this.#world = world;
    this.name = name;
    this.plan = plan;
    this.wipe();
  }

  /** All is lost; what takes its place counts anew. */
  wipe(): void {
    this.epoch = this.#world.random.int(1, 2 ** 30);
    this.last = 0;
    this.bytes = 0;
    this.cursors.clear();
    for (const lane of lanes) this.blocks[lane].length = 0;
  }

  get entries(): number {
    return lanes.reduce((sum, lane) => sum + this.blocks[lane].reduce((count, block) => count + block.count, 0), 0);
  }

  latency_ms(): number {
    if (this.#world.harms(this.plan.stall)) return this.#world.random.between(500, 5_000);
    return this.#world.random.between(...this.plan.write_ms);
  }

  write(block: DiskBlock): void {
    this.blocks[block.lane].push(block);
    this.last = block.first + block.count - 1;
    this.bytes += block.body.length;
  }

  /** Removes blocks that end at or before a position of their lane; the newest block of all stays. */
  trim(upTo: Readonly<Record<Lane, number>>): void {
    for (const lane of lanes) {
      const blocks = this.blocks[lane];
      const kept = blocks.findIndex(({ first, count }) => first + count - 1 > Math.min(upTo[lane], this.last - 1));
      for (const { body } of blocks.splice(0, kept < 0 ? blocks.length : kept)) this.bytes -= body.length;
    }
  }
}
