/** A publish at QoS 1 as it stands in the bytes of a connection (section 3.3 of MQTT 3.1.1). */
export interface LanePublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly messageId: number;
  readonly dup: boolean;
}

const publishType = 3;
const publishAtQos1 = 0x32;
const dupFlag = 0x08;
/** Publishes up to this size take the lane; the few larger ones are left to the general parser. */
const packet_bytes_max = 96 * 1024;
const nothing = Buffer.alloc(0);

/**
 * The short way of what devices send all day: takes plain publishes (QoS 1, not retained) out of the bytes of a
 * connection and hands them on at once, a third of the work of the general parser. Everything else, and everything
 * until the lane is opened, is left for that, packet by packet.
 */
export class PublishLane {
  readonly #take: (publish: LanePublish) => void;
  /** Whether the next publish goes the general way, by which the broker sees that its client is alive. */
  readonly #yields: () => boolean;
  #isOpen = false;
  /** The begin of a packet whose end has not come. */
  #partial: Buffer = nothing;
  /** Bytes of a large packet that are still to be passed on as they come. */
  #passing = 0;

  constructor(take: (publish: LanePublish) => void, yields: () => boolean) {
    this.#take = take;
    this.#yields = yields;
  }

  /** From now on publishes are taken; before, the client has not signed on. */
  open(): void {
    this.#isOpen = true;
  }

  /** Takes the next bytes of the connection; answers with what is left for the general parser, whole packets only. */
  pass(chunk: Buffer): Buffer {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = nothing;
    const left: Buffer[] = [];
    /** Begin of what is left of these bytes but not yet in `left`. */
    let leftFrom = 0;
    let start = 0;
    // behind a publish that is left to the general parser nothing more is taken of these bytes: order is kept, since the
    // parser reads no further until it is done with them
    let takes = this.#isOpen && this.#passing === 0;
    if (this.#passing > 0) {
      start = Math.min(this.#passing, bytes.length);
      this.#passing -= start;
    }
    while (start < bytes.length) {
      const end = endOfPacket(bytes, start);
      if (end < 0 || (end > bytes.length && end - start <= packet_bytes_max)) break;
      if (end > bytes.length) {
        this.#passing = end - bytes.length;
        start = bytes.length;
        continue;
      }
      if (takes && (bytes[start] as number) >> 4 === publishType) {
        const isPlain = ((bytes[start] as number) & ~dupFlag) === publishAtQos1;
        const publish = isPlain && !this.#yields() ? parse(bytes, start, end) : undefined;
        if (publish === undefined) {
          takes = false;
        } else {
          if (start > leftFrom) left.push(bytes.subarray(leftFrom, start));
          leftFrom = end;
          this.#take(publish);
        }
      }
      start = end;
    }
    if (start < bytes.length) this.#partial = bytes.subarray(start);
    if (start > leftFrom) left.push(bytes.subarray(leftFrom, start));
    if (left.length === 0) return nothing;
    return left.length === 1 ? (left[0] as Buffer) : Buffer.concat(left);
  }
}

/** Where the packet that begins at `start` ends, or -1 where its length has not come whole. */
function endOfPacket(bytes: Buffer, start: number): number {
  let length = 0;
  let factor = 1;
  for (let at = start + 1; at < bytes.length && at <= start + 4; at++) {
    const byte = bytes[at] as number;
    length += (byte & 0x7f) * factor;
    if ((byte & 0x80) === 0) return at + 1 + length;
    factor *= 128;
  }
  return -1;
}

/** The publish in `start..end`, or undefined where the general parser should say what is wrong with it. */
function parse(bytes: Buffer, start: number, end: number): LanePublish | undefined {
  let at = start + 1;
  while (((bytes[at] as number) & 0x80) !== 0) at += 1;
  at += 1;
  if (at + 2 > end) return undefined;
  const topicEnd = at + 2 + bytes.readUInt16BE(at);
  if (topicEnd + 2 > end) return undefined;
  const messageId = bytes.readUInt16BE(topicEnd);
  const topic = bytes.toString("utf8", at + 2, topicEnd);
  if (messageId === 0 || topic === "" || /[+#\0\u{fffd}]/u.test(topic)) return undefined;
  const dup = ((bytes[start] as number) & dupFlag) !== 0;
  return { topic, payload: bytes.subarray(topicEnd + 2, end), messageId, dup };
}
