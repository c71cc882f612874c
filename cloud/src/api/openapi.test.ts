import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { bearer, now, testAlert, testApi, testReading, type TestApi } from "./fixture.ts";

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api.app.close());

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: unknown[];
  parameters?: { name: string; in: string; description?: string; schema: object }[];
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Description {
  openapi: string;
  info: { title: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { description?: string }>; securitySchemes: object };
}

async function describeApi(): Promise<Description> {
  const response = await api.app.inject({ url: "/api/v1/openapi.json" });
  expect(response.statusCode).toBe(200);
  return response.json<Description>();
}

/** The calls of the API. One that is added must be described, and is then listed here. */
const calls = [
  "delete /session",
  "get /alerts",
  "get /alerts/{id}",
  "get /devices",
  "get /events",
  "get /findings",
  "get /findings.csv",
  "get /findings/{id}",
  "get /gateways",
  "get /gateways/{id}/post-check",
  "get /health",
  "get /metrics",
  "get /notifications",
  "get /openapi.json",
  "get /quarantine",
  "get /readings",
  "get /readings/series",
  "get /rounds",
  "get /session",
  "get /site",
  "get /transmission-strangers",
  "get /unclaimed",
  "post /alerts/{id}/acknowledge",
  "post /alerts/{id}/close",
  "post /findings",
  "post /findings/{id}/steps",
  "post /gateways/{id}/post-check",
  "post /session",
];

