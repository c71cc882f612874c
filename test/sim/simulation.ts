import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "@gengfu/shared/errors";
import { edgeEntryCodec } from "@gengfu/edge/entry";
import { uplinkConsumer } from "@gengfu/edge/uplink/uplink-session";
import { consumers, SimCloud } from "./cloud.ts";
import { Device } from "./device.ts";
import { SimEdge, tail_entries, type EdgeDisk } from "./edge.ts";
import { checkAll } from "./final-check.ts";
import { Machine } from "./machine.ts";
import { Oracle } from "./oracle.ts";
import { drawScenario, outages, type Outage, type Scenario } from "./scenario.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimEmbedded } from "./sim-embedded.ts";
import { isUnsure, SimInflux } from "./sim-influx.ts";
import { SimLog } from "./sim-log.ts";
import { SimNetwork } from "./sim-network.ts";
import { SimRules } from "./sim-rules.ts";
import { SqliteEdgeDisk } from "./sqlite-edge-disk.ts";
import { Watch, type Watched } from "./watch.ts";
import { World, type Violation } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** The newest of what happened, oldest first. */
  readonly trace: readonly string[];
  /** Of all that happened: the same for the same seed. */
  readonly hash: number;
  /** How often things happened. */
  readonly counts: Readonly<Record<string, number>>;
  readonly simulated_ms: number;
}

const gateway = "main-building";
const start_ms = Date.UTC(2026, 2, 1);
/** Once nothing fails any more, something must move within this time until all is where it belongs. */
const standstill_max_ms = 5 * 60_000;

/** A part that does not keep its promise, to prove that the simulation sees it. */
export type Sabotage = "edge's disk" | "cloud's disk" | "cloud's keys" | "influx";

export interface SimulateOptions {
  /** Whether to print all that happens. */
  readonly verbose?: boolean;
  readonly sabotage?: Sabotage;
}

/** Runs one seed to its end, or to the first violation. */
export async function simulate(seed: number, { verbose = false, sabotage }: SimulateOptions = {}): Promise<Outcome> {
  // in memory where there is such a place: it outlives simulated crashes either way
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(base, "gengfu-sim-"));
  const world = new World(seed, verbose);
  const notice = (error: unknown): void => world.violate("process", `a promise failed unheard: ${messageOf(error)}`);
  process.on("unhandledRejection", notice);
  try {
    await new Simulation(world, folder, sabotage).run();
  } finally {
    process.off("unhandledRejection", notice);
    rmSync(folder, { recursive: true });
  }
  const { violation, hash, counts, now_ms } = world;
  return { seed, violation, trace: world.traced(), hash, counts, simulated_ms: now_ms };
}

/** A run for who has to find out what went wrong: what was violated, and what led there. */
export function show({ seed, violation, trace }: Outcome): string {
  if (violation === undefined) return `seed ${seed}: all is well`;
  const { invariant, message, at_ms } = violation;
  return [...trace, `seed ${seed}: ${invariant} violated after ${Math.round(at_ms)} ms: ${message}`].join("\n");
}

class Simulation {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #oracle: Oracle;
  readonly #networks: Readonly<Record<"devices" | "uplink", SimNetwork>>;
  readonly #disks: Readonly<Record<"edge" | "cloud", SimDisk>>;
  readonly #edgeDisk: EdgeDisk & { wipe(): void };
  readonly #influx: SimInflux;
  readonly #embedded: SimEmbedded;
  readonly #cloud: SimCloud;
  readonly #edge: SimEdge;
  readonly #machines: Readonly<Record<"edge" | "cloud", Machine>>;
  readonly #devices: readonly Device[];
  readonly #watched: readonly Watched[];
  readonly #watch: Watch;
  /** Positions of what InfluxDB was left behind by. */
  readonly #skipped = new Set<number>();

