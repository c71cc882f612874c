import { deviceTopic } from "@gengfu/firmware-contracts/contract/topics";
import type { DeviceKind } from "@gengfu/shared/model/reading";
import type { Oracle } from "./oracle.ts";
import { poisonChannel, type Expected, type Publication } from "./publication.ts";
import type { SimNetwork, Wire } from "./sim-network.ts";
import type { World } from "./world.ts";

export type SimKind = Exclude<DeviceKind, "status">;

export interface DevicePlan {
  readonly id: string;
  readonly kinds: readonly SimKind[];
  /** Whether its publishes have `boot` and `seq`. */
  readonly isNumbered: boolean;
  /** Milliseconds between two measurements, at least and at most. */
  readonly every_ms: readonly [number, number];
  /** Probability that a measurement brings a whole series of them. */
  readonly burst: number;
  /** Measurements of a burst, at most. */
  readonly burst_max: number;
  /** Publishes that it sends without waiting for the acknowledgement of the first of them. */
  readonly window: number;
  /** Probability, at each measurement, of a reboot, which loses what it has in memory. */
  readonly reboot: number;
  /** Probability, once it has nothing to say, of a goodbye. */
  readonly goodbye: number;
  /** Part of the payloads that break the contract. */
  readonly broken: number;
  /** Part of the readings that InfluxDB will never take. */
  readonly poison: number;
}

export interface DevicePublish {
  /** What the simulation knows it by; the edge sees the rest only. */
  readonly publication: Publication;
  readonly messageId: number;
  readonly dup: boolean;
}

/** The message ids that a PUBACK is for. */
export type Pubacks = readonly number[];

/** Where devices sign on; undefined where they are refused. */
export type DeviceDoor = (
  device: string,
  clientId: string,
  wire: Wire<DevicePublish, Pubacks>,
) => { receive(publish: DevicePublish): void; lost(isClean: boolean): void } | undefined;

interface Sent {
  readonly publication: Publication;
  readonly messageId: number;
  /** How often it was sent. */
  sends: number;
}

const acknowledge_ms = 15_000;
const base_ms = Date.UTC(2026, 2, 1);

/** A device over MQTT: sends at QoS 1, and again after each new connection, until it is acknowledged. */
export class Device {
  readonly #world: World;
  readonly #plan: DevicePlan;
  readonly #oracle: Oracle;
  readonly #network: SimNetwork;
  readonly #door: DeviceDoor;
  #outbox: Publication[] = [];
  #unacknowledged: Sent[] = [];
  #wire: Wire<DevicePublish, Pubacks> | null = null;
  #isConnecting = false;
  #boot = 1;
  #seq = 0;
  #messageId = 0;
  #heard_ms = 0;

  constructor(world: World, plan: DevicePlan, oracle: Oracle, network: SimNetwork, door: DeviceDoor) {
    this.#world = world;
    this.#plan = plan;
    this.#oracle = oracle;
    this.#network = network;
    this.#door = door;
  }

  get isIdle(): boolean {
    return this.#outbox.length === 0 && this.#unacknowledged.length === 0;
  }

  start(): void {
    this.#world.after(this.#world.random.between(0, this.#plan.every_ms[1]), () => this.#measure());
  }

  /** Takes a measurement and has it published; gives what must arrive. */
  publish(kind = this.#world.random.pick(this.#plan.kinds)): Publication {
    const publication = this.#make(kind);
    this.#oracle.published(publication);
    this.#outbox.push(publication);
    this.#proceed();
    return publication;
  }

