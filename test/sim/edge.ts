import type { EdgeEntry } from "@gengfu/edge/entry";
import { Deferral } from "@gengfu/edge/intake/deferral";
import { GatewayTime } from "@gengfu/edge/intake/gateway-time";
import { Intake } from "@gengfu/edge/intake/intake";
import { clockEntry } from "@gengfu/edge/intake/own-entry";
import { Uplink, type UplinkOptions } from "@gengfu/edge/uplink/uplink";
import { uplinkConsumer, UplinkSession } from "@gengfu/edge/uplink/uplink-session";
import { messageOf } from "@gengfu/shared/errors";
import type { Block, Log } from "@gengfu/shared/log/log";
import { silentLogger } from "@gengfu/shared/logging";
import { pause } from "@gengfu/shared/time/clock";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { DeviceDoor } from "./device.ts";
import { edgeBroker } from "./edge-broker.ts";
import type { Life } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import { dialCloud, type CloudDoor } from "./sim-link.ts";
import type { SimNetwork } from "./sim-network.ts";
import type { World } from "./world.ts";

/** What an edge process opens its log on. */
export interface EdgeDisk {
  open(life: Life): Log<EdgeEntry> & { readTail(entries: number): Block<EdgeEntry>[] };
}

export interface EdgePlan {
  readonly pending_max: number;
  readonly linger_ms: number;
  /** From how many on the uplink sends what is new first; null for its own figure, which few runs reach. */
  readonly behind_readings: number | null;
  readonly backlog_rate: number;
}

export interface EdgeOptions {
  readonly world: World;
  readonly oracle: Oracle;
  readonly gateway: string;
  readonly plan: EdgePlan;
  readonly disk: EdgeDisk;
  readonly network: SimNetwork;
  readonly cloud: CloudDoor;
  /** Whether a time service is asked. */
  readonly isServed: boolean;
}

/** Acknowledged entries that stay in the log, for repeats to be known by. */
export const tail_entries = 20_000;
/** As the intake has it: what is older is not looked for at the level of MQTT. */
const unacknowledged_ms = 30_000;

/** The edge's process: the real intake, time and uplink between a simulated broker and a simulated link. */
export class SimEdge {
  readonly #options: EdgeOptions;
  #door: DeviceDoor | null = null;
  #log: Log<EdgeEntry> | null = null;

  constructor(options: EdgeOptions) {
    this.#options = options;
  }

  /** Readings that the cloud has not acknowledged; undefined while the process is down. */
  get backlog(): number | undefined {
    const backlog = this.#log?.backlog(uplinkConsumer);
    return backlog === undefined ? undefined : backlog.events + backlog.samples;
  }

  /** Of its log; undefined while the process is down. */
  get epoch(): number | undefined {
    return this.#log?.epoch;
  }

  readonly accept: DeviceDoor = (device, clientId, wire) => this.#door?.(device, clientId, wire);

  readonly boot = async (life: Life): Promise<void> => {
    const { world, oracle, plan, disk } = this.#options;
    const log = disk.open(life);
    const time = this.#createTime(life, log);
    let acknowledgesSoon = (): boolean => false;
    const { clock } = life;
    const intake = new Intake({
      log,
      time,
      pending_max: plan.pending_max,
      deferral: new Deferral({ acknowledgesSoon: () => acknowledgesSoon(), clock }),
      clock,
    });
    const tail = log.readTail(tail_entries);
    intake.restore(tail);
    time.restore(tail);
    oracle.edgeRemembers(rememberedOf(log.epoch, tail));
    const stopping = new AbortController();
    const uplink = this.#createUplink(life, log, time);
    acknowledgesSoon = () => uplink.acknowledgesSoon;
    const running = uplink.run(stopping.signal);
    life.machine.guard(life, running);
    if (life.isOver) return;
    this.#log = log;
    this.#door = edgeBroker({ world, oracle, life, intake, log, pending_max: plan.pending_max });
    life.onEnd(() => {
      this.#log = null;
      this.#door = null;
    });
    life.stop = async () => {
      await intake.settled();
      this.#door = null;
      stopping.abort();
      await running;
      await log.close();
    };
  };