test("every route is described, and nothing else", async () => {
  const { openapi, paths } = await describeApi();
  expect(openapi).toBe("3.1.0");
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path.replace("/api/v1", "")}`),
  );
  expect(described.sort()).toEqual(calls);
  for (const call of calls) {
    const [method = "", path = ""] = call.split(" ");
    const url = `/api/v1${path.replace("{id}", ":id")}`;
    expect([call, api.app.hasRoute({ method: method.toUpperCase() as "GET", url })]).toEqual([call, true]);
  }
});

test("every call says what it is for, what it takes, and what it answers, in words", async () => {
  const { paths, components } = await describeApi();
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const call = `${method} ${path}`;
      expect([call, operation.summary]).toEqual([call, expect.stringMatching(/.{10}/)]);
      expect([call, operation.tags]).toEqual([call, [expect.any(String)]]);
      ids.add(operation.operationId ?? call);
      for (const { name, description } of operation.parameters ?? []) {
        expect([call, name, description]).toEqual([call, name, expect.stringMatching(/.{5}/)]);
      }
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        expect([call, status, description]).toEqual([call, status, expect.not.stringContaining("Default Response")]);
        if (Number(status) >= 400 && !path.endsWith("/health")) {
          expect([call, status, Object.keys(content ?? {})]).toEqual([call, status, ["application/problem+json"]]);
        }
      }
      const isOpen = !("401" in operation.responses) || call === "post /api/v1/session";
      expect([call, operation.security]).toEqual([call, isOpen ? [] : undefined]);
    }
  }
  expect(ids.size).toBe(calls.length);
  for (const [name, schema] of Object.entries(components.schemas)) {
    expect([name, schema.description]).toEqual([name, expect.any(String)]);
    expect(name).not.toMatch(/Input$/);
  }
});

test("all that it refers to is there", async () => {
  const description = await describeApi();
  const names = Object.keys(description.components.schemas);
  for (const [, name] of JSON.stringify(description).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(names).toContain(name);
  }
});

describe("what is answered is what is described", () => {
  const body = { by: "王强", note: "", cause: "test" };
  const cases: [call: string, url: string, payload?: object | undefined, status?: number][] = [
    ["get /health", "/health"],
    ["get /openapi.json", "/openapi.json"],
    ["get /readings", "/readings"],
    ["get /readings", "/readings?kind=quarantine"],
    ["get /readings", "/readings?limit=0", undefined, 400],
    ["get /readings/series", `/readings/series?kind=level&from=${now}&to=${now + 10_000}`],
    ["get /quarantine", "/quarantine"],
    ["get /alerts", "/alerts"],
    ["get /alerts/{id}", "/alerts/a1"],
    ["get /alerts/{id}", "/alerts/none", undefined, 404],
    ["post /alerts/{id}/acknowledge", "/alerts/a1/acknowledge", { by: body.by, note: null }],
    ["post /alerts/{id}/close", "/alerts/a2/close", { by: body.by, cause: body.cause }],
    ["post /alerts/{id}/close", "/alerts/a1/close", { by: body.by, cause: body.cause }, 409],
    ["get /notifications", "/notifications"],
    ["get /findings", "/findings"],
    ["get /findings/{id}", "/findings/1"],
    ["get /findings/{id}", "/findings/9", undefined, 404],
    ["post /findings", "/findings", { by: body.by, alert: "a1" }, 201],
    ["post /findings/{id}/steps", "/findings/1/steps", { by: body.by, what: "start" }],
    ["post /findings/{id}/steps", "/findings/1/steps", { by: body.by, what: "verify" }, 409],
    ["get /site", "/site"],
    ["get /gateways", "/gateways"],
    ["get /devices", "/devices"],
    ["get /unclaimed", "/unclaimed"],
    ["get /transmission-strangers", "/transmission-strangers"],
    ["get /gateways/{id}/post-check", "/gateways/main/post-check", undefined, 404],
    ["post /gateways/{id}/post-check", "/gateways/main/post-check", { by: body.by }, 404],
    ["get /rounds", "/rounds"],
    ["get /session", "/session"],
    ["post /session", "/session", { token: "nobody's" }, 401],
  ];
  test.each(cases)("%s: %s", async (call, url, payload, status = 200) => {
    fill();
    const [method = "", path = ""] = call.split(" ");
    const response = await api.app.inject({
      method: method.toUpperCase() as "GET",
      url: `/api/v1${url}`,
      headers: bearer("manager"),
      ...(payload === undefined ? {} : { payload }),
    });
    expect(response.statusCode).toBe(status);
    const { paths, components } = await describeApi();
    const content = paths[`/api/v1${path}`]?.[method]?.responses[String(status)]?.content;
    const type = String(response.headers["content-type"]).split(";")[0] ?? "";
    const schema = content?.[type]?.schema;
    expect(schema).toBeDefined();
    const result = schemaFrom({ ...schema, $defs: components.schemas }).safeParse(response.json());
    expect(result.error?.issues ?? []).toEqual([]);
  });

  function fill(): void {
    api.store.rows.push(
      testReading("level", "tank", now),
      testReading("contact", "fire-panel", now, { channel: "fire" }),
      testReading("tap", "reader", now - 5_400_000, { detail: { card: "04A1B2C3" } }),
      testReading("tap", "reader", now - 5_300_000, { detail: { card: "FFFFFFFF" } }),
      testReading("status", "tank", now, {
        detail: { battery_volts: 3, rssi_dbm: -60, uptime_seconds: 5, firmware: "1" },
      }),
      testReading("quarantine", "tank", now, {
        detail: { topic: "t", code: "c", message: "m", path: "p", payload: "{}" },
      }),
    );
    api.devices.add(api.store.rows);
    api.unclaimed.take("main", {
      devices: [
        {
          via: "zigbee",
          name: "door",
          reason: "unknown_device",
          count: 1,
          firstSeenAt: now,
          lastSeenAt: now,
          topics: [{ topic: "zigbee2mqtt/door", payload: "{}", count: 1, lastSeenAt: now }],
          proposal: { site: "devices: []\n", edge: null },
        },
      ],
      forgotten: 0,
    });
    api.findings.add({ by: "王强", what: "灭火器压力不足" });
    api.alerts.alerts.set("a1", testAlert("a1"));
    api.alerts.alerts.set("a2", testAlert("a2", { state: "cleared" }));
  }

  function schemaFrom(schema: object): z.ZodType {
    return z.fromJSONSchema(JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/")));
  }
});
