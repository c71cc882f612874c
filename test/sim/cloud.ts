import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { BatchIntake } from "@gengfu/cloud/ingress/batch-intake";
import { cloudBlockCodec } from "@gengfu/cloud/ingress/cloud-block-codec";
import { LagLimit } from "@gengfu/cloud/lag-limit";
import { Ledger, ledgerConsumer } from "@gengfu/cloud/ledger/ledger";
import { ParkedReadings } from "@gengfu/cloud/stores/influx/parked-readings";
import { createWriter } from "@gengfu/cloud/writer/writer";
import { decodeBatch } from "@gengfu/shared/codec/batch";
import { messageOf } from "@gengfu/shared/errors";
import { runConsumer } from "@gengfu/shared/log/consumer";
import { silentLogger } from "@gengfu/shared/logging";
import type { Lane, StoredReading } from "@gengfu/shared/model/reading";
import { pause } from "@gengfu/shared/time/clock";
import { gatewayStatus, parseUplinkTopic, uplinkTopics, type CloudTime } from "@gengfu/shared/uplink-protocol";
import type { Life } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { SimEmbedded } from "./sim-embedded.ts";
import type { SimInflux } from "./sim-influx.ts";
import type { CloudDoor, UplinkWire } from "./sim-link.ts";
import { SimLog } from "./sim-log.ts";
import type { SimRules } from "./sim-rules.ts";
import type { World } from "./world.ts";

export interface CloudPlan {
  readonly pending_max: number;
  /** Bound of the cloud's log, bytes; with one, InfluxDB may fall behind for good. */
  readonly log_bytes_max: number | null;
  readonly slowRead: number;
  /** How long readings whose time nobody knows wait on their way to InfluxDB. */
  readonly unsure_for_ms: number;
  /** Whether it answers heartbeats with its time. */
  readonly tellsTime: boolean;
}

export interface CloudOptions {
  readonly world: World;
  readonly oracle: Oracle;
  readonly plan: CloudPlan;
  readonly disk: SimDisk;
  /** Where the ledger's file is. */
  readonly folder: string;
  readonly influx: SimInflux;
  readonly embedded: SimEmbedded;
  readonly rules: SimRules;
  /** Set to prove that it is found out: repeats of what the edge forgot are taken for new. */
  readonly knowsNoKeys: boolean;
}

interface Running {
  readonly life: Life;
  readonly log: SimLog<StoredReading>;
  readonly ledger: Ledger;
  readonly intake: BatchIntake;
  readonly parked: ParkedReadings;
}

/** The cursors in the cloud's log of what brings readings on. */
export const consumers = { influx: "influx", embedded: "store", rules: "rules" } as const;
const allConsumers = [ledgerConsumer, ...Object.values(consumers)];
/** The cloud's process: the real ledger, intake, writers and consumers over a simulated log and simulated stores. */
export class SimCloud {
  readonly #options: CloudOptions;
  #running: Running | null = null;
  #isOpen = false;
  /** Readings of the largest batch so far. */
  #largest = 0;
  /** Set while the log lets go of what InfluxDB does not have. */
  isLeavingBehind = false;

  constructor(options: CloudOptions) {
    this.#options = options;
  }

  get running(): Running | null {
    return this.#running;
  }