  constructor(world: World, folder: string, sabotage: Sabotage | undefined) {
    const scenario = drawScenario(world.random);
    const oracle = new Oracle(world, gateway);
    const { disks, links, stores, machines } = scenario;
    this.#world = world;
    this.#scenario = scenario;
    this.#oracle = oracle;
    this.#networks = {
      devices: new SimNetwork(world, "devices", links.devices),
      uplink: new SimNetwork(world, "uplink", links.uplink),
    };
    this.#disks = {
      edge: new SimDisk(world, "edge-disk", disks.edge),
      cloud: new SimDisk(world, "cloud-disk", disks.cloud),
    };
    this.#influx = new SimInflux(world, stores.influx);
    this.#disks.edge.lies = sabotage === "edge's disk";
    this.#disks.cloud.lies = sabotage === "cloud's disk";
    this.#influx.forgets = sabotage === "influx";
    this.#embedded = new SimEmbedded(world, stores.embedded, true);
    const rules = new SimRules(world, stores.rules);
    const knowsNoKeys = sabotage === "cloud's keys";
    const options = { world, oracle, influx: this.#influx, embedded: this.#embedded, rules, folder, knowsNoKeys };
    this.#cloud = new SimCloud({ ...options, plan: scenario.cloud, disk: this.#disks.cloud });
    this.#edgeDisk = this.#createEdgeDisk(folder);
    this.#edge = new SimEdge({
      world,
      oracle,
      gateway,
      plan: scenario.edge,
      disk: this.#edgeDisk,
      network: this.#networks.uplink,
      cloud: this.#cloud.accept,
      isServed: machines.edge.served_ms !== null,
    });
    this.#machines = {
      edge: new Machine(world, "edge", start_ms, machines.edge, this.#edge.boot),
      cloud: new Machine(world, "cloud", start_ms, machines.cloud, this.#cloud.boot),
    };
    this.#devices = scenario.devices.map(
      (plan) => new Device(world, plan, oracle, this.#networks.devices, this.#edge.accept),
    );
    this.#watched = [
      {
        name: consumers.influx,
        isDone: ({ reading, position }) => {
          if (this.#influx.has(reading) || this.#skipped.has(position)) return true;
          if (this.#cloud.isLeavingBehind) {
            this.#skipped.add(position);
            world.count("readings that InfluxDB was left behind by");
          }
          return this.#cloud.isLeavingBehind || isUnsure(reading);
        },
        trouble_ms: () => (this.#influx.outage === null ? this.#influx.trouble_ms : world.now_ms),
      },
      {
        name: consumers.embedded,
        isDone: ({ reading }) => this.#embedded.has(reading),
        trouble_ms: () => (this.#embedded.outage ? world.now_ms : this.#embedded.trouble_ms),
      },
      { name: consumers.rules, isDone: ({ reading }) => rules.has(reading), trouble_ms: () => rules.trouble_ms },
    ];
    for (const { name, isDone } of this.#watched) oracle.consumers.set(name, isDone);
    this.#watch = new Watch(world, oracle, gateway, this.#cloud, this.#watched);
  }

  async run(): Promise<void> {
    const world = this.#world;
    this.#schedule();
    for (const name of ["cloud", "edge"] as const) this.#machines[name].start();
    for (const device of this.#devices) device.start();
    this.#watch.start();
    await world.run(() => world.now_ms >= this.#scenario.duration_ms);
    this.#calmDown();
    await this.#drain();
    const probe = this.#devices[0]?.publish();
    world.trace("probe", `publication ${probe?.id}`);
    do await this.#drain();
    while (this.#edge.backlog !== 0 && world.violation === undefined);
    if (world.violation === undefined) this.#checkAll();
    world.count("publications", this.#oracle.publications.length);
    world.count("publications acknowledged", this.#oracle.publications.filter((each) => each.isAcknowledged).length);
    world.count("readings in the cloud", this.#oracle.cloud.length);
  }

  #createEdgeDisk(folder: string): EdgeDisk & { wipe(): void } {
    const world = this.#world;
    const oracle = this.#oracle;
    const { edgeLog_max, waits } = this.#scenario;
    if (edgeLog_max !== null || waits !== null) {
      const entries_max = edgeLog_max ?? Number.MAX_SAFE_INTEGER;
      return new SqliteEdgeDisk({ world, oracle, gateway, folder, entries_max, waits });
    }
    const disk = this.#disks.edge;
    return {
      wipe: () => disk.wipe(),
      open: (life) =>
        new SimLog(world, disk, life, {
          codec: edgeEntryCodec,
          watch: oracle.edgeWatch,
          consumers: [uplinkConsumer],
          tail_entries,
          slowRead: this.#scenario.cloud.slowRead,
        }),
    };
  }

  #schedule(): void {
    const { outages: spans, restarts, powerCuts, diskLosses, clockSets } = this.#scenario;
    const world = this.#world;
    const at = (at_ms: number, run: () => void): void => void world.after(at_ms, () => world.isCalm || run());
    for (const outage of outages) {
      for (const { from_ms, to_ms } of spans[outage]) {
        at(from_ms, () => this.#set(outage, true));
        at(to_ms, () => this.#set(outage, false));
      }
    }
    for (const name of ["edge", "cloud"] as const) {
      for (const at_ms of restarts[name]) at(at_ms, () => this.#machines[name].restart());
      for (const at_ms of powerCuts[name]) at(at_ms, () => this.#machines[name].crash("by the plan", true));
    }
    for (const at_ms of diskLosses) {
      at(at_ms, () => {
        this.#machines.edge.crash("with its disk", true);
        this.#edgeDisk.wipe();
        this.#oracle.edgeLost();
        world.count("edge disks lost");
      });
    }
    for (const { at_ms, machine, by_ms } of clockSets) {
      at(at_ms, () => {
        this.#machines[machine].wall_ms += by_ms;
        world.trace(machine, `wall clock set by ${by_ms} ms`);
      });
    }
  }

  #set(outage: Outage, isOut: boolean): void {
    this.#world.trace("outage", `${outage}: ${isOut ? "begins" : "ends"}`);
    if (isOut) this.#world.count(`outages: ${outage}`);
    switch (outage) {
      case "devices' network":
        this.#networks.devices.isDown = isOut;
        return;
      case "uplink's network":
        this.#networks.uplink.isDown = isOut;
        return;
      case "edge's disk full":
        this.#disks.edge.isFull = isOut;
        return;
      case "cloud's disk full":
        this.#disks.cloud.isFull = isOut;
        return;
      case "influx down":
        this.#influx.outage = isOut ? "down" : null;
        return;
      case "influx hanging":
        this.#influx.outage = isOut ? "hanging" : null;
        return;
      case "embedded down":
        this.#embedded.outage = isOut;
    }
  }

  #calmDown(): void {
    this.#world.trace("calm", "nothing fails any more");
    this.#world.isCalm = true;
    for (const outage of outages) this.#set(outage, false);
  }

  /** Lets time pass until all that was published is where it belongs. */
  async #drain(): Promise<void> {
    const world = this.#world;
    let isDone = false;
    let before = "";
    let moved_ms = world.now_ms;
    const look = (): void => {
      const busy = this.#devices.filter(({ isIdle }) => !isIdle).length;
      const edge = this.#edge.backlog ?? "down";
      const cloud = this.#cloud.backlog ?? "down";
      isDone = busy === 0 && edge === 0 && typeof cloud === "object" && Object.keys(cloud).length === 0;
      const left = JSON.stringify({ busy, edge, cloud });
      const now = `${left} ${this.#oracle.acknowledgements} ${this.#oracle.cloud.length}`;
      if (now !== before) moved_ms = world.now_ms;
      before = now;
      if (world.now_ms - moved_ms > standstill_max_ms) world.violate("liveness", `nothing moves any more: ${left}`);
      if (!isDone) world.after(500, look);
    };
    world.after(500, look);
    await world.run(() => isDone);
  }

  #checkAll(): void {
    const running = this.#cloud.running;
    const epoch = this.#edge.epoch;
    if (running === null || epoch === undefined) return this.#world.violate("liveness", "a process is down in the end");
    this.#watch.check();
    checkAll({
      world: this.#world,
      oracle: this.#oracle,
      gateway,
      ledger: running.ledger,
      influx: this.#influx,
      embedded: this.#embedded,
      watched: this.#watched,
      isSkipped: ({ position }) => this.#skipped.has(position),
      parked: running.parked.parked,
      epoch,
    });
  }
}
