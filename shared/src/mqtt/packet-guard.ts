const type = { connect: 1, disconnect: 14 };
/** The longest a length can be, MQTT 3.1.1 section 2.2.3. */
const lengthBytes_max = 4;

/** Bytes of large packets that may be buffered at a time, over all connections. */
export class LargePackets {
  readonly #bytes_max: number;
  #bytes = 0;

  constructor(bytes_max: number) {
    this.#bytes_max = bytes_max;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytes_max) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** Packets from this size on count as large; all of the contract are smaller. */
const large_bytes = 96 * 1024;

export interface PacketGuardOptions {
  /** Bytes of the first packet, the CONNECT: an id, a name, a password and a short will. */
  readonly connect_bytes_max: number;
  /** Bytes of each packet behind it, asked anew for each. */
  readonly bytes_max: () => number;
  readonly large: LargePackets;
}

export type Refusal = "not_mqtt" | "packet_too_large" | "too_many_large_packets";

/**
 * Watches the bytes of a connection before the parser sees them, which would buffer a packet of any announced length:
 * follows the fixed headers of MQTT 3.1.1 (section 2.2) from packet to packet.
 */
export class PacketGuard {
  readonly #options: PacketGuardOptions;
  #isFirst = true;
  #type = 0;
  /** Bytes of the length read so far; 0 outside of it. */
  #lengthBytes = 0;
  #inLength = false;
  #length = 0;
  /** Bytes of the packet that are still to come. */
  #rest = 0;
  #taken = 0;
  #saidGoodbye = false;

  constructor(options: PacketGuardOptions) {
    this.#options = options;
  }

  /** Whether the client ended the connection with a DISCONNECT. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye;
  }

  /** Takes the next bytes of the connection; what is answered, if anything, is why it must end. */
  pass(chunk: Uint8Array): Refusal | undefined {
    let index = 0;
    while (index < chunk.length) {
      if (this.#rest > 0) {
        const step = Math.min(this.#rest, chunk.length - index);
        this.#rest -= step;
        index += step;
        if (this.#rest === 0) this.release();
        continue;
      }
      const byte = chunk[index++] as number;
      if (!this.#inLength) {
        this.#type = byte >> 4;
        if (this.#isFirst && this.#type !== type.connect) return "not_mqtt";
        this.#inLength = true;
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes += 1;
      if ((byte & 0x80) !== 0) {
        if (this.#lengthBytes === lengthBytes_max) return "not_mqtt";
        continue;
      }
      this.#inLength = false;
      const refusal = this.#begin();
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Gives back what the connection holds of the room for large packets; at its end, too. */
  release(): void {
    this.#options.large.give(this.#taken);
    this.#taken = 0;
  }

  #begin(): Refusal | undefined {
    const { connect_bytes_max, bytes_max, large } = this.#options;
    const length = this.#length;
    if (length > (this.#isFirst ? connect_bytes_max : bytes_max())) return "packet_too_large";
    this.#isFirst = false;
    this.#rest = length;
    this.#saidGoodbye = this.#type === type.disconnect;
    if (length < large_bytes) return undefined;
    if (!large.take(length)) return "too_many_large_packets";
    this.#taken = length;
    return undefined;
  }
}
