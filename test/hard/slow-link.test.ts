import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { Api } from "../support/api.ts";
import { Device } from "../support/device.ts";
import { startFakeWecom, type FakeWecom } from "../support/fake-wecom.ts";
import { theGateway } from "../support/gateway.ts";
import { startServices, type Services } from "../support/services.ts";
import { startSlowLink, type SlowLink } from "../support/slow-link.ts";
import { until } from "../support/until.ts";

const line = { latency_ms: 300, bytes_per_s: 20_000 };
const roundTrip_ms = 2 * line.latency_ms;
const backlog = 20_000;
/**
 * An alarm waits behind what is on the line already, a batch of up to some 10 kB, and takes half a round trip; what
 * stands for a busy machine is three times the same again.
 */
const alarm_within_ms = 4 * (2 * roundTrip_ms + 500);
/**
 * A fire signal may take 10 s from the panel to the centre, also over a line that is dead and doesn't say so. What is
 * measured is printed; the same again is for a busy machine.
 */
const centre_within_ms = 20_000;

test("a backlog drains over a slow line that breaks and hangs, and alarms overtake it", async () => {
  const { wecom, link, services } = await siteOverSlowLink();
  const { api, deviceBroker: broker } = services;
  const tanks = ["tank-domestic", "tank-fire"].map((device) => new Device({ broker, device, window: 500 })) as [
    Device,
    Device,
  ];
  const panel = new Device({ broker, device: "fire-panel" });
  onTestFinished(() => [...tanks, panel].forEach((device) => device.end()));

  await Promise.all(
    Array.from({ length: backlog }, (_, n) =>
      tanks[n % 2 === 0 ? 0 : 1].publish("level", { metres: 2 + (n % 1_000) / 10_000 }),
    ),
  );
  link.up();
  const started = performance.now();
  await until("the backlog to begin to arrive", async () => (await arrived(api)) > 0);

  const first_ms = await alarm(panel, wecom);
  await until("a quarter of it", async () => (await arrived(api)) > backlog / 4);
  const second_ms = await alarm(panel, wecom);
  console.log(`alarms amid the backlog: ${first_ms} ms, ${second_ms} ms`);
  expect(await arrived(api), "the alarms overtake the backlog").toBeLessThan(backlog);
  expect(Math.max(first_ms, second_ms)).toBeLessThan(alarm_within_ms);

  link.cut();
  await until("it to go on", async () => (await arrived(api)) > (backlog * 2) / 5);
  // nobody closes anything: the edge has to find out by itself, and what comes meanwhile has to wait for that
  link.hang();
  const hung_ms = await alarm(panel, wecom);
  console.log(`an alarm on a line that is dead and doesn't say so: ${hung_ms} ms`);
  expect(hung_ms).toBeLessThan(centre_within_ms);
  await until("it to go on", async () => (await arrived(api)) > (backlog * 3) / 5);
  link.cut();

  await until("all of the backlog", async () => (await arrived(api)) >= backlog, { within_ms: 60_000 });
  console.log(`${backlog} readings took ${Math.round((performance.now() - started) / 1_000)} s`);
  expect(await arrived(api)).toBe(backlog);
  const { missing, received } = await theGateway(api);
  expect(missing).toEqual([]);
  expect(received).toEqual([[1, expect.any(Number)]]);
  const fires = (await api.alerts()).filter(({ rule }) => rule === "fire");
  expect(fires.length).toBe(3);
  expect(wecom.requests.length).toBe(3);
});

test("a backlog of large readings leaves the slow line free for alarms, too", async () => {
  const { wecom, link, services } = await siteOverSlowLink();
  const { api, deviceBroker: broker } = services;
  const broken = ["boiler-1", "screening-gate", "tank-fire"].map((device) => new Device({ broker, device }));
  const panel = new Device({ broker, device: "fire-panel" });
  onTestFinished(() => [...broken, panel].forEach((device) => device.end()));
  const each = 30;
  const quarantined = async (): Promise<number> => (await api.quarantine()).length;

  // what nothing makes smaller, and most of it is kept for people to look at
  await Promise.all(
    broken.flatMap((device) => Array.from({ length: each }, () => device.publishBytes("level", randomBytes(1_600)))),
  );
  link.up();
  // what it says of itself goes before its first batch
  await until("the gateway to have begun", async () => (await theGateway(api)).backlog !== null);
  const took_ms = await alarm(panel, wecom);
  console.log(`an alarm amid large readings: ${took_ms} ms`);
  expect(await quarantined(), "the alarm overtakes them").toBeLessThan(broken.length * each);
  expect(took_ms).toBeLessThan(alarm_within_ms);
  await until("all of them", async () => (await quarantined()) >= broken.length * each, { within_ms: 60_000 });
  expect(await quarantined()).toBe(broken.length * each);
});

interface SiteOverSlowLink {
  readonly wecom: FakeWecom;
  readonly link: SlowLink;
  readonly services: Services;
}

/** With the line down. */
async function siteOverSlowLink(): Promise<SiteOverSlowLink> {
  const wecom = await startFakeWecom();
  onTestFinished(() => wecom.stop());
  let link: SlowLink | undefined;
  const services = await startServices({
    wecomUrl: wecom.url,
    between: async (port) => (link = await startSlowLink(port, line)).port,
  });
  if (link === undefined) throw new Error("there is no link");
  return { wecom, link, services };
}

/** Closes the fire contact; how long it took to reach people. The contact is open again afterwards. */
async function alarm(panel: Device, wecom: FakeWecom): Promise<number> {
  const before = wecom.requests.length;
  const closed = performance.now();
  await panel.publish("contact", { channel: "fire", closed: true });
  await until("the alarm to reach the group", () => wecom.requests.length > before, { every_ms: 10 });
  const took_ms = Math.round((wecom.requests.at(-1)?.at ?? Infinity) - closed);
  await panel.publish("contact", { channel: "fire", closed: false });
  return took_ms;
}

async function arrived(api: Api): Promise<number> {
  return (await api.readings("?kind=level&limit=100000")).length;
}
