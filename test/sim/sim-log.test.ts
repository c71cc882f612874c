import { logContract } from "@gengfu/shared/log/contract";
import { jsonCodec } from "@gengfu/shared/log/json-codec";
import { describe, expect, it } from "vitest";
import { Machine, type Life } from "./machine.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimLog, type SimLogOptions } from "./sim-log.ts";
import { World } from "./world.ts";

interface Entry {
  readonly n: number;
}

const plan = { write_ms: [1, 5], stall: 0.01, tear: 0.5, refuse: 0 } as const;
const machinePlan = { strike: 0, wallAfterPowerCut: null, served_ms: null } as const;
const quiet: SimLogOptions<Entry> = {
  codec: jsonCodec(),
  watch: { durable: () => undefined, passed: () => undefined },
  slowRead: 0.1,
};

/** A world that goes on by itself for as long as someone waits for it. */
class RunningWorld extends World {
  #users = 0;
  #isRunning = false;

  enter(): void {
    this.#users += 1;
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#tick();
    void this.run(() => this.#users === 0).then(() => (this.#isRunning = false));
  }

  leave(): void {
    this.#users -= 1;
  }

  /** There is always something to come. */
  #tick(): void {
    this.after(1_000, () => {
      if (this.#isRunning) this.#tick();
    });
  }
}

function lifeOf(world: World): Life {
  let life: Life | undefined;
  const machine = new Machine(world, "tested", 0, { ...machinePlan, restart_ms: [1, 1] }, async (begun) => {
    life = begun;
  });
  machine.start();
  if (life === undefined) throw new Error("it did not start");
  return life;
}

const disks = new Map<string, { world: RunningWorld; disk: SimDisk }>();

/** Ends the run of the world with the log that it is for. */
class TestedLog extends SimLog<Entry> {
  readonly #world: RunningWorld;
  #isOpen = true;

  constructor(world: RunningWorld, disk: SimDisk) {
    super(world, disk, lifeOf(world), quiet);
    this.#world = world;
    world.enter();
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.#isOpen) this.#world.leave();
    this.#isOpen = false;
  }
}

logContract("simulated", {
  open(folder) {
    let place = disks.get(folder);
    if (place === undefined) {
      const world = new RunningWorld(disks.size);
      disks.set(folder, (place = { world, disk: new SimDisk(world, "disk", plan) }));
    }
    return new TestedLog(place.world, place.disk);
  },
  survivesReopening: true,
});

describe("a simulated log whose process dies", () => {
  it("keeps what it acknowledged, and of the rest a beginning", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const world = new World(seed);
      const disk = new SimDisk(world, "disk", plan);
      let died: Life | undefined;
      const machine = new Machine(world, "tested", 0, { ...machinePlan, restart_ms: [9, 9] }, async (life) => {
        died ??= life;
      });
      machine.start();
      if (died === undefined) throw new Error("it did not start");
      const log = new SimLog(world, disk, died, quiet);
      let acknowledged = 0;
      for (let n = 0; n < 5; n++) {
        world.after(n, () => {
          void log.append("events", [{ n: 2 * n }, { n: 2 * n + 1 }]).then((first) => (acknowledged = first + 1));
        });
      }
      world.after(world.random.between(0, 12), () => machine.crash("by the test", false));
      await world.run(() => machine.isUp && died?.isOver === true);
      const kept = new SimLog(world, disk, lifeOf(world), quiet).readTail(100).flatMap(({ entries }) => entries);
      expect(kept).toEqual(Array.from({ length: kept.length }, (_, n) => ({ n })));
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
      outcomes.add(kept.length > acknowledged ? "more than acknowledged" : "no more");
    }
    expect(outcomes.size).toBe(2);
  });

  it("goes back to cursors that were written", async () => {
    const world = new World(1);
    const disk = new SimDisk(world, "disk", plan);
    const life = lifeOf(world);
    const log = new SimLog(world, disk, life, quiet);
    let isDone = false;
    void (async () => {
      await log.append("events", [{ n: 1 }, { n: 2 }, { n: 3 }]);
      log.commit("reader", "events", 1);
      await life.delay(2_000);
      log.commit("reader", "events", 3);
      isDone = true;
    })();
    await world.run(() => isDone);
    life.machine.crash("by the test", true);
    expect(log.cursor("reader", "events")).toBe(3);
    expect(new SimLog(world, disk, lifeOf(world), quiet).cursor("reader", "events")).toBe(1);
  });
});
