import type { Socket } from "node:net";

/** The longest a length can be, MQTT 3.1.1 section 2.2.3. */
const lengthBytes_max = 4;

/**
 * Follows the fixed headers of MQTT 3.1.1 (section 2.2) from packet to packet, so that a packet that announces more
 * than it may is refused before a parser buffers it.
 */
export class PacketLimit {
  readonly #bytes_max: () => number;
  #state: "type" | "length" | "body" = "type";
  #lengthBytes = 0;
  /** Announced bytes, then those still to come. */
  #rest = 0;

  constructor(bytes_max: () => number) {
    this.#bytes_max = bytes_max;
  }

  /** Takes the next bytes of the connection; false where it must end. */
  allows(chunk: Uint8Array): boolean {
    for (let index = 0; index < chunk.length;) {
      if (this.#state === "body") {
        const step = Math.min(this.#rest, chunk.length - index);
        this.#rest -= step;
        index += step;
        if (this.#rest === 0) this.#state = "type";
        continue;
      }
      const byte = chunk[index++] as number;
      if (this.#state === "type") {
        this.#state = "length";
        this.#lengthBytes = 0;
        this.#rest = 0;
        continue;
      }
      this.#rest += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes += 1;
      if (byte > 0x7f) {
        if (this.#lengthBytes === lengthBytes_max) return false;
        continue;
      }
      if (this.#rest > this.#bytes_max()) return false;
      this.#state = this.#rest === 0 ? "type" : "body";
    }
    return true;
  }
}

/** Ends a connection whose packets exceed the limit; for readers that call `read()`, as aedes does. */
export function limitPackets(socket: Socket, limit: PacketLimit, onRefusal: () => void): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || limit.allows(chunk)) return chunk;
    onRefusal();
    socket.destroy();
    return null;
  };
}
