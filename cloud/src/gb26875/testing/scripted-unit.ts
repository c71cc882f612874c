import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { command, encodeFrame, noData, type Frame } from "../frame.ts";
import { FrameParser } from "../frame-parser.ts";
import { timeTag } from "../time-tag.ts";

export interface UnitAddresses {
  readonly source?: string;
  readonly destination?: string;
}

/** A transmission device whose every step a test decides: it answers nothing by itself. */
export class ScriptedUnit {
  readonly #socket: Socket;
  readonly #addresses: Required<UnitAddresses>;
  readonly #zone: string;
  readonly #now: () => number;
  readonly #parser = new FrameParser();
  readonly #inbox: Frame[] = [];
  #news = Promise.withResolvers<void>();
  #serial = 0;
  readonly closed: Promise<void>;

  private constructor(socket: Socket, addresses: UnitAddresses, now: () => number) {
    this.#socket = socket;
    this.#addresses = { source: "79-03-00-00-00-00", destination: "38-5B-01-00-00-00", ...addresses };
    this.#zone = "Asia/Shanghai";
    this.#now = now;
    socket.on("data", (chunk: Buffer) => {
      for (const found of this.#parser.push(chunk)) if (found.kind === "frame") this.#inbox.push(found.frame);
      this.#wake();
    });
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#wake());
  }

  static async connect(port: number, now: () => number, addresses: UnitAddresses = {}): Promise<ScriptedUnit> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new ScriptedUnit(socket, addresses, now);
  }

  /** As `connect`, by TLS. */
  static async connectSecurely(options: ConnectionOptions, now: () => number): Promise<ScriptedUnit> {
    const socket = connectTls({ host: "127.0.0.1", ...options });
    await once(socket, "secureConnect");
    return new ScriptedUnit(socket, {}, now);
  }

  frame(data: Uint8Array, more: Partial<Frame> = {}): Frame {
    this.#serial += 1;
    const sent = timeTag(this.#now(), this.#zone);
    return { serial: this.#serial, version: [1, 1], sent, ...this.#addresses, command: command.send, data, ...more };
  }

  send(frame: Frame): void {
    this.raw(encodeFrame(frame));
  }

  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next frame of a command that comes; what else comes meanwhile is passed over. */
  async nextOf(wanted: number): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame.command === wanted) return frame;
    }
  }

  /** The next frame that comes, of any command. Rejects once the connection has ended without one. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#inbox.shift();
      if (frame !== undefined) return frame;
      if (this.#socket.destroyed) throw new Error("the connection has ended");
      await this.#news.promise;
    }
  }

  /** The answer to a frame of its own; what else comes meanwhile is passed over. */
  async answerTo({ serial }: Frame): Promise<"acknowledged" | "denied"> {
    for (;;) {
      const frame = await this.next();
      if (frame.serial !== serial) continue;
      if (frame.command === command.acknowledge) return "acknowledged";
      if (frame.command === command.deny) return "denied";
    }
  }

  /** Sends a frame and waits for its answer. */
  async report(data: Uint8Array, more: Partial<Frame> = {}): Promise<"acknowledged" | "denied"> {
    const frame = this.frame(data, more);
    this.send(frame);
    return this.answerTo(frame);
  }

  async beat(): Promise<"acknowledged" | "denied"> {
    return this.report(noData);
  }

  /** What came and was not asked for yet. */
  get waiting(): readonly Frame[] {
    return this.#inbox;
  }

  end(): void {
    this.#socket.destroy();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
