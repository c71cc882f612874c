import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeBatch } from "@gengfu/shared/codec/batch";
import { listenSchema } from "@gengfu/shared/config/listen";
import { GengfuError } from "@gengfu/shared/errors";
import type { Log } from "@gengfu/shared/log/log";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import { lanes, type NumberedReading, type StoredReading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { uplinkTopics, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { createGatewayRegistry } from "../gateways/gateway-registry.ts";
import type { GatewayRegistry } from "../gateways/registry.ts";
import { Ledger } from "../ledger/ledger.ts";
import { readingWith } from "../stores/contract.ts";
import { cloudBlockCodec } from "./cloud-block-codec.ts";
import { createIngress, type Ingress } from "./ingress.ts";

const gateways = [
  { id: "main-building", secret: "s3cret" },
  { id: "tribunal-2", secret: "other" },
];

let folder: string;
let cloud: Cloud;
let clients: MqttClient[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-ingress-"));
  clients = [];
  cloud = await startCloud();
});
afterEach(async () => {
  for (const client of clients) client.end(true);
  await cloud.stop();
  rmSync(folder, { recursive: true });
});

interface Cloud {
  readonly ingress: Ingress;
  readonly ledger: Ledger;
  readonly registry: GatewayRegistry;
  readonly log: Log<StoredReading>;
  readonly port: number;
  /** While it is held, appends wait as on a slow disk; what is held can also fail. */
  hold(): { waiting(): number; release(): void; fail(): void };
  stop(): Promise<void>;
}

async function startCloud(): Promise<Cloud> {
  const disk = openSqliteLog<StoredReading>({
    file: join(folder, "log.sqlite"),
    codec: cloudBlockCodec,
    clock: systemClock,
    logger: silentLogger,
  });
  let gate: Promise<void> = Promise.resolve();
  let waiting = 0;
  const log: Log<StoredReading> = Object.create(disk, {
    append: {
      async value(...args: Parameters<typeof disk.append>) {
        waiting += 1;
        await gate;
        return disk.append(...args);
      },
    },
    epoch: { get: () => disk.epoch },
    last: { get: () => disk.last },
    onAppend: { value: disk.onAppend.bind(disk) },
    read: { value: disk.read.bind(disk) },
    commit: { value: disk.commit.bind(disk) },
  });
  const shared = { log, clock: systemClock, logger: silentLogger };
  const ledger = new Ledger({ ...shared, file: join(folder, "ledger.sqlite") });
  const registry = createGatewayRegistry({ ...shared, gateways, ledger, file: join(folder, "gateways.json") });
  const ingress = createIngress({
    ...shared,
    listen: listenSchema("the uplink", 0).parse({}),
    gateways,
    ledger,
    registry,
    quarantineFile: join(folder, "quarantine.sqlite"),
  });
  await ledger.start();
  await registry.start();
  const { port } = await ingress.start();
  return {
    ingress,
    ledger,
    registry,
    log,
    port,
    hold() {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => undefined);
      gate = promise;
      waiting = 0;
      return {
        waiting: () => waiting,
        release: resolve,
        fail: () => {
          gate = Promise.resolve();
          reject(new GengfuError("log_closed", "the log was closed before the commit"));
        },
      };
    },
    async stop() {
      await ingress.stop();
      await registry.stop();
      await ledger.stop();
      await disk.close();
    },
  };
}

