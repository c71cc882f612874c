import { packetTypes, RawClient, type RawPublish } from "@gengfu/edge/testing/raw-client";
import { pause, systemClock } from "@gengfu/shared/time/clock";

export interface DeviceOptions {
  /** As in `mqtt://127.0.0.1:1883`. */
  readonly broker: string;
  readonly device: string;
  /** Counts as the device's boot in all that it publishes. */
  readonly boot?: number;
  /** Publishes under way at a time, 20 by default; further ones wait. */
  readonly window?: number;
}

const reconnect_ms = 100;
/** A broker that dies between the connection and its CONNACK may leave the client hanging. */
const signOn_ms = 3_000;

interface Outgoing {
  readonly packet: RawPublish;
  readonly acknowledged: () => void;
}

/**
 * A device as firmware should be: numbers what it publishes (`boot`, `seq`), and sends it at QoS 1 again and again,
 * over as many connections as it takes, until it is acknowledged. It gives up nothing until it is told to `end`.
 */
export class Device {
  readonly #name: string;
  readonly #port: number;
  readonly #boot: number;
  readonly #window: number;
  readonly #waiting: Outgoing[] = [];
  readonly #underWay = new Map<number, Outgoing>();
  readonly #ending = new AbortController();
  #client: RawClient | undefined;
  #seq = 0;
  #id = 0;

  constructor({ broker, device, boot = 1, window = 20 }: DeviceOptions) {
    this.#name = device;
    this.#port = Number(new URL(broker).port);
    this.#boot = boot;
    this.#window = window;
    void this.#run();
  }

  /** Publishes that nobody has acknowledged. */
  get unacknowledged(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  /** Resolves at the PUBACK, however long that takes. */
  publish(kind: string, payload: Readonly<Record<string, unknown>>): Promise<void> {
    return this.publishBytes(kind, JSON.stringify({ ...payload, boot: this.#boot, seq: ++this.#seq }));
  }

  /** The same for any payload, also for one that breaks the contract. */
  publishBytes(kind: string, payload: string | Buffer): Promise<void> {
    this.#id = (this.#id % 65_535) + 1;
    const packet = { topic: `gengfu/v1/${this.#name}/${kind}`, payload, id: this.#id };
    return new Promise((resolve) => {
      this.#waiting.push({ packet, acknowledged: resolve });
      this.#send();
    });
  }

  end(): void {
    this.#ending.abort();
    this.#client?.socket.destroy();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#connect();
      } catch {
        // nobody listens for the moment
      }
      this.#client = undefined;
      await pause(systemClock, reconnect_ms, signal);
    }
  }

  /** Resolves when the connection has ended. */
  async #connect(): Promise<void> {
    const client = await RawClient.open(this.#port);
    const closed = client.closed();
    const signOn = client.signOn({ user: this.#name, password: "demo", clientId: `${this.#name}-test` });
    const code = await Promise.race([signOn, closed, pause(systemClock, signOn_ms)]);
    if (code !== 0 || this.#ending.signal.aborted) {
      client.socket.destroy();
      return;
    }
    let read = 0;
    client.socket.on("data", () => {
      for (; read < client.received.length; read++) {
        const packet = client.received[read];
        if (packet?.type === packetTypes.puback) this.#acknowledged(packet.body.readUInt16BE());
      }
      this.#send();
    });
    this.#client = client;
    const again = [...this.#underWay.values()];
    if (again.length > 0) client.publish(...again.map(({ packet }) => ({ ...packet, dup: true })));
    this.#send();
    await closed;
  }

  #send(): void {
    if (this.#client === undefined) return;
    const packets: RawPublish[] = [];
    while (this.#underWay.size < this.#window) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#underWay.set(next.packet.id ?? 0, next);
      packets.push(next.packet);
    }
    if (packets.length > 0) this.#client.publish(...packets);
  }

  #acknowledged(id: number): void {
    const outgoing = this.#underWay.get(id);
    this.#underWay.delete(id);
    outgoing?.acknowledged();
  }
}
