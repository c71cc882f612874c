import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { listenSchema, type Listen } from "@gengfu/shared/config/listen";
import { GengfuError } from "@gengfu/shared/errors";
import type { Block, Log, LogStats, ReadLimit } from "@gengfu/shared/log/log";
import { openSqliteLog, type SqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import { lanes, type Lane, type StoredReading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { uplinkTopics } from "@gengfu/shared/uplink-protocol";
import { createGatewayRegistry } from "../../gateways/gateway-registry.ts";
import type { GatewayRegistry } from "../../gateways/registry.ts";
import { Ledger } from "../../ledger/ledger.ts";
import { readingWith } from "../../stores/contract.ts";
import { cloudBlockCodec } from "../cloud-block-codec.ts";
import { createIngress, type Ingress } from "../ingress.ts";

export const gateways = [
  { id: "main-building", secret: "s3cret" },
  { id: "tribunal-2", secret: "other" },
];

export const plainListen: Listen = listenSchema("the uplink", 0).parse({});

/** An ingress with all that stands behind it, over files in a folder of its own; it can be started again over them. */
export class IngressUnderTest {
  readonly folder = mkdtempSync(join(tmpdir(), "gengfu-ingress-"));
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
  get log(): SlowLog {
    return this.#running.log;
  }
  get port(): number {
    return this.#running.port;
  }

  async start(listen = plainListen): Promise<void> {
    const common = { clock: systemClock, logger: silentLogger };
    const file = (name: string): string => join(this.folder, name);
    const log = new SlowLog(openSqliteLog<StoredReading>({ ...common, file: file("log.db"), codec: cloudBlockCodec }));
    const ledger = new Ledger({ ...common, log, file: file("ledger.db") });
    const registry = createGatewayRegistry({ ...common, gateways, ledger, file: file("gateways.json") });
    const quarantineFile = file("quarantine.db");
    const ingress = createIngress({ ...common, listen, gateways, log, ledger, registry, quarantineFile });
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

  /** `gateway/epoch/seq` of all that is in the log. */
  async inLog(): Promise<string[]> {
    const found: string[] = [];
    for (const lane of lanes) {
      for (const { entries } of await this.log.read(lane, 0, { entries: Infinity })) {
        found.push(...entries.map(({ gateway, epoch, seq }) => `${gateway}/${epoch}/${seq}`));
      }
    }
    return found;
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
  readonly log: SlowLog;
  readonly port: number;
}

/** A log on disk whose appends a test can hold back, as a slow disk does, and fail, as a log that closes does. */
class SlowLog implements Log<StoredReading> {
  readonly #inner: SqliteLog<StoredReading>;
  #gate: PromiseWithResolvers<void> | undefined;
  #held = 0;

  constructor(inner: SqliteLog<StoredReading>) {
    this.#inner = inner;
  }

  /** Appends that wait. */
  get held(): number {
    return this.#held;
  }

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  fail(): void {
    this.#gate?.reject(new GengfuError("log_closed", "the log was closed before the commit", { retryable: true }));
    this.#gate = undefined;
  }

  async append(lane: Lane, entries: readonly StoredReading[], encoded?: Uint8Array): Promise<number> {
    if (this.#gate !== undefined) {
      this.#held += 1;
      await this.#gate.promise;
    }
    return this.#inner.append(lane, entries, encoded);
  }

  get epoch(): number {
    return this.#inner.epoch;
  }
  get last(): number {
    return this.#inner.last;
  }
  get pending(): number {
    return this.#inner.pending;
  }
  read(lane: Lane, after: number, limit: ReadLimit): Promise<Block<StoredReading>[]> {
    return this.#inner.read(lane, after, limit);
  }
  cursor(consumer: string, lane: Lane): number {
    return this.#inner.cursor(consumer, lane);
  }
  commit(consumer: string, lane: Lane, position: number): void {
    this.#inner.commit(consumer, lane, position);
  }
  backlog(consumer: string): Record<Lane, number> {
    return this.#inner.backlog(consumer);
  }
  onAppend(listener: (lane: Lane, block: Block<StoredReading>) => void): () => void {
    return this.#inner.onAppend(listener);
  }
  stats(): LogStats {
    return this.#inner.stats();
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
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