async function signOn(gateway = "main-building", options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${cloud.port}`, {
    username: gateway,
    password: gateways.find(({ id }) => id === gateway)?.secret ?? "",
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...options,
  });
  client.on("error", () => undefined);
  clients.push(client);
  return client;
}

function batch(seqs: readonly number[], gateway = "main-building", epoch = 1): Buffer {
  const readings: NumberedReading[] = seqs.map((seq) => readingWith({ gateway, epoch, seq, value: seq }));
  return Buffer.from(encodeBatch({ gateway, epoch }, readings));
}

async function send(client: MqttClient, body: Buffer, gateway = "main-building"): Promise<void> {
  await client.publishAsync(uplinkTopics.batch(gateway, "samples"), body, { qos: 1 });
}

async function inLog(): Promise<string[]> {
  const found: string[] = [];
  for (const lane of lanes) {
    for (const { entries } of await cloud.log.read(lane, 0, { entries: Infinity })) {
      found.push(...entries.map(({ gateway, epoch, seq }) => `${gateway}/${epoch}/${seq}`));
    }
  }
  return found;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function closing(connection: { once(event: "close", listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => connection.once("close", resolve));
}

/** A broker that were to acknowledge would have done so by the time it has answered a later ping. */
async function pinged(client: MqttClient): Promise<void> {
  const answered = new Promise((resolve) => client.once("packetreceive", resolve));
  client.sendPing();
  await answered;
  await turn();
}

describe("taking batches", () => {
  it("keeps what it acknowledges, in its lane, with all that the gateway said", async () => {
    const client = await signOn();
    const tap = readingWith({ kind: "tap", device: "reader-lobby", seq: 1, value: null, detail: { card: "04A1" } });
    const body = Buffer.from(encodeBatch({ gateway: "main-building", epoch: 7 }, [tap]));
    await client.publishAsync(uplinkTopics.batch("main-building", "events"), body, { qos: 1 });
    const [block] = await cloud.log.read("events", 0, { entries: 10 });
    expect(block?.entries).toEqual([tap]);
    expect(await cloud.log.read("samples", 0, { entries: 10 })).toEqual([]);
    expect(cloud.ledger.view("main-building")).toMatchObject({ epoch: 7, received: [[1, 1]] });
  });

  it("acknowledges only after the commit", async () => {
    const client = await signOn();
    const disk = cloud.hold();
    let acknowledged = false;
    const sent = send(client, batch([1, 2])).then(() => (acknowledged = true));
    await vi.waitUntil(() => disk.waiting() > 0);
    await pinged(await signOn("tribunal-2"));
    expect(acknowledged).toBe(false);
    expect(await inLog()).toEqual([]);
    disk.release();
    await sent;
    expect(await inLog()).toHaveLength(2);
  });

  it("acknowledges in the order of the publishes, and repeats not before what they repeat", async () => {
    const client = await signOn();
    const disk = cloud.hold();
    const order: string[] = [];
    const sends = [
      send(client, batch([1, 2])).then(() => order.push("first")),
      send(client, batch([1, 2])).then(() => order.push("repeat")),
      send(client, Buffer.from("broken")).then(() => order.push("broken")),
      send(client, batch([2, 3])).then(() => order.push("overlap")),
    ];
    await vi.waitUntil(() => cloud.ingress.stats().quarantined === 1);
    await pinged(await signOn("tribunal-2"));
    expect(order).toEqual([]);
    disk.release();
    await Promise.all(sends);
    expect(order).toEqual(["first", "repeat", "broken", "overlap"]);
    expect(await inLog()).toEqual(["main-building/1/1", "main-building/1/2", "main-building/1/3"]);
    expect(cloud.ingress.stats()).toMatchObject({ batches: 3, readings: 3, repeated: 3 });
  });

  it("acknowledges a repeat on another connection not before the commit of what it repeats", async () => {
    const [lost, next] = [await signOn(), await signOn()];
    const disk = cloud.hold();
    let acknowledged = false;
    const sent = send(lost, batch([1, 2]));
    await vi.waitUntil(() => disk.waiting() === 1);
    const repeated = send(next, batch([1, 2])).then(() => (acknowledged = true));
    await pinged(next);
    await pinged(next);
    expect(acknowledged).toBe(false);
    disk.release();
    await Promise.all([sent, repeated]);
    expect(await inLog()).toHaveLength(2);
  });

  it("doesn't acknowledge what could not be committed; sent again, it is taken", async () => {
    const client = await signOn();
    const disk = cloud.hold();
    const closed = closing(client);
    const results = [send(client, batch([1, 2])), send(client, batch([1, 2]))].map((sent) =>
      sent.then(
        () => "acknowledged",
        () => "not acknowledged",
      ),
    );
    await vi.waitUntil(() => disk.waiting() > 0);
    disk.fail();
    await closed;
    client.end(true);
    expect(await Promise.all(results)).toEqual(["not acknowledged", "not acknowledged"]);
    await send(await signOn(), batch([1, 2]));
    expect(await inLog()).toEqual(["main-building/1/1", "main-building/1/2"]);
  });

  it("takes two gateways' equal numbers apart, in one turn too", async () => {
    const [one, other] = [await signOn(), await signOn("tribunal-2")];
    await Promise.all([send(one, batch([1, 2])), send(other, batch([1, 2], "tribunal-2"), "tribunal-2")]);
    await Promise.all([send(one, batch([2, 3])), send(other, batch([2, 3], "tribunal-2"), "tribunal-2")]);
    expect((await inLog()).toSorted()).toEqual(
      ["main-building", "tribunal-2"].flatMap((gateway) => [1, 2, 3].map((seq) => `${gateway}/1/${seq}`)),
    );
  });

  it("takes nothing twice when it restarts over the same files, with or without an end in order", async () => {
    const client = await signOn();
    await send(client, batch([1, 2, 3]));
    client.end(true);
    await cloud.stop();
    cloud = await startCloud();
    const again = await signOn();
    await send(again, batch([2, 3, 4]));
    again.end(true);
    expect(await inLog()).toEqual([1, 2, 3, 4].map((seq) => `main-building/1/${seq}`));
    await cloud.stop();
    rmSync(join(folder, "ledger.sqlite"));
    cloud = await startCloud();
    await send(await signOn(), batch([1, 2, 3, 4, 5]));
    expect(await inLog()).toEqual([1, 2, 3, 4, 5].map((seq) => `main-building/1/${seq}`));
  });
});

describe("what can't be taken", () => {
  it.each([
    ["garbage", Buffer.from("garbage"), "batch_unsupported_version"],
    ["a later version", Buffer.from([9, 0, 1, 2]), "batch_unsupported_version"],
    ["a frame that is none", Buffer.from([1, 0, 123]), "batch_malformed"],
    ["an empty payload", Buffer.alloc(0), "batch_unsupported_version"],
    ["another gateway's batch", batch([1], "tribunal-2"), "batch_malformed"],
  ])("acknowledges %s and keeps it with the reason", async (_, body, code) => {
    const client = await signOn();
    await send(client, body);
    await send(client, batch([1]));
    expect(cloud.ingress.quarantine(10)).toEqual([
      expect.objectContaining({
        gateway: "main-building",
        topic: uplinkTopics.batch("main-building", "samples"),
        code,
      }),
    ]);
    expect(Buffer.from(cloud.ingress.quarantine(1)[0]?.body ?? [])).toEqual(body);
    expect(await inLog()).toEqual(["main-building/1/1"]);
    expect(cloud.ingress.stats().quarantined).toBe(1);
  });

  it("survives whatever bytes come as a batch", async () => {
    const client = await signOn();
    const good = batch([1, 2, 3]);
    const sends = Array.from({ length: 200 }, (_, index) => {
      const bent = Buffer.from(good);
      bent[index % bent.length] = (bent[index % bent.length] as number) ^ (1 << (index % 8));
      return send(client, bent.subarray(0, index % 3 === 0 ? index : bent.length));
    });
    await Promise.all(sends);
    await send(client, batch([9]));
    expect(await inLog()).toContain("main-building/1/9");
  });
});

describe("who may do what", () => {
  it.each([
    ["a wrong password", { username: "main-building", password: "wrong" }],
    ["another's password", { username: "main-building", password: "other" }],
    ["an unknown gateway", { username: "nobody", password: "s3cret" }],
    ["no name", {}],
  ])("refuses %s", async (_, credentials) => {
    const attempt = connectAsync(`mqtt://127.0.0.1:${cloud.port}`, {
      ...credentials,
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    await expect(attempt).rejects.toMatchObject({ code: 4 });
    expect(cloud.ingress.stats()).toMatchObject({ refused: 1, connections: 0 });
    expect(cloud.registry.list().map(({ connected }) => connected)).toEqual([false, false]);
  });

  it.each([
    uplinkTopics.batch("tribunal-2", "samples"),
    uplinkTopics.status("tribunal-2"),
    "gengfu/uplink/v1/main-building/other",
    "gengfu/downlink/v1/main-building/x",
    "$SYS/x",
  ])("ends a connection that publishes on %s", async (topic) => {
    const client = await signOn();
    const closed = closing(client);
    client.publish(topic, batch([1], "tribunal-2"), { qos: 1 });
    await closed;
    expect(await inLog()).toEqual([]);
    expect(cloud.ingress.stats().refused).toBe(1);
  });

  it("lets a gateway subscribe to its own downlink only", async () => {
    const client = await signOn();
    expect((await client.subscribeAsync(uplinkTopics.downlink("main-building"), { qos: 1 }))[0]?.qos).toBe(1);
    for (const topic of [
      uplinkTopics.downlink("tribunal-2"),
      "#",
      "gengfu/uplink/v1/main-building/#",
      "gengfu/downlink/v1/+/#",
    ]) {
      await expect(client.subscribeAsync(topic)).rejects.toThrow();
    }
  });

  it("lets no gateway end another's connection by its client id", async () => {
    const one = await signOn("main-building", { clientId: "same" });
    await signOn("tribunal-2", { clientId: "same" });
    await send(one, batch([1]));
    expect(cloud.ingress.stats().connections).toBe(2);
  });

  it("ends connections that announce more than a packet may have, strangers' sooner", async () => {
    for (const header of [
      [0x10, 0x81, 0x20],
      [0x10, 0xff, 0xff, 0xff, 0x7f],
    ]) {
      const socket = connectSocket(cloud.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(Buffer.from(header));
      await closing(socket);
    }
    const client = await signOn();
    const closed = closing(client);
    client.publish(uplinkTopics.batch("main-building", "samples"), Buffer.alloc(5_000_000), { qos: 1 });
    await closed;
    expect(cloud.ingress.stats()).toMatchObject({ refused: 3, quarantined: 0 });
  });

  it("holds a gateway to a few connections", async () => {
    for (let count = 0; count < 8; count++) await signOn();
    await expect(signOn()).rejects.toMatchObject({ code: 3 });
    await signOn("tribunal-2");
  });
});