  #createTime(life: Life, log: Log<EdgeEntry>): GatewayTime {
    const { gateway, isServed } = this.#options;
    const time: GatewayTime = new GatewayTime({
      clock: life.clock,
      machine: { boot: life.boot, uptime_ms: () => life.uptime_ms() },
      timeService: isServed ? () => life.machine.servedAt : null,
      settled: (known) => {
        log.append("events", [clockEntry(gateway, time.stamp(), known)]).catch(() => undefined);
      },
      logger: silentLogger,
    });
    return time;
  }

  #createUplink(life: Life, log: Log<EdgeEntry>, time: GatewayTime): Pick<Uplink, "run" | "acknowledgesSoon"> {
    const { world, gateway, plan, network, cloud } = this.#options;
    const { linger_ms, backlog_rate, behind_readings } = plan;
    const options: UplinkOptions = {
      log,
      gateway,
      dial: dialCloud({ world, gateway, log, life, network, cloud, watchesOrder: behind_readings === null }),
      linger_ms,
      backlog_rate,
      acknowledge_timeout_ms: 30_000,
      heartbeat_ms: 10_000,
      status: () => statusOf(gateway, log, time),
      time,
      random: () => world.random.next(),
      clock: life.clock,
      logger: silentLogger,
    };
    return behind_readings === null ? new Uplink(options) : new SmallUplink(options, behind_readings);
  }
}

/** What the uplink does, at figures that are small enough for a short run to reach all of them. */
class SmallUplink {
  readonly #options: UplinkOptions;
  readonly #behind_readings: number;
  #session: UplinkSession | null = null;

  constructor(options: UplinkOptions, behind_readings: number) {
    this.#options = options;
    this.#behind_readings = behind_readings;
  }

  get acknowledgesSoon(): boolean {
    return this.#session?.acknowledgesSoon ?? false;
  }

  async run(signal: AbortSignal): Promise<void> {
    const options = this.#options;
    const behind_readings = this.#behind_readings;
    const { linger_ms, backlog_rate = 0 } = options;
    const limits = {
      inFlight_max: { events: 4, samples: 4 },
      backlogInFlight_max: 2,
      behind_readings,
      backlog_rate,
      linger_ms,
      pace: {
        readings: { min: 2, first: 5, max: 50 },
        flights: { min: 1, first: 2, max: 4 },
        delay_max_ms: 400,
      },
    };
    while (!signal.aborted) {
      try {
        const link = await options.dial(signal);
        this.#session = new UplinkSession(link, { ...options, limits });
        await this.#session.run(signal);
      } catch (error) {
        options.logger.debug({ reason: messageOf(error) }, "no connection");
      }
      this.#session = null;
      await pause(options.clock, 200 + 2_000 * options.random(), signal);
    }
  }
}

/** The entries, as `epoch/seq`, of which a repeat must be known after a start. */
function rememberedOf(epoch: number, tail: readonly Block<EdgeEntry>[]): Set<string> {
  const times = tail.map(({ entries }) => entries.at(-1)?.receivedAt ?? 0);
  const end = Math.max(0, ...times);
  const newest = times.at(-1) ?? 0;
  const known = new Set<string>();
  for (const { first, entries } of tail) {
    entries.forEach(({ key, receivedAt }, index) => {
      const isNumbered = key !== null && /^\d+\.\d+$/.test(key);
      const isRecent = receivedAt >= end - unacknowledged_ms || Math.abs(newest - receivedAt) <= unacknowledged_ms;
      if (isNumbered || isRecent) known.add(`${epoch}/${first + index}`);
    });
  }
  return known;
}

function statusOf(gateway: string, log: Log<EdgeEntry>, time: GatewayTime): GatewayStatus {
  return {
    gateway,
    epoch: log.epoch,
    at: time.now(),
    clock: time.quality(),
    last: log.last,
    backlog: log.backlog(uplinkConsumer),
    dropped: log.stats().dropped,
    quarantined: 0,
    uptime_s: 0,
    rss_bytes: 0,
    version: "0",
    troubles: [],
  };
}
