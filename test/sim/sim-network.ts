import type { World } from "./world.ts";

export interface LinkPlan {
  /** Milliseconds under way, at least and at most. */
  readonly latency_ms: readonly [number, number];
  /** Probability, for each message, that the connection breaks. */
  readonly cut: number;
  /** Probability, for each message, that nothing arrives any more for a while. */
  readonly hang: number;
  /** Probability, for each message from the client, that it is delivered twice, as a broker between may do. */
  readonly repeat: number;
  /** Whether a broker stands between, which keeps the order of each topic but not among topics. */
  readonly mixesTopics: boolean;
}

/** A network between two places; while it is down nobody can connect and what stands hangs or breaks. */
export class SimNetwork {
  readonly name: string;
  readonly plan: LinkPlan;
  readonly #world: World;
  readonly #wires = new Set<Pick<Wire<unknown, unknown>, "cut" | "hang">>();
  #isDown = false;

  constructor(world: World, name: string, plan: LinkPlan) {
    this.#world = world;
    this.name = name;
    this.plan = plan;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  set isDown(isDown: boolean) {
    this.#isDown = isDown;
    this.#world.trace(this.name, isDown ? "the network is down" : "the network is up");
    if (!isDown) return;
    for (const wire of this.#wires) {
      if (this.#world.random.chance(0.5)) wire.cut();
      else wire.hang();
    }
  }

  wire<Up, Down>(): Wire<Up, Down> {
    const wire: Wire<Up, Down> = new Wire(this.#world, this.name, this.plan, () => this.#wires.delete(wire));
    this.#wires.add(wire);
    return wire;
  }

  latency_ms(): number {
    return this.#world.random.between(...this.plan.latency_ms);
  }
}

/** What one end hears. */
export interface Listener<Message> {
  receive(message: Message): void;
  /** The connection is gone; `isClean` where the other end said goodbye. */
  lost(isClean: boolean): void;
}

interface Parcel {
  readonly deliver: () => void;
  isLost: boolean;
}

/** One direction of a wire: what goes in comes out in order, by topic or all of it. */
interface Way {
  readonly parcels: Set<Parcel>;
  readonly lastAt: Map<string, number>;
  held: Parcel[];
}

const hang_ms = [1_000, 90_000] as const;
/** Until an end notices by itself that the other is gone. */
const unnoticed_ms = [5_000, 60_000] as const;

/** A connection over TCP: in order and without repeats while it lasts, and no one knows what of the last arrived. */
export class Wire<Up, Down> {
  readonly #world: World;
  readonly #name: string;
  readonly #plan: LinkPlan;
  readonly #gone: () => void;
  readonly #up: Way = { parcels: new Set(), lastAt: new Map(), held: [] };
  readonly #down: Way = { parcels: new Set(), lastAt: new Map(), held: [] };
  #client: Listener<Down> | null = null;
  #server: Listener<Up> | null = null;
  #isHanging = false;
  #isCut = false;

  constructor(world: World, name: string, plan: LinkPlan, gone: () => void) {
    this.#world = world;
    this.#name = name;
    this.#plan = plan;
    this.#gone = gone;
  }

  open(client: Listener<Down>, server: Listener<Up>): void {
    this.#client = client;
    this.#server = server;
  }

  get isOpenForServer(): boolean {
    return this.#server !== null;
  }

  sendUp(message: Up, topic = ""): void {
    if (this.#client === null) return;
    this.#mayHarm();
    const deliver = (): void => this.#server?.receive(message);
    this.#send(this.#up, this.#plan.mixesTopics ? topic : "", deliver);
    if (this.#world.harms(this.#plan.repeat)) {
      this.#world.count("deliveries twice");
      this.#send(this.#up, this.#plan.mixesTopics ? topic : "", deliver);
    }
  }

  sendDown(message: Down): void {
    if (this.#server === null) return;
    this.#mayHarm();
    this.#send(this.#down, "", () => this.#client?.receive(message));
  }

  /** The client ends it, or died; what it had sent may still arrive, and the server may not hear of it for long. */
  closeByClient(how: "clean" | "broken" | "silent"): void {
    if (this.#client === null) return;
    this.#client = null;
    const end = (): void => this.#tellServer(how === "clean");
    if (how === "silent") this.#world.after(this.#world.random.between(...unnoticed_ms), end);
    else this.#send(this.#up, "", end);
    this.#release();
  }

  closeByServer(how: "broken" | "silent"): void {
    if (this.#server === null) return;
    this.#server = null;
    const end = (): void => this.#tellClient();
    if (how === "silent") this.#world.after(this.#world.random.between(...unnoticed_ms), end);
    else this.#send(this.#down, "", end);
    this.#release();
  }

  /** Breaks: of what is under way in a direction only a beginning arrives, and each end hears of it in its own time. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#world.count(`${this.#name} connections cut`);
    const { random } = this.#world;
    const tellers = [() => this.#tellServer(false), () => this.#tellClient()] as const;
    [this.#up, this.#down].forEach((way, index) => {
      const underWay = [...way.held, ...way.parcels];
      const kept = random.chance(0.5) ? 0 : random.int(0, underWay.length);
      for (const parcel of underWay.slice(kept)) parcel.isLost = true;
      const within_ms = random.chance(0.7) ? random.between(0, 500) : random.between(...unnoticed_ms);
      this.#world.after(within_ms, tellers[index] as () => void);
    });
  }

  /** Nothing arrives for a while, and no one is told; then all of it does, or the connection breaks. */
  hang(): void {
    if (this.#isHanging || this.#isCut) return;
    this.#isHanging = true;
    this.#world.count(`${this.#name} connections that hung`);
    this.#world.after(this.#world.random.between(...hang_ms), () => {
      this.#isHanging = false;
      if (this.#world.random.chance(0.4)) return this.cut();
      for (const way of [this.#up, this.#down]) for (const parcel of way.held.splice(0)) this.#arrive(way, parcel);
    });
  }

  #mayHarm(): void {
    if (this.#world.harms(this.#plan.cut)) this.cut();
    if (this.#world.harms(this.#plan.hang)) this.hang();
  }

  #send(way: Way, topic: string, deliver: () => void): void {
    if (this.#isCut) return;
    const { now_ms, random } = this.#world;
    // the end of a connection comes after all that went before it
    const before = topic === "" ? Math.max(0, ...way.lastAt.values()) : (way.lastAt.get(topic) ?? 0);
    const at_ms = Math.max(before, now_ms + random.between(...this.#plan.latency_ms));
    way.lastAt.set(topic, at_ms);
    const parcel: Parcel = { deliver, isLost: false };
    way.parcels.add(parcel);
    this.#world.after(at_ms - now_ms, () => {
      way.parcels.delete(parcel);
      if (this.#isHanging) way.held.push(parcel);
      else this.#arrive(way, parcel);
    });
  }

  #arrive(way: Way, parcel: Parcel): void {
    if (!parcel.isLost) parcel.deliver();
    else if (way === this.#up) this.#world.count(`${this.#name} messages lost`);
  }

  #tellServer(isClean: boolean): void {
    const server = this.#server;
    this.#server = null;
    server?.lost(isClean);
    this.#release();
  }

  #tellClient(): void {
    const client = this.#client;
    this.#client = null;
    client?.lost(false);
    this.#release();
  }

  #release(): void {
    if (this.#client === null && this.#server === null) this.#gone();
  }
}
