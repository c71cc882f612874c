import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { decodeBatch, type StoredBatchReading } from "@gengfu/shared/codec/batch";
import { refusedBecause, signOnRefusal } from "@gengfu/shared/mqtt/sign-on";
import { gatewayStatus, parseUplinkTopic, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { Aedes, type PublishPacket } from "aedes";

/** A cloud that does what the test says at each publish; gateway `gate`, secret `hush`, unless told otherwise. */
export class FakeCloud {
  readonly publishes: PublishPacket[] = [];
  onPublish: (packet: PublishPacket, socket: Socket) => "acknowledge" | "ignore" = () => "acknowledge";
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer();
  readonly #account: { readonly gateway: string; readonly secret: string };
  #broker: Aedes | undefined;

  constructor(account = { gateway: "gate", secret: "hush" }) {
    this.#account = account;
  }

  async start(port = 0): Promise<number> {
    const broker = await Aedes.createBroker({
      authenticate: (_, user, password, done) => {
        if (user === this.#account.gateway && password?.toString() === this.#account.secret) return done(null, true);
        done(signOnRefusal(refusedBecause.credentials, "refused"), null);
      },
      authorizePublish: (client, packet, done) => {
        this.publishes.push(packet);
        if (this.onPublish(packet, client?.conn as Socket) === "acknowledge") done();
      },
    });
    this.#broker = broker;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      broker.handle(socket);
    });
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every reading that came, as often as it came. */
  readings(): StoredBatchReading[] {
    return this.publishes
      .filter(({ qos }) => qos === 1)
      .flatMap(({ payload }) => decodeBatch(payload as Buffer).readings);
  }

  /** The heartbeats that came. */
  heartbeats(): GatewayStatus[] {
    return this.publishes
      .filter(({ topic }) => parseUplinkTopic(topic)?.channel === "status")
      .map(({ payload }) => gatewayStatus.parse(JSON.parse(payload.toString())));
  }

  /** The batches that came. */
  batches(): { lane: string; dup: boolean; seqs: number[] }[] {
    return this.publishes
      .filter(({ qos }) => qos === 1)
      .map(({ topic, payload, dup }) => ({
        lane: parseUplinkTopic(topic)?.channel ?? "none",
        dup,
        seqs: decodeBatch(payload as Buffer).readings.map(({ seq }) => seq),
      }));
  }

  say(topic: string, payload: string): void {
    this.#broker?.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => undefined);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.cut();
    await new Promise<void>((resolve) => this.#broker?.close(() => resolve()) ?? resolve());
  }
}
