import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";

interface Seen {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A broker for tests. It notes what it acknowledged, so that a test can ask for the texts of a topic. */
export class TestBroker {
  readonly seen: Seen[] = [];
  /** Publishes that were taken in and never acknowledged. */
  readonly held: Seen[] = [];
  /** Who gives another is refused. */
  password = "demo";
  /** Takes publishes in without ever acknowledging them. */
  holds = false;
  #server: Server | undefined;
  #broker: Aedes | undefined;
  readonly #sockets = new Set<Socket>();

  async start(port = 0): Promise<number> {
    const broker = await Aedes.createBroker({
      authenticate: (_client, _user, password, done) => done(null, password?.toString() === this.password),
      authorizePublish: (client, packet, done) => {
        const seen = { topic: packet.topic, text: packet.payload.toString(), retain: packet.retain };
        if (this.holds && client !== null) {
          this.held.push(seen);
          return;
        }
        this.seen.push(seen);
        done(null);
      },
    });
    this.#broker = broker;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      broker.handle(socket);
    });
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection, as a network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.cut();
    server.close();
    await once(server, "close");
    await new Promise<void>((resolve) => this.#broker?.close(() => resolve()));
  }

  async say(topic: string, text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#broker?.publish(
        { cmd: "publish", topic, payload: Buffer.from(text), qos: 1, retain: false, dup: false },
        (error) => (error == null ? resolve() : reject(error)),
      );
    });
  }

  texts(leaf: string, device = "dev-1"): string[] {
    return this.seen.filter(({ topic }) => topic === `gengfu/v1/${device}/${leaf}`).map(({ text }) => text);
  }
}
