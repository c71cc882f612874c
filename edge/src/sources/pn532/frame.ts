/**
 * Frames between a host and a PN532, by section 6.2.1 of its user manual (NXP UM0701-02):
 * `00 00 FF LEN LCS TFI PD0..PDn DCS 00`. LEN counts TFI and data; LEN and LCS add up to 0, as do TFI, data and DCS.
 */

export type Frame =
  /** The data behind the TFI, whose first byte is the command's code plus one. */
  | { readonly kind: "answer"; readonly data: Uint8Array }
  | { readonly kind: "ack" | "nack" }
  /** The PN532 did not like the command: unknown, or of the wrong length. */
  | { readonly kind: "refusal" }
  /** Something that begins like a frame and is none: of a wrong checksum, or of the extended kind, for which nothing asks. */
  | { readonly kind: "damaged" | "extended" };

const toHost = 0xd5;
const fromHost = 0xd4;
const refusalCode = 0x7f;
const data_bytes_max = 254;
/** Section 6.2.1.2: at most 264 bytes of data and the TFI. */
const extended_bytes_max = 265;
const nothing = Buffer.alloc(0);

/** Aborts the command under way (section 6.2.1.3). */
export const ackFrame: Uint8Array = Buffer.of(0x00, 0x00, 0xff, 0x00, 0xff, 0x00);

/** Wakes a PN532 on a serial line from power-down: it needs some edges, and then time that a long preamble gives it. */
export const wakeUp: Uint8Array = Buffer.of(0x55, 0x55, ...Array<number>(14).fill(0));

/** The frame of a command and its parameters, at most 254 bytes. */
export function encodeFrame(data: Uint8Array): Buffer {
  if (data.length === 0 || data.length > data_bytes_max) throw new RangeError(`${data.length} bytes of data`);
  const length = data.length + 1;
  const body = [fromHost, ...data];
  return Buffer.of(0x00, 0x00, 0xff, length, -length & 0xff, ...body, -sumOf(body) & 0xff, 0x00);
}

/** Takes frames out of the bytes of a line, whatever stands between them. Holds less than one frame. */
export class FrameParser {
  #held: Buffer = nothing;

  /** Bytes that wait for more. */
  get held(): number {
    return this.#held.length;
  }

  /** Takes the next bytes; answers with the frames that are whole now. */
  push(chunk: Uint8Array): Frame[] {
    const bytes = Buffer.concat([this.#held, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      at = startCode(bytes, at);
      const found = frameAt(bytes, at);
      if (found === "partial") break;
      if (found.frame !== null) frames.push(found.frame);
      at = found.next;
    }
    this.#held = bytes.subarray(at);
    return frames;
  }

  /** Forgets what it holds, which will not be continued. */
  reset(): void {
    this.#held = nothing;
  }
}

/** Where the next `00 FF` begins, or may once more bytes are there. */
function startCode(bytes: Buffer, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0x00 && bytes[at + 1] === 0xff) return at;
  }
  return bytes.length > from && bytes.at(-1) === 0x00 ? bytes.length - 1 : bytes.length;
}

/** What stands behind the start code at `at`, and where to go on. */
function frameAt(bytes: Buffer, at: number): { frame: Frame | null; next: number } | "partial" {
  const [length, check] = [bytes[at + 2], bytes[at + 3]];
  if (length === undefined || check === undefined) return "partial";
  const header = at + 4;
  if (length === 0x00 && check === 0xff) return { frame: { kind: "ack" }, next: header };
  if (length === 0xff && check === 0x00) return { frame: { kind: "nack" }, next: header };
  if (length === 0xff && check === 0xff) return extendedAt(bytes, at);
  // the second byte of this start code may be followed by the true one
  if (((length + check) & 0xff) !== 0) return { frame: null, next: at + 2 };
  const end = header + length + 1;
  if (bytes.length < end) return "partial";
  if ((sumOf(bytes.subarray(header, end)) & 0xff) !== 0) return { frame: { kind: "damaged" }, next: at + 2 };
  const code = bytes[header];
  if (code === refusalCode && length === 1) return { frame: { kind: "refusal" }, next: end };
  if (code !== toHost || length === 1) return { frame: null, next: end };
  return { frame: { kind: "answer", data: Buffer.from(bytes.subarray(header + 1, end - 1)) }, next: end };
}

function extendedAt(bytes: Buffer, at: number): { frame: Frame | null; next: number } | "partial" {
  const [high, low, check] = [bytes[at + 4], bytes[at + 5], bytes[at + 6]];
  if (high === undefined || low === undefined || check === undefined) return "partial";
  const length = high * 256 + low;
  if (((high + low + check) & 0xff) !== 0 || length > extended_bytes_max) return { frame: null, next: at + 2 };
  const end = at + 7 + length + 1;
  return bytes.length < end ? "partial" : { frame: { kind: "extended" }, next: end };
}

function sumOf(bytes: Iterable<number>): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum;
}
