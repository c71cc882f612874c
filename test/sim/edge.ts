import type { EdgeEntry } from "@gengfu/edge/entry";
import { Intake } from "@gengfu/edge/intake/intake";
import { sentOnce, valueMessage, type Origin } from "@gengfu/edge/intake/message";
import { Quarantine, quarantineMessage } from "@gengfu/edge/intake/quarantine";
import { Uplink } from "@gengfu/edge/uplink/uplink";
import { uplinkConsumer } from "@gengfu/edge/uplink/uplink-session";
import { parsePublish } from "@gengfu/firmware-contracts/parse";
import { messageOf } from "@gengfu/shared/errors";
import type { Block, Log } from "@gengfu/shared/log/log";
import { silentLogger } from "@gengfu/shared/logging";
import type { ClockQuality } from "@gengfu/shared/model/reading";
import { AckQueue } from "@gengfu/shared/mqtt/ack-queue";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { DeviceDoor, DevicePublish } from "./device.ts";
import type { Life } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import type { Publication } from "./publication.ts";
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
}

export interface EdgeOptions {
  readonly world: World;
  readonly oracle: Oracle;
  readonly gateway: string;
  readonly plan: EdgePlan;
  readonly disk: EdgeDisk;
  readonly network: SimNetwork;
  readonly cloud: CloudDoor;
}

/** Acknowledged entries that stay in the log, for repeats to be known by. */
export const tail_entries = 20_000;
/** As the intake has it: what is older is not looked for at the level of MQTT. */
const unacknowledged_ms = 30_000;

/** The edge's process: the real intake and uplink between a simulated broker and a simulated link. */
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
    const { world, oracle, gateway, plan, disk, network, cloud } = this.#options;
    const log = disk.open(life);
    const { clock } = life;
    // the time service finds the time a while after the start
    const quality = (): ClockQuality => (clock.monotonic() > 20_000 ? "synchronised" : "unsynchronised");
    const time = { stamp: () => ({ at: clock.now(), clock: quality() }) };
    const intake = new Intake({ log, time, pending_max: plan.pending_max });
    const tail = log.readTail(tail_entries);
    intake.restore(tail);
    oracle.edgeRemembers(rememberedOf(log.epoch, tail));
    const uplink = new Uplink({
      log,
      gateway,
      dial: dialCloud({ world, gateway, log, life, network, cloud }),
      linger_ms: plan.linger_ms,
      acknowledge_timeout_ms: 30_000,
      heartbeat_ms: 10_000,
      status: () => statusOf(gateway, log, clock.now()),
      time: { correct: (reading) => reading, ask: () => 0, cloudTime: () => undefined },
      random: () => world.random.next(),
      clock,
      logger: silentLogger,
    });
    const stopping = new AbortController();
    const running = uplink.run(stopping.signal);
    life.machine.guard(life, running);
    this.#log = log;
    this.#open(life, intake, log);
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

  #open(life: Life, intake: Intake, log: Log<EdgeEntry>): void {
    const { world, oracle, plan } = this.#options;
    const quarantine = new Quarantine(life.clock, 10_000);
    this.#door = (device, clientId, wire) => {
      if (life.strikes("edge.accept") || intake.isFull) return undefined;
      const trail = intake.trails.open(device, clientId);
      const taken = new Map<number, Publication>();
      const acks = new AckQueue({
        isClosed: () => life.isOver || !wire.isOpenForServer,
        write: (bytes) => {
          if (life.strikes("edge.puback")) return;
          const ids = messageIdsOf(bytes);
          for (const id of ids) {
            if (taken.get(id)?.places.length !== 0) continue;
            world.violate("I1", `the edge acknowledged publication ${taken.get(id)?.id}, which is on no disk`);
          }
          wire.sendDown(ids);
        },
        drop: (error) => {
          world.trace("edge", `drops ${device}: ${messageOf(error)}`);
          wire.closeByServer("broken");
        },
        settled: () => undefined,
      });
      life.onEnd((isPowerCut) => wire.closeByServer(isPowerCut ? "silent" : "broken"));
      const deliver = (publish: DevicePublish): Promise<void> => {
        const { topic, payload } = publish.publication;
        const verdict = parsePublish(device, topic, payload);
        const origin: Origin = { trail, messageId: publish.messageId, again: publish.dup };
        if (verdict.verdict === "quarantine") {
          quarantine.enter(device);
          return intake.deliver(device, quarantineMessage(topic, payload, verdict), origin);
        }
        if (verdict.verdict !== "reading") return Promise.reject(new Error(`unexpected: ${verdict.verdict}`));
        const isNumbered = verdict.message.boot !== null && verdict.message.seq !== null;
        return intake.deliver(device, verdict.message, isNumbered ? sentOnce : origin);
      };
      return {
        receive: (publish) => {
          if (life.strikes("edge.receive")) return;
          taken.set(publish.messageId, publish.publication);
          const before = intake.repeats;
          acks.hold(deliver(publish), publish.messageId);
          world.count("repeats known at the edge", intake.repeats - before);
          if (log.pending > plan.pending_max) world.violate("I6", `${log.pending} entries wait for the edge's disk`);
        },
        lost: (isClean) => {
          if (life.isOver) return;
          intake.trails.close(trail, isClean);
          if (isClean) return;
          // the device's last will; where it is not taken over nobody is there to send it again
          intake.deliver(device, valueMessage("state", null, 0), sentOnce).catch(() => world.count("wills refused"));
        },
      };
    };
  }
}

/** The entries, as `epoch/seq`, of which a repeat must be known after a start. */
function rememberedOf(epoch: number, tail: readonly Block<EdgeEntry>[]): Set<string> {
  const end = Math.max(0, ...tail.map(({ entries }) => entries.at(-1)?.receivedAt ?? 0));
  const known = new Set<string>();
  for (const { first, entries } of tail) {
    entries.forEach(({ key, receivedAt }, index) => {
      const isNumbered = key !== null && /^\d+\.\d+$/.test(key);
      if (isNumbered || receivedAt >= end - unacknowledged_ms) known.add(`${epoch}/${first + index}`);
    });
  }
  return known;
}

function statusOf(gateway: string, log: Log<EdgeEntry>, at: number) {
  return {
    gateway,
    epoch: log.epoch,
    at,
    clock: "synchronised",
    last: log.last,
    backlog: log.backlog(uplinkConsumer),
    dropped: log.stats().dropped,
    quarantined: 0,
    uptime_s: 0,
    rss_bytes: 0,
    version: "0",
    troubles: [],
  } as const satisfies GatewayStatus;
}

/** Of PUBACKs that stand one behind the other. */
function messageIdsOf(pubacks: Buffer): number[] {
  return Array.from({ length: pubacks.length / 4 }, (_, index) => pubacks.readUInt16BE(4 * index + 2));
}
