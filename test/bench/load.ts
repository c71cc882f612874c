/**
 * A lean MQTT 3.1.1 publisher for the benchmarks, in a process of its own: packets are made once and only their packet
 * id and seq are patched, so that the generator is not what is measured. Prints one line of JSON.
 *
 *   node load.ts '{"port":1883,"connections":100,"window":10,"messages":200000,"users":["d0",...]}'
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Publishes in flight on each connection. */
  readonly window: number;
  /** Over all connections. */
  readonly messages: number;
  readonly users: readonly string[];
  readonly password: string;
  /** Readings a second over all connections; as fast as acknowledged without it. */
  readonly rate?: number;
  /** Makes the seq of this run differ from those of another. */
  readonly boot: number;
}

export interface LoadResult {
  readonly messages: number;
  readonly seconds: number;
  readonly rate: number;
}

const seqDigits = 9;

function packet(header: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size: number[] = [];
  let rest = length;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    size.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([header, ...size]), ...parts]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function connectPacket(user: string, password: string): Buffer {
  const header = Buffer.concat([text("MQTT"), Buffer.from([4, 0b1100_0010, 0, 0])]);
  return packet(0x10, header, text(`load-${user}-${process.pid}`), text(user), text(password));
}

class Publisher {
  readonly #socket: Socket;
  readonly #template: Buffer;
  readonly #idAt: number;
  readonly #seqAt: number;
  readonly #done: () => void;
  #toSend: number;
  #toAcknowledge: number;
  #seq = 0;
  #partial = 0;

  constructor(socket: Socket, user: string, boot: number, messages: number, done: () => void) {
    this.#socket = socket;
    this.#done = done;
    this.#toSend = messages;
    this.#toAcknowledge = messages;
    const topic = text(`gengfu/v1/${user}/temperature`);
    const payload = Buffer.from(
      `{"boot":${boot},"seq":${"1".padEnd(seqDigits, "0")},"channel":"supply","celsius":61.25}`,
    );
    this.#template = packet(0x32, topic, Buffer.alloc(2), payload);
    const topicAt = this.#template.indexOf(topic);
    this.#idAt = topicAt + topic.length;
    this.#seqAt = this.#template.indexOf('"seq":') + 6;
    socket.on("data", (chunk) => this.#acknowledged(chunk.length));
  }

  /** Sends up to `count` publishes in one write. */
  send(count: number): void {
    const now = Math.min(count, this.#toSend);
    if (now <= 0) return;
    this.#toSend -= now;
    const size = this.#template.length;
    const bytes = Buffer.allocUnsafe(size * now);
    for (let index = 0; index < now; index++) {
      const start = index * size;
      this.#template.copy(bytes, start);
      const seq = this.#seq++;
      bytes.writeUInt16BE((seq % 65_535) + 1, start + this.#idAt);
      let rest = seq;
      for (let digit = seqDigits - 1; digit > 0; digit--) {
        bytes[start + this.#seqAt + digit] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    this.#socket.write(bytes);
  }

  /** A PUBACK is four bytes, and nothing else comes. */
  #acknowledged(bytes: number): void {
    const all = this.#partial + bytes;
    const count = all >> 2;
    this.#partial = all & 3;
    this.#toAcknowledge -= count;
    if (this.#toAcknowledge <= 0) {
      this.#done();
      return;
    }
    this.#onAcknowledged(count);
  }

  #onAcknowledged: (count: number) => void = (count) => this.send(count);

  /** Sends by the clock instead of by the acknowledgements. */
  paceBy(tick_ms: number, perTick: number): NodeJS.Timeout {
    this.#onAcknowledged = () => undefined;
    let owed = 0;
    return setInterval(() => {
      owed += perTick;
      const now = Math.floor(owed);
      owed -= now;
      this.send(now);
    }, tick_ms);
  }
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const sockets = await Promise.all(
    Array.from({ length: options.connections }, async (_, index) => {
      const socket = connect(options.port, "127.0.0.1").setNoDelay(true);
      await once(socket, "connect");
      socket.write(connectPacket(options.users[index % options.users.length] as string, options.password));
      const [answer] = (await once(socket, "data")) as [Buffer];
      if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`connection refused with code ${answer[3]}`);
      return socket;
    }),
  );
  const each = Math.floor(options.messages / options.connections);
  const started = performance.now();
  const timers: NodeJS.Timeout[] = [];
  await Promise.all(
    sockets.map(
      (socket, index) =>
        new Promise<void>((resolve, reject) => {
          socket.on("close", () => reject(new Error("the broker closed the connection")));
          const user = options.users[index % options.users.length] as string;
          const publisher = new Publisher(socket, user, options.boot + index, each, resolve);
          if (options.rate === undefined) publisher.send(options.window);
          else timers.push(publisher.paceBy(10, options.rate / options.connections / 100));
        }),
    ),
  );
  const seconds = (performance.now() - started) / 1_000;
  for (const timer of timers) clearInterval(timer);
  for (const socket of sockets) socket.removeAllListeners("close").destroy();
  const messages = each * options.connections;
  return { messages, seconds, rate: messages / seconds };
}

if (import.meta.main) {
  const result = await runLoad(JSON.parse(process.argv[2] ?? "{}") as LoadOptions);
  console.log(JSON.stringify(result));
}
