import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Demo, showOnFailure } from "../support/demo.ts";
import { startFakeAliyun, type FakeAliyun } from "../support/fake-aliyun.ts";
import { startFakeWecom, type FakeWecom } from "../support/fake-wecom.ts";
import { startInflux, type Influx, type InfluxRow } from "../support/influxd.ts";
import { publishReading } from "../support/mosquitto.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const database = "gengfu";
/** The phone of the one who is on call in the demo site. */
const phone = "13800000000";
/** From the contact's publish to WeCom, on a machine that does much else meanwhile; alone it takes some 50 ms. */
const wecom_within_ms = 5_000;

describe.skipIf(lacks("mosquitto_pub", "influxd"))("the whole way of a reading", () => {
  let influx: Influx;
  let wecom: FakeWecom;
  let aliyun: FakeAliyun;
  let demo: Demo;
  beforeAll(async () => {
    [influx, wecom, aliyun] = await Promise.all([startInflux(), startFakeWecom(), startFakeAliyun()]);
    const env = {
      INFLUX_URL: influx.url,
      INFLUX_DATABASE: database,
      WECOM_BOT_URL: wecom.url,
      ALIYUN_SMS_ENDPOINT: aliyun.url,
      ALIYUN_SMS_ACCESS_KEY_ID: aliyun.accessKeyId,
      ALIYUN_SMS_ACCESS_KEY_SECRET: aliyun.accessKeySecret,
      ALIYUN_SMS_SIGN_NAME: "更夫",
      ALIYUN_SMS_TEMPLATE_CODE: "SMS_123456789",
    };
    demo = await new Demo({ env }).start();
  });
  beforeEach(() => showOnFailure(demo));
  afterAll(async () => {
    await demo?.remove();
    await Promise.all([influx?.stop(), wecom?.stop(), aliyun?.stop()]);
  });

  /** Publishes as the device does, and gives what the API and InfluxDB then have of it. */
  async function send(device: string, kind: string, payload: Record<string, unknown>): Promise<Arrived> {
    const sent = await publishReading({ broker: demo.endpoints.deviceBroker, device }, kind, payload);
    expect(sent).toEqual({ code: 0, stderr: "" });
    const row = await until(`the ${kind} of ${device} in the API`, async () => {
      const rows = await demo.api.readings(`?kind=${kind}&device=${device}`);
      return rows[0];
    });
    const point = await until(`the ${kind} of ${device} in InfluxDB`, async () => {
      const time = `time >= ${row.at}ms AND time < ${row.at + 1}ms`;
      const query = `SELECT * FROM "${kind}" WHERE device = '${device}' AND ${time}`;
      return (await influx.query(query, { database }))[0];
    });
    return { row, point };
  }

  interface Arrived {
    readonly row: Readonly<Record<string, unknown>>;
    readonly point: InfluxRow;
  }

  const tags = { site: "yitong-court", gateway: "main-building" };

  test("a tap arrives with its guard and checkpoint", async () => {
    const { row, point } = await send("reader-lobby", "tap", { card: "04A1B2C3D4E580", boot: 1, seq: 1 });
    expect(row).toMatchObject({ gateway: "main-building", channel: null, card: "04A1B2C3D4E580" });
    expect(point).toMatchObject({
      ...tags,
      device: "reader-lobby",
      channel: "-",
      checkpoint: "lobby",
      card: "04A1B2C3D4E580",
      guard: "zhang-wei",
      guard_name: "张伟",
      seq: row["seq"],
    });
  });

  test("a level arrives at the time that the device gave it", async () => {
    const at = Date.now() - 5_000;
    const { row, point } = await send("tank-domestic", "level", { metres: 1.87, at, boot: 1, seq: 1 });
    expect(row).toMatchObject({ gateway: "main-building", channel: null, at, value: 1.87 });
    expect(point).toMatchObject({ ...tags, device: "tank-domestic", channel: "-", value: 1.87, seq: row["seq"] });
  });

  test("a temperature arrives with its channel", async () => {
    const { row, point } = await send("boiler-1", "temperature", { celsius: 64.5, channel: "supply" });
    expect(row).toMatchObject({ channel: "supply", value: 64.5 });
    expect(point).toMatchObject({ ...tags, device: "boiler-1", channel: "supply", value: 64.5, seq: row["seq"] });
  });

  test("a status arrives field by field", async () => {
    const status = { battery_volts: 3.61, rssi_dbm: -71, uptime_seconds: 12, firmware: "1.2.3" };
    const { row, point } = await send("reader-lobby", "status", status);
    expect(row).toMatchObject(status);
    expect(point).toMatchObject({ ...tags, device: "reader-lobby", ...status });
  });

  test("a fire reaches the group and the phone on call, each once, and acknowledging it ends it", async () => {
    const published = performance.now();
    const { row, point } = await send("fire-panel", "contact", { channel: "fire", closed: true });
    expect(row).toMatchObject({ channel: "fire", value: 1, closed: true });
    expect(point).toMatchObject({ ...tags, device: "fire-panel", channel: "fire", value: 1 });

    const alert = await until("the alert", async () => (await demo.api.alerts("?state=firing"))[0]);
    expect(alert).toMatchObject({ rule: "fire", severity: "critical", site: "yitong-court", device: "fire-panel" });
    expect(alert.message).toContain("火警");

    await until("the message to the group", () => wecom.requests.length > 0);
    await until("the SMS", () => aliyun.requests.length > 0);
    const latency_ms = (wecom.requests[0]?.at ?? Infinity) - published;
    console.log(`contact to WeCom, with the start of mosquitto_pub: ${Math.round(latency_ms)} ms`);
    expect(latency_ms).toBeLessThan(wecom_within_ms);
    expect(wecom.requests[0]?.content).toContain("火警");
    expect(wecom.requests[0]?.content).toContain("Fire");
    expect(aliyun.requests[0]).toMatchObject({ phoneNumbers: phone, signName: "更夫", templateCode: "SMS_123456789" });

    const acknowledged = await demo.api.acknowledge(alert.id, "王强", "going there");
    expect(acknowledged).toMatchObject({ id: alert.id, state: "acknowledged", acknowledgedBy: "王强" });
    const again = await demo.api.acknowledge(alert.id, "李娜");
    expect(again).toEqual(acknowledged);

    await publishReading({ broker: demo.endpoints.deviceBroker, device: "fire-panel" }, "contact", {
      channel: "fire",
      closed: false,
    });
    const cleared = await until("the alert to clear", async () =>
      (await demo.api.alerts()).find(({ id, clearedAt }) => id === alert.id && clearedAt !== null),
    );
    expect(cleared.state).toBe("cleared");
    const steps = await until("the alert's states in InfluxDB", async () => {
      const found = await influx.query(`SELECT id, state, rule, severity FROM alert WHERE id = '${alert.id}'`, {
        database,
      });
      return found.length >= 3 && found;
    });
    expect(steps.map(({ state }) => state)).toEqual(["firing", "acknowledged", "cleared"]);
    expect(steps[0]).toMatchObject({ rule: "fire", severity: "critical" });

    // all that follows went the same way, so anything sent twice would have been seen by now
    expect(wecom.requests.length).toBe(1);
    expect(aliyun.requests.length).toBe(1);
    expect(await demo.api.alerts("?state=firing")).toEqual([]);
  });

  test("the live stream tells of it as it comes", async () => {
    const { api, token, deviceBroker: broker } = demo.endpoints;
    const stop = new AbortController();
    const response = await fetch(`${api}/events`, {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    const reading = (async () => {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString("utf8");
      }
    })().catch(() => undefined);
    await publishReading({ broker, device: "screening-gate" }, "count", { total: 4_711 });
    const event = await until(
      "the count in the stream",
      () => /event: reading\ndata: (.*"value":4711.*)/.exec(text)?.[1],
    );
    expect(JSON.parse(event)).toMatchObject({ device: "screening-gate", kind: "count" });
    stop.abort();
    await reading;
  });

  test("the gateway's state is written too", async () => {
    const [status] = await until("gateway_status", async () => {
      const found = await influx.query(`SELECT * FROM gateway_status ORDER BY time DESC LIMIT 1`, { database });
      return found.length > 0 && found;
    });
    expect(status).toMatchObject({ gateway: "main-building", site: "yitong-court" });
  });
});
