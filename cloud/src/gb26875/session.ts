import type { Socket } from "node:net";
import type { Clock } from "@gengfu/shared/time/clock";
import { Downlink } from "./downlink.ts";
import { answerTo, encodeFrame, type Frame } from "./frame.ts";
import { FrameParser } from "./frame-parser.ts";
import { timeTag } from "./time-tag.ts";
import type { Unit } from "./unit.ts";

/** What is written may wait for so long a reader; one that never reads is cut off. */
const unread_bytes_max = 64 * 1024;
/** Frames in a second; what comes faster waits on the line. Devices send one in seconds, or a burst after an outage. */
const framesInSecond_max = 200;
/** What may come without a good frame between: a line that brings nothing else is no transmission device. */
const hopeless_bytes = 64 * 1024;
const hopeless_frames = 100;

export interface SessionOptions {
  readonly socket: Socket;
  /** Without a good frame for so long it is ended. */
  readonly idle_timeout_ms: number;
  readonly clock: Clock;
}

/** One connection; whose it is shows with its first good frame. */
export class Session {
  readonly parser = new FrameParser();
  readonly downlink: Downlink;
  readonly remote: string;
  unit: Unit | undefined;
  /** Frames of addresses that nobody configured. */
  strange = 0;
  readonly #options: SessionOptions;
  readonly #gone = new AbortController();
  #cancelIdle: (() => void) | undefined;
  #last: Frame | undefined;
  #windowFrom = -Infinity;
  #inWindow = 0;
  #damaged = 0;
  #skippedBefore = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.remote = options.socket.remoteAddress ?? "";
    this.downlink = new Downlink({
      clock: options.clock,
      gone: this.gone,
      send: (serial, command, data) => this.#send(serial, command, data),
    });
  }

  start(): void {
    this.#options.socket.once("close", () => this.end("closed"));
    this.#listen();
  }

  /** Aborted when it has ended, with the reason. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Ends it at once: what was not acknowledged comes again by another. */
  end(reason: string): void {
    if (this.#gone.signal.aborted) return;
    this.#cancelIdle?.();
    this.#gone.abort(new Error(reason));
    this.#options.socket.destroy();
  }

  /** A good frame has come. Answers how long the line is to wait before the next, in milliseconds. */
  good(frame: Frame): number {
    this.#last = frame;
    this.#damaged = 0;
    this.#skippedBefore = this.parser.stats().skipped;
    this.#listen();
    const now = this.#options.clock.monotonic();
    if (now - this.#windowFrom >= 1_000) {
      this.#windowFrom = now;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    return this.#inWindow < framesInSecond_max ? 0 : this.#windowFrom + 1_000 - now;
  }

  /** Whether so much came to nothing that nothing good is to be expected. */
  get isHopeless(): boolean {
    return this.parser.stats().skipped - this.#skippedBefore > hopeless_bytes || this.#damaged > hopeless_frames;
  }

  damaged(): void {
    this.#damaged += 1;
  }

  answer(frame: Frame, what: "acknowledge" | "deny", zone: string): void {
    this.#write(answerTo(frame, what, timeTag(this.#options.clock.now(), zone)));
  }

  #send(serial: number, command: number, data: Uint8Array): void {
    const { unit } = this;
    const frame = this.#last;
    if (unit === undefined || frame === undefined) return;
    const { version, source, destination } = frame;
    const sent = timeTag(this.#options.clock.now(), unit.zone);
    this.#write(encodeFrame({ serial, version, sent, source: destination, destination: source, command, data }));
  }

  #write(bytes: Uint8Array): void {
    const { socket } = this.#options;
    if (this.gone.aborted || !socket.writable) return;
    socket.write(bytes);
    if (socket.writableLength > unread_bytes_max) this.end("it does not read what it is sent");
  }

  #listen(): void {
    const { clock, idle_timeout_ms } = this.#options;
    this.#cancelIdle?.();
    this.#cancelIdle = clock.after(idle_timeout_ms, () => this.end("no good frame came for too long"));
  }
}