  #measure(): void {
    if (this.#world.isCalm) return;
    const { random } = this.#world;
    if (random.chance(this.#plan.reboot)) this.#reboot();
    const count = random.chance(this.#plan.burst) ? random.int(1, this.#plan.burst_max) : 1;
    for (let index = 0; index < count; index++) this.publish();
    this.#world.after(random.between(...this.#plan.every_ms), () => this.#measure());
  }

  #make(kind: SimKind): Publication {
    const { id: device, isNumbered } = this.#plan;
    const { random } = this.#world;
    const id = this.#oracle.publications.length + 1;
    const isPoison = kind === "temperature" && random.chance(this.#plan.poison);
    // a contact says nothing that another could not say too, but for when
    const at = kind === "contact" ? base_ms + id : null;
    const age = at === null && random.chance(0.3) ? random.int(0, 100_000) : null;
    const channel = isPoison ? poisonChannel : kind === "temperature" ? random.pick(["supply", "return"]) : null;
    const { fields, value, detail } = contentOf(kind, id);
    const broken = random.chance(this.#plan.broken);
    const payload = JSON.stringify({
      ...(isNumbered ? { boot: this.#boot, seq: this.#seq++ } : {}),
      ...(channel === null ? {} : { channel }),
      ...(at === null ? {} : { at }),
      ...(age === null ? {} : { age }),
      ...(broken ? { broken: id, channel: -1 } : fields),
    });
    const expected: Expected = broken
      ? { kind: "quarantine", channel: null, value: null, detail: { payload }, at: null, age: null }
      : { kind, channel, value, detail, at, age };
    return {
      id,
      device,
      topic: deviceTopic(device, kind),
      payload: Buffer.from(payload),
      isNumbered: isNumbered && !broken,
      expected,
      isAcknowledged: false,
      places: [],
      mayRepeat: false,
      forgotten: "never",
    };
  }

  /** Power off and on: what was in memory is gone, and the broker is not told. */
  #reboot(): void {
    this.#world.count("device reboots");
    this.#world.trace(this.#plan.id, `reboots with ${this.#outbox.length + this.#unacknowledged.length} unsent`);
    this.#outbox = [];
    this.#unacknowledged = [];
    this.#boot += 1;
    this.#seq = 0;
    this.#messageId = 0;
    this.#disconnect("silent");
  }

  #proceed(): void {
    const wire = this.#wire;
    if (wire === null) return this.#connect();
    while (this.#outbox.length > 0 && this.#unacknowledged.length < this.#plan.window) {
      const publication = this.#outbox.shift();
      if (publication === undefined) return;
      this.#messageId = (this.#messageId % 0xffff) + 1;
      const sent = { publication, messageId: this.#messageId, sends: 0 };
      this.#unacknowledged.push(sent);
      this.#send(wire, sent);
    }
  }

  #send(wire: Wire<DevicePublish, Pubacks>, sent: Sent): void {
    const { publication, messageId } = sent;
    const isRepeat = sent.sends > 0;
    // the first may still be under way by an old connection, and says nothing by which to know it for the same
    if (isRepeat && !publication.isNumbered && publication.places.length === 0) publication.mayRepeat = true;
    wire.sendUp({ publication, messageId, dup: isRepeat });
    sent.sends += 1;
    if (this.#unacknowledged[0] === sent) this.#watch(wire);
  }

  #connect(): void {
    if (this.#isConnecting || this.#wire !== null) return;
    this.#isConnecting = true;
    const network = this.#network;
    this.#world.after(network.latency_ms(), () => {
      this.#isConnecting = false;
      const wire = network.wire<DevicePublish, Pubacks>();
      const server = network.isDown ? undefined : this.#door(this.#plan.id, "", wire);
      if (server === undefined) {
        this.#world.after(this.#world.random.between(500, 5_000), () => this.#connect());
        return;
      }
      this.#wire = wire;
      wire.open({ receive: (ids) => this.#acknowledged(wire, ids), lost: () => this.#lost(wire) }, server);
      this.#heard_ms = this.#world.now_ms;
      for (const sent of this.#unacknowledged) this.#send(wire, sent);
      this.#proceed();
    });
  }

  #acknowledged(wire: Wire<DevicePublish, Pubacks>, ids: Pubacks): void {
    if (this.#wire !== wire) return;
    this.#heard_ms = this.#world.now_ms;
    for (const id of ids) {
      const index = this.#unacknowledged.findIndex(({ messageId }) => messageId === id);
      if (index < 0) continue;
      const [sent] = this.#unacknowledged.splice(index, 1);
      if (sent === undefined) continue;
      this.#oracle.acknowledged(sent.publication);
      // another may arrive when the edge has long forgotten message ids
      if (sent.sends > 1 && !sent.publication.isNumbered) sent.publication.mayRepeat = true;
    }
    this.#proceed();
    if (this.isIdle && this.#world.random.chance(this.#plan.goodbye)) {
      this.#messageId = 0;
      this.#disconnect("clean");
    }
  }

  #watch(wire: Wire<DevicePublish, Pubacks>): void {
    this.#world.after(acknowledge_ms, () => {
      if (this.#wire !== wire || this.#unacknowledged.length === 0) return;
      if (this.#world.now_ms - this.#heard_ms < acknowledge_ms) return this.#watch(wire);
      this.#disconnect("broken");
      this.#connect();
    });
  }

  #disconnect(how: "clean" | "broken" | "silent"): void {
    const wire = this.#wire;
    this.#wire = null;
    wire?.closeByClient(how);
  }

  #lost(wire: Wire<DevicePublish, Pubacks>): void {
    if (this.#wire !== wire) return;
    this.#wire = null;
    if (!this.isIdle) this.#connect();
  }
}

/** What a publication says that no other says. */
function contentOf(
  kind: SimKind,
  id: number,
): { fields: Record<string, unknown>; value: number | null; detail: Expected["detail"] } {
  switch (kind) {
    case "tap": {
      const card = id.toString(16).toUpperCase().padStart(8, "0");
      return { fields: { card }, value: null, detail: { card } };
    }
    case "contact":
      return { fields: { closed: id % 2 === 0 }, value: id % 2 === 0 ? 1 : 0, detail: null };
    case "temperature":
      return { fields: { celsius: id / 100 }, value: id / 100, detail: null };
    case "pressure":
      return { fields: { kilopascals: id / 8 }, value: id / 8, detail: null };
    case "count":
      return { fields: { total: id }, value: id, detail: null };
    case "level":
      return { fields: { metres: id / 1_000 }, value: id / 1_000, detail: null };
  }
}
