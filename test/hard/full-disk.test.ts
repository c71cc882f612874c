import { expect, onTestFinished, test } from "vitest";
import { settledOf, type Api, type ReadingRow } from "../support/api.ts";
import { Device } from "../support/device.ts";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { theGateway } from "../support/gateway.ts";
import { startServices, type Services } from "../support/services.ts";
import { smallDisk } from "../support/small-disk.ts";
import { until } from "../support/until.ts";

/** So that what the gateway tells is news, and a cloud that doesn't acknowledge is given up, within the test's time. */
const uplink = { heartbeat: "300ms", acknowledge_timeout: "2s" };

test("the edge's disk fills up: nothing is acknowledged that it can't keep, and nothing is lost", async () => {
  const disk = smallDisk();
  const services = await startServices({ edgeData: disk.folder, uplink });
  const { api, edge, cloud } = services;
  const tank = new Tank(services);

  await tank.publish(200);
  await until("the first readings", async () => (await levels(api)).length === 200);
  await cloud.kill();
  await tank.publish(300);

  disk.fill(edge.pid);
  const held = tank.publish(100);
  await until("the edge to notice", () => edge.log.includes("the log can't be written"));
  // a power cut meanwhile must not keep it from handing on what it has
  await edge.kill();
  await edge.startWell();
  disk.fill(edge.pid);
  await cloud.startWell();
  await until("what it holds to arrive though its disk is full", async () => (await levels(api)).length === 500);
  const trouble = await until("the gateway to tell of it", async () => (await theGateway(api)).troubles[0]);
  expect(trouble).toContain("请检查磁盘");
  expect(trouble).toContain("Check the disk");
  const later = tank.publish(50);
  await heartbeats(api, 3);
  expect(tank.device.unacknowledged).toBe(150);
  expect((await levels(api)).length).toBe(500);

  disk.free(edge.pid);
  await Promise.all([held, later]);
  await until("all readings", async () => (await levels(api)).length >= 650);
  expect(seqsTwice(await levels(api))).toEqual([]);
  expect(tank.marks(await levels(api))).toEqual(tank.published);
  await until("the gateway to tell that it is over", async () => (await theGateway(api)).troubles.length === 0);
  await expectNoneMissing(api);
});

test("the cloud's disk fills up: the edge keeps the backlog, the API answers and says what is wrong", async () => {
  const wecom = await startFakeWecom();
  onTestFinished(() => wecom.stop());
  const disk = smallDisk();
  const services = await startServices({ cloudData: disk.folder, uplink, wecomUrl: wecom.url });
  const { api, cloud } = services;
  const tank = new Tank(services);
  const panel = device(services, "fire-panel");

  await tank.publish(200);
  await until("the first readings", async () => (await levels(api)).length === 200);
  expect(await health(api)).toMatchObject({ status: 200, body: { status: "ok" } });

  disk.fill(cloud.pid);
  await tank.publish(300);
  await panel.publish("contact", { channel: "fire", closed: true });
  const told = await until("/health to tell", async () => {
    const found = await health(api);
    return found.body.status !== "ok" && found;
  });
  expect(told).toMatchObject({ status: 503, body: { status: "failing" } });
  expect(told.body.checks["log"]?.detail).toMatch(/full|disk/);
  await until("the backlog to show", async () => ((await theGateway(api)).backlog ?? 0) >= 301);
  // long enough for the edge to give up its connection and to send all of it again
  await heartbeats(api, 10);
  expect((await levels(api)).length).toBe(200);
  expect(await api.alerts()).toEqual([]);
  // who restarts it in the hope that this helps can still see what is wrong
  await cloud.kill();
  await cloud.startWell();
  disk.fill(cloud.pid);
  expect((await levels(api)).length).toBe(200);
  await until("/health to tell again", async () => (await health(api)).body.status === "failing");

  disk.free(cloud.pid);
  await until("all readings", async () => (await levels(api)).length >= 500);
  expect(seqsTwice(await levels(api))).toEqual([]);
  expect(tank.marks(await levels(api))).toEqual(tank.published);
  await until("the fire to reach the group", () => wecom.requests.length > 0);
  await until("/health to be well again", async () => (await health(api)).body.status === "ok");
  expect((await api.alerts()).map(({ rule }) => rule)).toEqual(["fire"]);
  expect(wecom.requests.length).toBe(1);
  await until("no backlog", async () => (await theGateway(api)).backlog === 0);
  await expectNoneMissing(api);
});

/** A device that publishes levels, of which no two are alike. */
class Tank {
  readonly device: Device;
  readonly published: string[] = [];

  constructor(services: Services) {
    this.device = device(services, "tank-domestic");
  }

  /** Resolves when all of them are acknowledged. */
  async publish(count: number): Promise<void> {
    const sent = Array.from({ length: count }, () => {
      const metres = this.published.length / 10_000;
      this.published.push(String(metres));
      return this.device.publish("level", { metres });
    });
    await Promise.all(sent);
  }

  /** Of the rows, in the order in which they were published. */
  marks(rows: readonly ReadingRow[]): string[] {
    return rows
      .map(({ value }) => value ?? NaN)
      .sort((a, b) => a - b)
      .map(String);
  }
}

function device({ deviceBroker }: Services, name: string): Device {
  const made = new Device({ broker: deviceBroker, device: name });
  onTestFinished(() => made.end());
  return made;
}

function levels(api: Api): Promise<ReadingRow[]> {
  return api.readings("?kind=level&device=tank-domestic&limit=100000");
}

function seqsTwice(rows: readonly ReadingRow[]): number[] {
  const seqs = rows.map(({ seq }) => seq);
  return seqs.filter((seq, index) => seqs.indexOf(seq) !== index);
}

/** Resolves when the gateway was heard of so many times more. */
async function heartbeats(api: Api, count: number): Promise<void> {
  for (let heard = 0; heard < count; heard++) {
    const before = (await theGateway(api)).lastSeenAt;
    await until("a heartbeat", async () => (await theGateway(api)).lastSeenAt !== before);
  }
}

async function health(api: Api): Promise<{
  status: number;
  body: { status: string; checks: Record<string, { status: string; detail: string | null }> };
}> {
  const { status, body } = await api.call("GET", "/health");
  return { status, body: body as Awaited<ReturnType<typeof health>>["body"] };
}

async function expectNoneMissing(api: Api): Promise<void> {
  const gateway = await theGateway(api);
  expect(gateway.missing).toEqual([]);
  expect(settledOf(gateway)).toEqual([[1, expect.any(Number)]]);
}
