import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenSchema } from "@gengfu/shared/config/listen";
import { silentLogger } from "@gengfu/shared/logging";
import { hasOpenssl, makeAuthority } from "@gengfu/shared/testing/certificates";
import { systemClock } from "@gengfu/shared/time/clock";
import { cloudTime, uplinkTopics, type GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { createIngress } from "./ingress.ts";
import { batch, closing, gateways, IngressUnderTest, pinged, plainListen, send } from "./testing/ingress-under-test.ts";

let cloud: IngressUnderTest;
beforeEach(async () => {
  cloud = new IngressUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

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
    const client = await cloud.signOn();
    const closed = closing(client);
    client.publish(topic, batch([1], "tribunal-2"), { qos: 1 });
    await closed;
    expect(await cloud.inLog()).toEqual([]);
    expect(cloud.ingress.stats().refused).toBe(1);
  });

  it("lets a gateway subscribe to its own downlink only", async () => {
    const client = await cloud.signOn();
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
    const one = await cloud.signOn("main-building", { clientId: "same" });
    await cloud.signOn("tribunal-2", { clientId: "same" });
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
    const client = await cloud.signOn();
    const closed = closing(client);
    client.publish(uplinkTopics.batch("main-building", "samples"), Buffer.alloc(5_000_000), { qos: 1 });
    await closed;
    expect(cloud.ingress.stats()).toMatchObject({ refused: 3, quarantined: 0 });
  });

  it("gives back the room for large packets when a connection ends in the middle of one", async () => {
    const announces4MiB = Buffer.from([0x32, 0x80, 0x80, 0x80, 0x02]);
    for (let count = 0; count < 40; count++) {
      const client = await cloud.signOn();
      const closed = closing(client);
      client.stream.end(announces4MiB);
      await closed;
    }
    await send(await cloud.signOn(), Buffer.alloc(1_000_000));
    expect(cloud.ingress.stats()).toMatchObject({ refused: 0, quarantined: 1 });
  });

  it("holds a gateway to a few connections", async () => {
    for (let count = 0; count < 8; count++) await cloud.signOn();
    await expect(cloud.signOn()).rejects.toMatchObject({ code: 3 });
    await cloud.signOn("tribunal-2");
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
    const client = await cloud.signOn();
    await client.publishAsync(uplinkTopics.status("main-building"), JSON.stringify(status), { qos: 1 });
    expect(cloud.registry.get("main-building")).toMatchObject({ connected: true, backlog: 3, clock: "synchronised" });
    expect(cloud.registry.get("tribunal-2")?.connected).toBe(false);
    client.end();
    await vi.waitUntil(() => cloud.registry.get("main-building")?.connected === false);
    expect(cloud.ingress.stats().connections).toBe(0);
  });

  it("are told the time when they ask for it, and only they", async () => {
    const client = await cloud.signOn();
    const other = await cloud.signOn("tribunal-2");
    const told: string[] = [];
    for (const each of [client, other]) {
      each.on("message", (topic, payload) => told.push(`${topic} ${payload.toString()}`));
    }
    await client.subscribeAsync(uplinkTopics.time("main-building"));
    await other.subscribeAsync(uplinkTopics.time("tribunal-2"));
    const before = Date.now();
    client.publish(uplinkTopics.status("main-building"), JSON.stringify(status));
    client.publish(uplinkTopics.status("main-building"), JSON.stringify({ ...status, asked_ms: 41.5 }));
    await vi.waitUntil(() => told.length > 0);
    await pinged(client);
    await pinged(other);
    expect(told).toHaveLength(1);
    const [topic, payload] = (told[0] as string).split(" ");
    expect(topic).toBe("gengfu/downlink/v1/main-building/time");
    const { at, asked_ms } = cloudTime.parse(JSON.parse(payload as string));
    expect(asked_ms).toBe(41.5);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it("stay as they were after a status that is none, or another's", async () => {
    const client = await cloud.signOn();
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
    quarantineFile: join(cloud.folder, "second.sqlite"),
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

describe.skipIf(!hasOpenssl)("over TLS", () => {
  it("takes batches, and strangers' certificates only where none is asked for", async () => {
    const authority = makeAuthority(cloud.folder, "authority");
    const { certificate, key } = authority.issue("localhost");
    const ca = authority.certificate;
    await cloud.stop();
    await cloud.start({ ...plainListen, tls: { certificate, key } });
    await send(await cloud.signOn("main-building", { protocol: "mqtts", ca }), batch([1]));
    expect(await cloud.inLog()).toEqual(["main-building/1/1"]);
    await expect(cloud.signOn("main-building", { protocol: "mqtts" })).rejects.toThrow(/certificate/);
    await cloud.stop();
    await cloud.start({ ...plainListen, tls: { certificate, key, client_ca: ca } });
    const own = authority.issue("main-building");
    const known = { protocol: "mqtts", ca, cert: own.certificate, key: own.key } as const;
    await send(await cloud.signOn("main-building", known), batch([2]));
    await expect(cloud.signOn("main-building", { protocol: "mqtts", ca })).rejects.toThrow();
    await vi.waitUntil(() => cloud.ingress.stats().refused === 1);
  });
});
