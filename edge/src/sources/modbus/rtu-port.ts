import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/** Unit, function and length of an answer to a request; an exception is shorter. */
interface Expected {
  readonly unit: number;
  readonly code: number;
  readonly bytes: number;
}

const exception_bytes = 5;
/** No frame is longer (MODBUS over Serial Line V1.02, 2.5.1.1); of noise no more is looked at. */
const frame_bytes_max = 256;

/**
 * A line as the Modbus client wants it. It finds the answer among noise, echoes and what belongs to an earlier request
 * by its form and its check sum, and hands on nothing else.
 */
export class RtuPort extends EventEmitter {
  readonly #stream: Duplex;
  #buffer = Buffer.alloc(0);
  #expected: Expected | null = null;
  #isOpen = true;

  constructor(stream: Duplex) {
    super();
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.once("close", () => (this.#isOpen = false));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether something came since the last request, and it was no answer. */
  get hasHeardNoise(): boolean {
    return this.#buffer.length > 0;
  }

  open(done: (error?: Error) => void): void {
    done();
  }

  write(request: Buffer): void {
    this.#buffer = Buffer.alloc(0);
    const [unit = 0, code = 0] = request;
    const length = request.readUInt16BE(4);
    this.#expected = { unit, code, bytes: code <= 2 ? Math.ceil(length / 8) : 2 * length };
    this.#stream.write(request);
  }

  /** Takes no answer to the last request any more. */
  forget(): void {
    this.#expected = null;
    this.#buffer = Buffer.alloc(0);
  }

  #take(chunk: Buffer): void {
    if (this.#expected === null) return;
    const heard = Buffer.concat([this.#buffer, chunk]);
    const frame = findAnswer(heard, this.#expected);
    this.#buffer = heard.subarray(-frame_bytes_max);
    if (frame === null) return;
    this.forget();
    this.emit("data", frame);
  }
}

/** The first piece that has the form of the answer, or of an exception, and its check sum. */
export function findAnswer(heard: Buffer, { unit, code, bytes }: Expected): Buffer | null {
  for (let start = 0; start + exception_bytes <= heard.length; start++) {
    if (heard[start] !== unit) continue;
    const isAnswer = heard[start + 1] === code && heard[start + 2] === bytes;
    if (!isAnswer && heard[start + 1] !== (code | 0x80)) continue;
    const frame = heard.subarray(start, start + (isAnswer ? bytes + exception_bytes : exception_bytes));
    const isWhole = frame.length === (isAnswer ? bytes + exception_bytes : exception_bytes);
    if (isWhole && crc16(frame.subarray(0, -2)) === frame.readUInt16LE(frame.length - 2)) return frame;
  }
  return null;
}

/** The check sum of a frame (MODBUS over Serial Line V1.02, 6.2.2). */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
