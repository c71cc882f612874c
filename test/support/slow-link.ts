import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface LinkQuality {
  /** One way. */
  readonly latency_ms: number;
  /** Each way. */
  readonly bytes_per_s: number;
}

/** What waits in the line's own buffers, each way; beyond that the sender's socket fills up. */
const buffered_bytes_max = 16 * 1024;
/** The line moves so much at a time. */
const packet_bytes = 1_400;

/** A poor line between two places: slow, far, and now and then not there. */
export class SlowLink {
  /** Where to connect to instead of the target. */
  readonly port: number;
  readonly #wires: Set<Wire>;
  readonly #gate: { isUp: boolean };

  constructor(port: number, wires: Set<Wire>, gate: { isUp: boolean }) {
    this.port = port;
    this.#wires = wires;
    this.#gate = gate;
  }

  /** Ends every connection, and refuses others until `up`. */
  down(): void {
    this.#gate.isUp = false;
    this.cut();
  }

  up(): void {
    this.#gate.isUp = true;
  }

  /** Breaks every connection; others may be made at once. */
  cut(): void {
    for (const wire of this.#wires) wire.cut();
  }

  /** From now on nothing moves on the connections that there are, and nobody is told; others may be made at once. */
  hang(): void {
    for (const wire of this.#wires) wire.hang();
  }

  /** What hangs moves on. */
  goOn(): void {
    for (const wire of this.#wires) wire.goOn();
  }
}

/** Begins down; gone when the test is over. */
export async function startSlowLink(targetPort: number, quality: LinkQuality): Promise<SlowLink> {
  const wires = new Set<Wire>();
  const gate = { isUp: false };
  const server = createServer((near) => {
    near.on("error", () => near.destroy());
    if (!gate.isUp) return void near.destroy();
    const wire = new Wire(near, connect(targetPort, "127.0.0.1"), quality);
    wires.add(wire);
    near.once("close", () => wires.delete(wire));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const wire of wires) wire.cut();
  });
  return new SlowLink((server.address() as AddressInfo).port, wires, gate);
}

/** One connection over the line. */
class Wire {
  readonly #ends: readonly [Socket, Socket];
  readonly #ways: readonly [Way, Way];

  constructor(near: Socket, far: Socket, quality: LinkQuality) {
    this.#ends = [near, far];
    this.#ways = [new Way(near, far, quality), new Way(far, near, quality)];
    far.on("error", () => far.destroy());
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
  }

  cut(): void {
    for (const end of this.#ends) end.destroy();
  }

  hang(): void {
    for (const way of this.#ways) way.hang();
  }

  goOn(): void {
    for (const way of this.#ways) way.goOn();
  }
}

/** One direction: packets leave one after the other at the line's rate, and arrive its latency later. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #quality: LinkQuality;
  #free_ms = 0;
  #buffered = 0;
  #hangs = false;
  #held: Buffer[] = [];

  constructor(from: Socket, to: Socket, quality: LinkQuality) {
    this.#from = from;
    this.#to = to;
    this.#quality = quality;
    from.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += packet_bytes) this.#enter(chunk.subarray(at, at + packet_bytes));
    });
  }

  hang(): void {
    this.#hangs = true;
  }

  goOn(): void {
    this.#hangs = false;
    const held = this.#held.splice(0);
    for (const packet of held) this.#arrive(packet);
  }

  #enter(packet: Buffer): void {
    const { latency_ms, bytes_per_s } = this.#quality;
    const now_ms = performance.now();
    this.#free_ms = Math.max(this.#free_ms, now_ms) + (1_000 * packet.length) / bytes_per_s;
    this.#buffered += packet.length;
    if (this.#buffered > buffered_bytes_max) this.#from.pause();
    setTimeout(() => this.#leave(packet.length), this.#free_ms - now_ms);
    setTimeout(() => this.#arrive(packet), this.#free_ms - now_ms + latency_ms);
  }

  #leave(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#buffered <= buffered_bytes_max && !this.#hangs) this.#from.resume();
  }

  #arrive(packet: Buffer): void {
    if (this.#hangs) this.#held.push(packet);
    else if (!this.#to.destroyed) this.#to.write(packet);
  }
}
