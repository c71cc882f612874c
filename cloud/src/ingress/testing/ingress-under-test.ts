import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { listenSchema, type Listen } from "@gengfu/shared/config/listen";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { systemClock } from "@gengfu/shared/time/clock";
import { uplinkTopics } from "@gengfu/shared/uplink-protocol";
import { createGatewayRegistry } from "../../gateways/gateway-registry.ts";
import type { GatewayRegistry } from "../../gateways/registry.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { readingWith } from "../../stores/contract.ts";
import { cloudBlockCodec } from "../cloud-block-codec.ts";
import { UnclaimedBook } from "../../unclaimed/unclaimed-book.ts";
import { createIngress, type Ingress } from "../ingress.ts";

export const gateways = [
  { id: "main-building", secret: "s3cret" },
  { id: "tribunal-2", secret: "other" },
];

export const plainListen: Listen = listenSchema("the uplink", 0).parse({});

/** An ingress with all that stands behind it, over files in a folder of its own; it can be started again over them. */
export class IngressUnderTest {
  readonly folder = mkdtempSync(join(tmpdir(), "gengfu-ingress-"));
  readonly unclaimed = new UnclaimedBook(gateways.map(({ id }) => id));
  readonly #clients: MqttClient[] = [];
  #parts: Parts | undefined;

  get ingress(): Ingress {
    return this.#running.ingress;
  }
  get ledger(): Ledger {
    return this.#running.ledger;
  }
  get registry(): GatewayRegistry {
    return this.#running.registry;
  }
  get log(): HeldLog<StoredReading> {
    return this.#running.log;
  }
  get port(): number {
    return this.#running.port;
  }

  async start(listen = plainListen): Promise<void> {
    const common = { clock: systemClock, logger: silentLogger };
    const file = (name: string): string => join(this.folder, name);
    const log = new HeldLog(openSqliteLog<StoredReading>({ ...common, file: file("log.db"), codec: cloudBlockCodec }));
    const ledger = new Ledger({ ...common, log, file: file("ledger.db") });
    const registry = createGatewayRegistry({ ...common, gateways, ledger, file: file("gateways.json") });
    const quarantineFile = file("quarantine.db");
    const unclaimed = this.unclaimed;
    const ingress = createIngress({ ...common, listen, gateways, log, ledger, registry, unclaimed, quarantineFile });
    await ledger.start();
    await registry.start();
    const { port } = await ingress.start();
    this.#parts = { ingress, ledger, registry, log, port };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.end(true);
    const { ingress, registry, ledger, log } = this.#running;
    await ingress.stop();
    await registry.stop();
    await ledger.stop();
    await log.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  async signOn(gateway = "main-building", options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(`mqtt://127.0.0.1:${this.port}`, {
      username: gateway,
      password: gateways.find(({ id }) => id === gateway)?.secret ?? "",
      reconnectPeriod: 0,
      protocolVersion: 4,
      ...options,
    });
    // a connection that the ingress ends is what some tests want
    client.on("error", () => undefined);
    this.#clients.push(client);
    return client;
  }

  /** `gateway/epoch/seq` of all that is in the log, in the order of positions. */
  async inLog(): Promise<string[]> {
    return (await entriesOf(this.log)).map(({ gateway, epoch, seq }) => `${gateway}/${epoch}/${seq}`);
  }

  get #running(): Parts {
    if (this.#parts === undefined) throw new Error("not started");
    return this.#parts;
  }
}

interface Parts {
  readonly ingress: Ingress;
  readonly ledger: Ledger;
  readonly registry: GatewayRegistry;
  readonly log: HeldLog<StoredReading>;
  readonly port: number;
}

export function batch(seqs: readonly number[], gateway = "main-building", epoch = 1): Buffer {
  const readings = seqs.map((seq) => readingWith({ gateway, epoch, seq, value: seq }));
  return Buffer.from(encodeBatch({ gateway, epoch }, readings));
}

/** Resolves with the PUBACK. */
export async function send(client: MqttClient, body: Buffer, gateway = "main-building"): Promise<void> {
  await client.publishAsync(uplinkTopics.batch(gateway, "samples"), body, { qos: 1 });
}

export function closing(connection: { once(event: "close", listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => connection.once("close", resolve));
}

/** A broker that were to acknowledge would have done so by the time it has answered a ping. */
export async function pinged(client: MqttClient): Promise<void> {
  const answered = new Promise((resolve) => client.once("packetreceive", resolve));
  client.sendPing();
  await answered;
}