describe("gateways", () => {
  const status: GatewayStatus = {
    gateway: "main-building",
    epoch: 1,
    at: 1,
    clock: "synchronised",
    last: 3,
    backlog: { events: 0, samples: 3 },
    dropped: 0,
    quarantined: 0,
    uptime_s: 1,
    rss_bytes: 1,
    version: "0.1.0",
    troubles: [],
  };

  it("are known as connected while they are, and by their status", async () => {
    const client = await signOn();
    await client.publishAsync(uplinkTopics.status("main-building"), JSON.stringify(status), { qos: 1 });
    expect(cloud.registry.get("main-building")).toMatchObject({ connected: true, backlog: 3, clock: "synchronised" });
    expect(cloud.registry.get("tribunal-2")?.connected).toBe(false);
    client.end();
    await vi.waitUntil(() => cloud.registry.get("main-building")?.connected === false);
    expect(cloud.ingress.stats().connections).toBe(0);
  });

  it("stay as they were after a status that is none, or another's", async () => {
    const client = await signOn();
    for (const body of ["{", "{}", JSON.stringify({ ...status, gateway: "tribunal-2" }), "x".repeat(70_000)]) {
      await client.publishAsync(uplinkTopics.status("main-building"), body, { qos: 1 });
    }
    expect(cloud.registry.get("main-building")?.status).toBeNull();
    expect(cloud.registry.get("tribunal-2")?.status).toBeNull();
    expect(cloud.ingress.stats().refused).toBe(4);
  });
});

it("says which address can't be had", async () => {
  const second = createIngress({
    listen: listenSchema("the uplink", cloud.port).parse({}),
    gateways,
    quarantineFile: join(folder, "second.sqlite"),
    log: cloud.log,
    ledger: cloud.ledger,
    registry: cloud.registry,
    clock: systemClock,
    logger: silentLogger,
  });
  await expect(second.start()).rejects.toMatchObject({
    code: "listen_failed",
    message: expect.stringContaining(String(cloud.port)) as string,
  });
});
