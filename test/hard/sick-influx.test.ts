import { describe, expect, onTestFinished, test } from "vitest";
import type { Api } from "../support/api.ts";
import { Device } from "../support/device.ts";
import { startFakeWecom } from "../support/fake-wecom.ts";
import { startInflux } from "../support/influxd.ts";
import { startServices } from "../support/services.ts";
import { startSickServer } from "../support/sick-server.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const database = "gengfu";
const wecom_within_ms = 1_000;
const week_ms = 7 * 86_400_000;

describe.skipIf(lacks("influxd"))("InfluxDB hangs, then fails, then refuses points", () => {
  test("nothing else notices, the circuit opens for all to see, and what can be written is written in the end", async () => {
    const [influx, wecom] = await Promise.all([startInflux(), startFakeWecom()]);
    onTestFinished(async () => {
      await Promise.all([influx.stop(), wecom.stop()]);
    });
    const now = Date.now();
    await influx.query(`CREATE DATABASE ${database}`);
    // someone else's point: from now on every level of this week is in conflict with it
    const conflict = `level,device=by-hand value="1.5 m" ${now}000000`;
    await fetch(`${influx.url}/write?db=${database}`, { method: "POST", body: conflict });
    const sick = await startSickServer(influx.url, "hangs");
    const services = await startServices({ influx: { url: sick.url, database, timeout: "1s" }, wecomUrl: wecom.url });
    const { api } = services;
    const [boiler, tank, panel] = ["boiler-1", "tank-domestic", "fire-panel"].map((name) => {
      const device = new Device({ broker: services.deviceBroker, device: name });
      onTestFinished(() => device.end());
      return device;
    }) as [Device, Device, Device];
    let published = 0;

    /** Readings of every sort arrive in the API, and a fire reaches people, as if nothing were wrong. */
    async function expectBusinessAsUsual(): Promise<void> {
      const sent: Promise<void>[] = [];
      for (let each = 0; each < 100; each++) {
        const n = published++;
        sent.push(boiler.publish("temperature", { celsius: 20 + n / 100, channel: "supply", at: now + n }));
        // one in ten lies in another week, where it is in conflict with nothing
        sent.push(tank.publish("level", { metres: n / 1_000, at: n % 10 === 0 ? now - 4 * week_ms + n : now + n }));
      }
      await Promise.all(sent);
      await until("the readings in the API", async () => {
        const [levels, temperatures] = await Promise.all(
          ["level", "temperature"].map((kind) => api.readings(`?kind=${kind}&limit=100000`)),
        );
        return levels?.length === published && temperatures?.length === published;
      });
      const before = wecom.requests.length;
      const closed = performance.now();
      await panel.publish("contact", { channel: "fire", closed: true });
      await until("the fire to reach the group", () => wecom.requests.length > before, { every_ms: 5 });
      const took_ms = Math.round((wecom.requests.at(-1)?.at ?? Infinity) - closed);
      console.log(`fire to WeCom: ${took_ms} ms`);
      expect(took_ms).toBeLessThan(wecom_within_ms);
      await panel.publish("contact", { channel: "fire", closed: false });
    }

    await expectBusinessAsUsual();
    await until("the writer to try", () => sick.requests > 0);
    await expectHealth(api, "degraded", /InfluxDB can't be reached/);
    await expectBusinessAsUsual();

    sick.become("fails");
    await until("the circuit to open", async () => (await metric(api, 'store_circuit_open{store="influx"}')) === 1);
    expect(await metric(api, 'store_circuit_open{store="store"}')).toBe(0);
    await expectHealth(api, "degraded", /InfluxDB answered 500/);
    expect(await metric(api, 'consumer_backlog{consumer="influx",lane="samples"}')).toBe(2 * published);
    await expectBusinessAsUsual();

    sick.become("well");
    const rejected = published - published / 10;
    await until("InfluxDB to have been written", async () => {
      const written = await metric(api, 'store_written_total{store="influx"}');
      const refused = await metric(api, 'store_rejected_total{store="influx"}');
      return refused === rejected && written >= 2 * published - rejected;
    });
    const count = async (q: string): Promise<number> => {
      const rows = await influx.query(q, { database });
      return rows.length;
    };
    expect(await count(`SELECT value FROM temperature`)).toBe(published);
    expect(await count(`SELECT value FROM level WHERE device = 'tank-domestic'`)).toBe(published / 10);
    await until("the fires", async () => (await count(`SELECT value FROM contact`)) === 6);
    await until("the alerts' steps", async () => (await count(`SELECT id FROM alert WHERE rule = 'fire'`)) === 6);
    expect(services.cloud.log).toContain("field type conflict");
    expect(await metric(api, 'store_circuit_open{store="influx"}')).toBe(0);
    await expectHealth(api, "ok", null);
    expect((await api.alerts()).map(({ rule, state }) => `${rule} ${state}`)).toEqual(Array(3).fill("fire cleared"));
    expect(wecom.requests.length).toBe(3);
  });
});

async function expectHealth(api: Api, status: string, detail: RegExp | null): Promise<void> {
  const found = await until(`/health to say ${status}`, async () => {
    const { body, status: code } = await api.call("GET", "/health");
    const health = body as { status: string; checks: Record<string, { detail: string | null }> };
    return health.status === status && { ...health, code };
  });
  expect(found.code).toBe(200);
  const told = found.checks["influx"]?.detail ?? null;
  if (detail === null) expect(told).toBe(null);
  else expect(told).toMatch(detail);
}

/** A figure of `GET /metrics`, by the end of its name with its labels. */
async function metric(api: Api, name: string): Promise<number> {
  const { body } = await api.call("GET", "/metrics");
  const line = String(body)
    .split("\n")
    .find((each) => each.startsWith(`gengfu_cloud_${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.slice(line.lastIndexOf(" ")));
}