  /** What its consumers still have before them, each by its name; undefined while the process is down. */
  get backlog(): Record<string, number> | undefined {
    const log = this.#running?.log;
    if (log === undefined) return undefined;
    const counts = allConsumers.map((consumer) => {
      const { events, samples } = log.backlog(consumer);
      return [consumer, events + samples] as const;
    });
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  readonly boot = async (life: Life): Promise<void> => {
    const { world, oracle, plan, disk, influx, embedded, rules } = this.#options;
    const { clock } = life;
    const logger = silentLogger;
    const log = new SimLog<StoredReading>(world, disk, life, {
      codec: cloudBlockCodec,
      watch: oracle.cloudWatch,
      consumers: allConsumers,
      slowRead: plan.slowRead,
      ...(plan.log_bytes_max === null ? {} : { bytes_max: plan.log_bytes_max }),
    });
    const ledger = new Ledger({ file: this.#file("ledger", life.number), log, clock, logger });
    const parked = new ParkedReadings({
      file: this.#file("parked", life.number),
      store: influx.client(life),
      age_max_ms: plan.unsure_for_ms,
      clock,
      logger,
    });
    const intake = this.#createIntake(life, log, ledger);
    life.onEnd(() => {
      world.count("readings known at the cloud", intake.stats().repeated);
      // what the dead process still does to its files, it does to some that nobody reads any more
      this.#copyFiles(life);
      void ledger.stop();
      parked.close();
      this.#running = null;
      this.#isOpen = false;
    });
    await ledger.start();
    const running = { life, log, ledger, intake, parked };
    const stopping = new AbortController();
    const { signal } = stopping;
    const common = { log, clock, logger, random: () => world.random.next() };
    const loops = [
      createWriter({ ...common, consumer: consumers.influx, store: parked }).run(signal),
      parked.run(signal),
      createWriter({ ...common, consumer: consumers.embedded, store: embedded.client(life) }).run(signal),
      runConsumer({
        ...common,
        consumer: consumers.rules,
        cursor: rules.cursor,
        batch: 100,
        handle: rules.handler(life),
        signal,
      }),
      this.#limitLag(life, log, signal),
    ];
    for (const loop of loops) life.machine.guard(life, loop);
    if (life.isOver) return;
    this.#running = running;
    this.#isOpen = true;
    life.stop = async () => {
      this.#isOpen = false;
      stopping.abort();
      await Promise.all(loops);
      parked.close();
      await ledger.stop();
      await log.close();
    };
  };

  readonly accept: CloudDoor = (gateway, wire) => {
    const running = this.#running;
    const { world, oracle, plan } = this.#options;
    if (running === null || !this.#isOpen || running.life.strikes("cloud.accept")) return undefined;
    const { life, intake } = running;
    const { pending_max } = plan;
    const gone = new AbortController();
    life.onEnd((isPowerCut) => wire.closeByServer(isPowerCut ? "silent" : "broken"));
    const take = async (before: Promise<void>, lane: Lane, payload: Uint8Array, id: number): Promise<void> => {
      const { readings, backlog } = decodeBatch(payload);
      this.#largest = Math.max(this.#largest, readings.length);
      const outcome = intake.take(gateway, lane, payload, gone.signal).then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      const { pending } = intake.stats();
      if (pending >= pending_max + this.#largest) world.violate("I6", `the cloud takes in ${pending} at a time`);
      await before;
      const refusal = await outcome;
      if (gone.signal.aborted || life.strikes("cloud.puback")) return;
      if (refusal === undefined) {
        if (backlog) world.count("batches of backlog acknowledged");
        oracle.batchAcknowledged(readings);
        wire.sendDown({ id });
      } else {
        world.trace("cloud", `ends a connection: ${refusal}`);
        wire.closeByServer("broken");
        gone.abort();
      }
    };
    // PUBACKs go out in the order of the publishes
    let acknowledged = Promise.resolve();
    return {
      receive: ({ topic, payload, id }) => {
        const lane = parseUplinkTopic(topic)?.channel;
        if (life.strikes("cloud.receive") || lane === undefined) return;
        if (lane === "status" || lane === "unclaimed" || id === null)
          return this.#tellTime(life, gateway, wire, payload);
        acknowledged = take(acknowledged, lane, payload, id);
      },
      lost: () => gone.abort(),
    };
  };

  /** As the ingress does with each heartbeat. */
  #tellTime(life: Life, gateway: string, wire: UplinkWire, payload: Uint8Array): void {
    const { asked_ms } = gatewayStatus.parse(JSON.parse(Buffer.from(payload).toString("utf8")));
    if (asked_ms === undefined || !this.#options.plan.tellsTime) return;
    const time: CloudTime = { at: life.clock.now(), asked_ms };
    wire.sendDown({ topic: uplinkTopics.time(gateway), payload: Buffer.from(JSON.stringify(time)) });
  }

  #createIntake(life: Life, log: SimLog<StoredReading>, ledger: Ledger): BatchIntake {
    const { world, plan } = this.#options;
    if (this.#options.knowsNoKeys) ledger.repeats = () => ({ indices: new Set(), others: [] });
    return new BatchIntake({
      log,
      ledger,
      pending_max: plan.pending_max,
      setAside: ({ code, message }) => {
        if (!life.isOver) world.violate("I2", `the cloud set a batch aside: ${code}, ${message}`);
      },
    });
  }

  /** Where its log is bounded, the cloud lets InfluxDB fall behind rather than take nothing in. */
  async #limitLag(life: Life, log: SimLog<StoredReading>, signal: AbortSignal): Promise<void> {
    const { log_bytes_max: bytes_max } = this.#options.plan;
    if (bytes_max === null) return;
    const { clock } = life;
    const limit = new LagLimit({ log, consumer: consumers.influx, bytes_max, clock, logger: silentLogger });
    while (!signal.aborted) {
      this.isLeavingBehind = true;
      limit.check();
      this.isLeavingBehind = false;
      await pause(clock, 10_000, signal);
    }
  }

  #file(name: string, life: number): string {
    return join(this.#options.folder, `${name}-${life}.db`);
  }

  /** The state of the files as the dead process left them is where the next one begins. */
  #copyFiles({ number }: Life): void {
    for (const name of ["ledger", "parked"]) {
      for (const suffix of ["", "-wal"]) {
        const from = this.#file(name, number) + suffix;
        if (existsSync(from)) copyFileSync(from, this.#file(name, number + 1) + suffix);
      }
    }
  }
}
