import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GengfuError } from "@gengfu/shared/errors";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import { bearer, now, testAlert, testApi, testGateway, testReading, type TestApi } from "./fixture.ts";

/** Of a gateway that is well. */
const quietStatus: GatewayStatus = {
  gateway: "main",
  epoch: 7,
  at: now,
  clock: "synchronised",
  last: 10,
  backlog: { events: 0, samples: 0 },
  dropped: 0,
  quarantined: 0,
  uptime_s: 1,
  rss_bytes: 1,
  version: "0",
  troubles: [],
};

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api.app.close());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

async function call(method: "GET" | "POST", url: string, payload?: object | string): Promise<Answer> {
  const response = await api.app.inject({
    method,
    url: `/api/v1${url}`,
    headers: { ...bearer("manager"), ...(payload === undefined ? {} : { "content-type": "application/json" }) },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: response.statusCode,
    type: String(response.headers["content-type"]),
    body: response.json<Record<string, unknown>>(),
  };
}

const get = (url: string): Promise<Answer> => call("GET", url);

async function listed(url: string, key: string): Promise<Record<string, unknown>[]> {
  const { status, body } = await get(url);
  expect(status).toBe(200);
  return body[key] as Record<string, unknown>[];
}

describe("readings", () => {
  test("are flat, newest first, with people and places named", async () => {
    api.store.rows.push(
      testReading("contact", "fire-panel", now, { channel: "fire", value: 1 }),
      testReading("tap", "reader", now + 1, { detail: { card: "04a1b2c3" } }),
      testReading("status", "tank", now + 2, { detail: { battery_volts: 3.1, firmware: "1.0" } }),
    );
    const [status, tap, contact] = await listed("/readings", "readings");
    expect(status).toMatchObject({ kind: "status", value: null, battery_volts: 3.1, firmware: "1.0" });
    expect(tap).toMatchObject({ card: "04a1b2c3", guard: "zhang", guard_name: "张伟", checkpoint: "lobby" });
    expect(contact).toEqual({
      gateway: "main",
      epoch: 7,
      seq: 1_000_000,
      device: "fire-panel",
      channel: "fire",
      kind: "contact",
      at: now,
      receivedAt: now + 5,
      clock: "device",
      value: 1,
      closed: true,
    });
  });

  test("don't show by what a repeat of their publish is known", async () => {
    const known = { repeat: { key: "17.4711", mayRepeat: [8, 9] } };
    api.store.rows.push({ ...testReading("level", "tank", now), ...known });
    expect(JSON.stringify(await listed("/readings", "readings"))).not.toContain("4711");
  });

  test("a period includes its beginning and not its end, in milliseconds or ISO 8601", async () => {
    api.store.rows.push(...[0, 1_000, 2_000].map((age) => testReading("level", "tank", now + age)));
    const times = async (query: string): Promise<unknown[]> =>
      (await listed(`/readings?${query}`, "readings")).map(({ at }) => at);
    expect(await times(`from=${now}&to=${now + 2_000}`)).toEqual([now + 1_000, now]);
    expect(await times("from=2026-01-05T08:00:01%2B08:00&to=2026-01-05T00:00:02Z")).toEqual([now + 1_000]);
  });

  test("- asks for readings without a channel, and an unknown device has none", async () => {
    api.store.rows.push(testReading("level", "tank", now), testReading("level", "tank", now, { channel: "low" }));
    expect(await listed("/readings?channel=-", "readings")).toHaveLength(1);
    expect(await listed("/readings?device=nobody", "readings")).toEqual([]);
  });

  test("a limit is kept, 1,000 unless given", async () => {
    for (let index = 0; index < 1_100; index++) api.store.rows.push(testReading("level", "tank", now + index));
    expect(await listed("/readings", "readings")).toHaveLength(1_000);
    expect(await listed("/readings?limit=1100", "readings")).toHaveLength(1_100);
    expect(await listed("/readings?limit=2", "readings")).toHaveLength(2);
  });

  test("what broke the contract is listed apart", async () => {
    const detail = {
      topic: "gengfu/v1/tank/level",
      code: "missing_field",
      message: "no metres",
      path: "metres",
      payload: "{}",
    };
    api.store.rows.push(testReading("quarantine", "tank", now, { detail }), testReading("level", "tank", now));
    expect(await listed("/quarantine", "quarantine")).toEqual([
      { at: now, gateway: "main", device: "tank", ...detail },
    ]);
    expect(await listed("/readings", "readings")).toHaveLength(1);
  });
});

test("a batch that could not be decoded is listed with what broke the contract", async () => {
  const detail = { topic: "t", code: "c", message: "m", path: "p", payload: "{}" };
  api.store.rows.push(testReading("quarantine", "tank", now, { detail }));
  const body = Buffer.alloc(1_000, 1);
  api.batches.push({ id: 1, at: now + 1, gateway: "main", topic: "b", code: "batch_malformed", message: "torn", body });
  const found = await listed("/quarantine", "quarantine");
  expect(found).toEqual([
    {
      at: now + 1,
      gateway: "main",
      device: null,
      topic: "b",
      code: "batch_malformed",
      message: "torn",
      path: "",
      payload: "AQEB".repeat(100),
    },
    { at: now, gateway: "main", device: "tank", ...detail },
  ]);
  expect(await listed("/quarantine?device=tank", "quarantine")).toEqual([found[1]]);
  expect(await listed(`/quarantine?to=${now}`, "quarantine")).toEqual([]);
});

describe("series", () => {
  test("in buckets, oldest first", async () => {
    api.store.rows.push(
      ...[
        [0, 1],
        [10_000, 3],
        [60_000, 5],
      ].map(([age = 0, value = 0]) => testReading("level", "tank", now + age, { value })),
    );
    const points = await listed(
      `/readings/series?kind=level&device=tank&from=${now}&to=${now + 120_000}&every=1m`,
      "points",
    );
    expect(points).toEqual([
      { at: now, min: 1, mean: 2, max: 3, count: 2 },
      { at: now + 60_000, min: 5, mean: 5, max: 5, count: 1 },
    ]);
  });

  test.each([
    ["the last day in buckets of 2 minutes", "", 120_000],
    ["an hour in buckets of 5 s", `&from=${now - 3_600_000}`, 5_000],
    ["milliseconds", "&every=500&from=1767571199000", 500],
  ])("without a bucket or period: %s", async (_, query, every) => {
    let asked: { every: number } | undefined;
    api.store.series = async (series) => {
      asked = series;
      return [];
    };
    await listed(`/readings/series?kind=level${query}`, "points");
    expect(asked).toMatchObject({ every, to: now });
  });

  test("more than 10,000 points are refused with the least bucket", async () => {
    const { status, body } = await get("/readings/series?kind=level&every=1s");
    expect(status).toBe(400);
    expect(body["errors"]).toEqual([
      expect.objectContaining({ path: "every", allowed: expect.stringContaining("8640 ms") }),
    ]);
  });
});

describe("alerts", () => {
  test("are filtered by states, severities and a period whose end is not included", async () => {
    await listed(`/alerts?state=open,closed&severity=critical,info&from=5&to=9&limit=3`, "alerts");
    expect(api.alerts.query).toEqual({
      states: ["firing", "acknowledged", "cleared", "closed"],
      severities: ["critical", "info"],
      from: 5,
      to: 8,
      limit: 3,
    });
  });

  test("a second acknowledgement changes nothing", async () => {
    api.alerts.alerts.set("a1", testAlert("a1"));
    const first = await call("POST", "/alerts/a1/acknowledge", { by: "王强", note: "on my way" });
    expect(first).toMatchObject({ status: 200, body: { id: "a1", state: "acknowledged", acknowledgedBy: "王强" } });
    const second = await call("POST", "/alerts/a1/acknowledge", { by: "someone else" });
    expect(second).toEqual(first);
    expect((await get("/alerts/a1")).body["steps"]).toEqual([
      expect.objectContaining({ what: "acknowledged", who: "王强", note: "on my way" }),
    ]);
  });

  test("closing answers with the alert, a conflict, or that there is none", async () => {
    api.alerts.alerts.set("fires", testAlert("fires"));
    api.alerts.alerts.set("cleared", testAlert("cleared", { state: "cleared", clearedAt: now }));
    const body = { by: "王强", cause: "valve" };
    expect(await call("POST", "/alerts/cleared/close", body)).toMatchObject({ status: 200, body: { cause: "valve" } });
    expect(await call("POST", "/alerts/fires/close", body)).toMatchObject({
      status: 409,
      body: { detail: "it still fires" },
    });
    expect(await call("POST", "/alerts/none/close", body)).toMatchObject({ status: 404 });
    expect(await get("/alerts/none")).toMatchObject({ status: 404, type: expect.stringContaining("problem+json") });
  });

  test("messages to people tell why the last attempt failed", async () => {
    const common = {
      alert: "a1",
      severity: "critical",
      about: "firing",
      target: "wang",
      text: "t",
      nextAttemptAt: null,
      group: null,
      insteadOf: null,
      vendorId: null,
      receipt: null,
      receiptAt: null,
      receiptCode: null,
    } as const;
    api.alerts.sent.push(
      {
        ...common,
        id: 2,
        channel: "aliyun-sms",
        state: "failed",
        attempts: 5,
        createdAt: now,
        sentAt: null,
        code: "93000",
        detail: "invalid",
      },
      {
        ...common,
        id: 1,
        channel: "wecom-bot",
        state: "would_be_sent",
        attempts: 0,
        createdAt: now,
        sentAt: null,
        code: null,
        detail: null,
      },
    );
    const found = await listed("/notifications?alert=a1", "notifications");
    expect(found.map(({ error, state }) => [state, error])).toEqual([
      ["failed", "93000: invalid"],
      ["would_be_sent", null],
    ]);
  });
});

describe("the site", () => {
  test("shows what its gateways write to their disks, where they tell it", async () => {
    const told = async (): Promise<unknown> => (await listed("/gateways", "gateways"))[0]?.["disk"];
    expect(await told()).toBe(null);
    const disk = { written_today_bytes: 3_200_000, written_yesterday_bytes: null, waiting: 41 };
    api.gateways[0] = { ...testGateway, status: { ...quietStatus, disk } };
    expect(await told()).toEqual({ writtenTodayBytes: 3_200_000, writtenYesterdayBytes: null, waiting: 41 });
  });

  test("is told without phones, cards and secrets", async () => {
    const { body } = await get("/site");
    expect(body).toMatchObject({
      id: "court",
      timeZone: "Asia/Shanghai",
      people: [{ id: "zhang", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard" }],
      rules: [{ id: "tank-low", for_ms: 10_000, advice: null, when: { type: "below", limit: 1.5 } }],
      notifications: { wecom_bot: false, aliyun_sms: true },
    });
    expect(JSON.stringify(body)).not.toMatch(/13800000000|04A1B2C3|secret/);
    expect(await get("/site?id=elsewhere")).toMatchObject({ status: 404 });
  });

  test("its devices are listed whether heard or not, with the newest of each series", async () => {
    api.devices.add([
      testReading("contact", "fire-panel", now - 9, { channel: "fire", value: 0 }),
      testReading("contact", "fire-panel", now - 5, { channel: "fire", value: 1 }),
    ]);
    const devices = await listed("/devices", "devices");
    expect(devices.map(({ id, state }) => [id, state])).toEqual([
      ["fire-panel", "online"],
      ["tank", "unknown"],
      ["reader", "unknown"],
    ]);
    expect(devices[0]).toMatchObject({
      kinds: ["contact"],
      lastSeenAt: now,
      last: { "contact/fire": { at: now - 5, value: 1, closed: true } },
    });
  });

  test("a level comes with litres where the tank's shape is known", async () => {
    // 4 m by 2 m by 3 m
    const levels = [0, 1.25, 9].map((value, age) => testReading("level", "tank", now - 10 + age, { value }));
    const elsewhere = testReading("level", "tank", now - 20, { value: 1, channel: "other" });
    api.store.rows.push(...levels, elsewhere);
    const rows = await listed("/readings?kind=level", "readings");
    expect(rows.map(({ value, litres }) => [value, litres])).toEqual([
      [9, 24_000],
      [1.25, 10_000],
      [0, 0],
      [1, undefined],
    ]);
    api.devices.add(levels.slice(1, 2));
    const tank = (await listed("/devices", "devices")).find(({ id }) => id === "tank");
    expect(tank).toMatchObject({ last: { level: { value: 1.25, litres: 10_000 } } });
  });

  test("its rounds come with expected and actual taps and a verdict", async () => {
    api.store.rows.push(testReading("tap", "reader", now - 90 * 60_000, { detail: { card: "04A1B2C3" } }));
    const [round] = await listed("/rounds?date=2026-01-05&route=day", "rounds");
    expect(round).toMatchObject({
      verdict: "complete",
      checkpoints: [{ id: "lobby", tapAt: now - 90 * 60_000, guard: "zhang", guard_name: "张伟" }],
    });
    expect(await listed("/rounds?date=2026-01-06", "rounds")).toEqual([]);
  });
});

describe("what goes wrong is a problem, with every mistake named", () => {
  test.each([
    ["/readings?kind=smell&limit=0&from=yesterday&form=1", ["kind", "from", "limit", "form"]],
    ["/readings?limit=100001", ["limit"]],
    ["/readings?limit=many", ["limit"]],
    ["/readings?limit=1.5", ["limit"]],
    ["/readings?device=a/b&channel=%2B", ["device", "channel"]],
    ["/readings?from=2&to=1", ["from"]],
    ["/readings?from=2026-01-05", ["from"]],
    ["/readings?kind=level&kind=tap", ["kind"]],
    ["/readings/series", ["kind"]],
    ["/readings/series?kind=tap&every=soon", ["kind", "every"]],
    ["/readings/series?kind=level&every=0", ["every"]],
    ["/alerts?state=burning&severity=bad", ["state", "severity"]],
    ["/rounds?date=2026-02-30", ["date"]],
  ])("%s", async (url, paths) => {
    const { status, type, body } = await get(url);
    expect(status).toBe(400);
    expect(type).toContain("application/problem+json");
    expect(body).toMatchObject({ type: "about:blank", title: "Bad Request", status: 400 });
    const counted = paths.length === 1 ? "1 place" : `${paths.length} places`;
    const isSchema = !/from=2&to=1/.test(url);
    if (isSchema) expect(body["detail"]).toBe(`the query breaks its schema in ${counted}`);
    const errors = body["errors"] as { path: string; found: string; allowed: string }[];
    expect(errors.map(({ path }) => path)).toEqual(paths);
    for (const { found, allowed } of errors) expect([found, allowed]).not.toContain("");
  });

  test.each([
    ["no body", undefined, 400, [""]],
    ["an empty object", {}, 400, ["by", "cause"]],
    ["a blank name and another key", { by: " ", cause: "c", colour: 1 }, 400, ["by", "colour"]],
    ["no JSON", "{", 400, [""]],
    ["too much", { by: "a", cause: "c".repeat(70_000) }, 413, undefined],
  ])("a body with %s", async (_, payload, status, paths) => {
    api.alerts.alerts.set("a1", testAlert("a1", { state: "cleared" }));
    const answer = await call("POST", "/alerts/a1/close", payload);
    expect(answer.status).toBe(status);
    expect(answer.type).toContain("application/problem+json");
    const errors = answer.body["errors"] as { path: string }[] | undefined;
    expect(errors?.map(({ path }) => path)).toEqual(paths);
  });

  test("a body of another type", async () => {
    const response = await api.app.inject({
      method: "POST",
      url: "/api/v1/alerts/a1/close",
      headers: { ...bearer("manager"), "content-type": "text/plain" },
      payload: "by=me",
    });
    expect(response.statusCode).toBe(415);
    expect(response.headers["content-type"]).toContain("application/problem+json");
  });

  test("an address that does not exist, or makes no sense", async () => {
    expect(await get("/nothing")).toMatchObject({ status: 404, body: { title: "Not Found" } });
    expect((await call("POST", "/readings", {})).status).toBe(404);
    const response = await api.app.inject({ url: "/api/v1/%E0%A4%A" });
    expect(response.statusCode).toBe(400);
    expect(response.headers["content-type"]).toContain("application/problem+json");
  });

  test("a store that can't answer for now is a 503, and a fault of ours tells nothing of the inside", async () => {
    api.store.failure = new GengfuError("store_unavailable", "disk sdb1 is gone", { retryable: true });
    expect(await get("/readings")).toMatchObject({ status: 503 });
    api.store.failure = new Error("secret path /var/lib");
    const { status, body } = await get("/readings");
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret");
  });
});

describe("health", () => {
  test("is the worst of the checks, and 503 when the job can't be done", async () => {
    api.checks["influx"] = () => ({ status: "degraded", detail: "no answer" });
    expect(await get("/health")).toMatchObject({ status: 200, body: { status: "degraded" } });
    api.checks["store"] = () => {
      throw new Error("gone");
    };
    expect(await get("/health")).toMatchObject({
      status: 503,
      body: { status: "failing", checks: { store: { status: "failing", detail: "gone" } } },
    });
  });

  test("metrics are Prometheus text", async () => {
    const response = await api.app.inject({ url: "/api/v1/metrics", headers: bearer("viewer") });
    expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.body).toBe(
      "# HELP gengfu_cloud_readings_total Readings.\n# TYPE gengfu_cloud_readings_total counter\n" +
        'gengfu_cloud_readings_total{lane="events"} 3\n',
    );
  });
});
