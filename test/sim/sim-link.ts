import type { EdgeEntry } from "@gengfu/edge/entry";
import type { CloudLink, Dial } from "@gengfu/edge/uplink/cloud-link";
import { decodeBatch } from "@gengfu/shared/codec/batch";
import type { Log } from "@gengfu/shared/log/log";
import type { Lane } from "@gengfu/shared/model/reading";
import { gatewayStatus, parseUplinkTopic } from "@gengfu/shared/uplink-protocol";
import type { Life } from "./machine.ts";
import type { SimNetwork, Wire } from "./sim-network.ts";
import type { World } from "./world.ts";

/** A publish of a gateway; at QoS 0 without an id. */
export interface UplinkPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly id: number | null;
}

/** What comes back: a PUBACK by the publish's id, or the cloud's own publish. */
export type Downlink = { readonly id: number } | { readonly topic: string; readonly payload: Uint8Array };

export type UplinkWire = Wire<UplinkPublish, Downlink>;

/** Where gateways sign on; undefined where the cloud is down. */
export type CloudDoor = (
  gateway: string,
  wire: UplinkWire,
) => { receive(publish: UplinkPublish): void; lost(isClean: boolean): void } | undefined;

export interface DialOptions {
  readonly world: World;
  readonly gateway: string;
  readonly log: Log<EdgeEntry>;
  readonly life: Life;
  readonly network: SimNetwork;
  readonly cloud: CloudDoor;
  /** Whether events must never be behind samples. */
  readonly watchesOrder: boolean;
}

const connect_timeout_ms = 10_000;

/** Dials the simulated cloud. */
export function dialCloud({ world, gateway, log, life, network, cloud, watchesOrder }: DialOptions): Dial {
  return (signal) =>
    new Promise((resolve, reject) => {
      if (life.strikes("link.dial")) return;
      const refuse = (reason: string): void => reject(new Error(reason));
      signal.addEventListener("abort", () => refuse("no longer wanted"));
      const isSilent = network.isDown && world.random.chance(0.5);
      life.clock.after(isSilent ? connect_timeout_ms : network.latency_ms(), () => {
        if (signal.aborted || isSilent || network.isDown) return refuse("no way to the cloud");
        const wire: UplinkWire = network.wire();
        const server = cloud(gateway, wire);
        if (server === undefined) return refuse("connection refused");
        const link = new SimLink({ world, log, life, network, watchesOrder }, wire);
        wire.open({ receive: (message) => link.receive(message), lost: () => link.lose() }, server);
        life.onEnd((isPowerCut) => wire.closeByClient(isPowerCut ? "silent" : "broken"));
        if (!life.strikes("link.dialled")) resolve(link);
      });
    });
}

/** Batches of a lane that the uplink may have under way. */
const inFlight_max = 4;
/** Batches of samples that may leave between the commit of an event and its own leaving: one was being read. */
const overtaken_max = 1;

type LinkOptions = Pick<DialOptions, "world" | "log" | "life" | "network" | "watchesOrder">;

/** One connection to the cloud, from the edge's side; it watches how the uplink uses it. */
class SimLink implements CloudLink {
  readonly #world: World;
  readonly #life: Life;
  readonly #network: SimNetwork;
  readonly #wire: UplinkWire;
  readonly #watchesOrder: boolean;
  readonly #heard = new Map<string, (payload: Uint8Array) => void>();
  readonly #lost = Promise.withResolvers<string>();
  readonly #unacknowledged = new Map<number, { lane: Lane; acknowledged: () => void }>();
  readonly #stopWatching: () => void;
  /** Events that are durable and have not left, and how many batches of samples left before them. */
  #waiting: { position: number; overtaken: number }[] = [];
  #isOpen = true;
  #ids = 0;

  constructor({ world, log, life, network, watchesOrder }: LinkOptions, wire: UplinkWire) {
    this.#world = world;
    this.#life = life;
    this.#network = network;
    this.#wire = wire;
    this.#watchesOrder = watchesOrder;
    this.#stopWatching = log.onAppend((lane, { first, entries }) => {
      if (lane === "events") this.#waiting.push({ position: first + entries.length - 1, overtaken: 0 });
    });
  }

  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  publish(topic: string, payload: Uint8Array, acknowledged: () => void): void {
    if (!this.#isOpen || this.#life.strikes("link.publish")) return;
    const lane = parseUplinkTopic(topic)?.channel;
    if (lane !== "events" && lane !== "samples") return this.#world.violate("I2", `a batch was sent on ${topic}`);
    const { length } = payload;
    this.#world.trace("uplink", `${lane} batch ${this.#ids + 1} leaves, ${length} bytes`);
    this.#watchOrder(lane, payload);
    const id = ++this.#ids;
    this.#unacknowledged.set(id, { lane, acknowledged });
    this.#world.count(`batches of ${lane} sent`);
    if (this.#inFlight(lane) > inFlight_max) this.#world.violate("I6", `more batches of ${lane} are under way`);
    this.#wire.sendUp({ topic, payload, id }, topic);
  }

  tell(topic: string, payload: string): void {
    if (!this.#isOpen || this.#life.strikes("link.tell")) return;
    gatewayStatus.parse(JSON.parse(payload));
    this.#wire.sendUp({ topic, payload: Buffer.from(payload), id: null }, topic);
  }

  listen(topic: string, take: (payload: Uint8Array) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#life.clock.after(2 * this.#network.latency_ms(), () => {
        if (!this.#isOpen || this.#life.strikes("link.listen")) return;
        this.#heard.set(topic, take);
        resolve();
      });
    });
  }

  close(): void {
    if (this.#isOpen) this.#wire.closeByClient("broken");
    this.#end("closed");
  }

  receive(message: Downlink): void {
    if (!this.#isOpen || this.#life.strikes("link.receive")) return;
    if ("topic" in message) return this.#heard.get(message.topic)?.(message.payload);
    const sent = this.#unacknowledged.get(message.id);
    this.#unacknowledged.delete(message.id);
    sent?.acknowledged();
  }

  /** Called by the wire when the connection is gone. */
  lose(): void {
    if (!this.#life.isOver) this.#end("the connection was closed");
  }

  #end(reason: string): void {
    this.#isOpen = false;
    this.#stopWatching();
    if (!this.#life.isOver) this.#lost.resolve(reason);
  }

  #watchOrder(lane: Lane, payload: Uint8Array): void {
    if (!this.#watchesOrder) return;
    if (lane === "events") {
      const newest = decodeBatch(payload).readings.at(-1)?.seq ?? 0;
      this.#waiting = this.#waiting.filter(({ position }) => position > newest);
    } else if (this.#inFlight("events") < inFlight_max) {
      for (const waiting of this.#waiting) {
        waiting.overtaken += 1;
        if (waiting.overtaken <= overtaken_max) continue;
        this.#world.violate("I4", `${waiting.overtaken} batches of samples left before event ${waiting.position}`);
      }
    }
  }

  #inFlight(lane: Lane): number {
    return this.#unacknowledged.values().reduce((count, sent) => count + (sent.lane === lane ? 1 : 0), 0);
  }
}
