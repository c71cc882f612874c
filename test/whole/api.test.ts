import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { Api } from "../support/api.ts";
import { Demo, showOnFailure } from "../support/demo.ts";

let demo: Demo;
let stranger: Api;
beforeAll(async () => {
  demo = await new Demo().start();
  stranger = new Api(demo.endpoints.api, undefined);
});
beforeEach(() => showOnFailure(demo));
afterAll(() => demo?.remove());

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), found: z.string(), allowed: z.string() })).optional(),
});

const closed = [
  "/readings",
  "/readings/series?kind=level",
  "/alerts",
  "/gateways",
  "/devices",
  "/quarantine",
  "/rounds",
];

test.each([...closed, "/events"])("without a token GET %s answers 401", async (path) => {
  for (const api of [stranger, new Api(demo.endpoints.api, "wrong")]) {
    const { status, type, body } = await api.call("GET", path);
    expect(status).toBe(401);
    expect(type).toContain("application/problem+json");
    expect(problem.parse(body).status).toBe(401);
  }
});

test.each(closed)("with the token GET %s answers 200", async (path) => {
  expect((await demo.api.call("GET", path)).status).toBe(200);
});

test("an alert can't be acknowledged without a token", async () => {
  const { status } = await stranger.call("POST", "/alerts/none/acknowledge", { by: "x", note: "" });
  expect(status).toBe(401);
});

test("health and the description are open, and name every call", async () => {
  const health = await stranger.call("GET", "/health");
  expect(health.status).toBe(200);
  expect(health.body).toMatchObject({ status: expect.any(String), checks: expect.any(Object) });
  expect((await stranger.call("GET", "/metrics")).status).toBe(200);

  const { status, body } = await stranger.call("GET", "/openapi.json");
  expect(status).toBe(200);
  const paths = Object.keys(z.object({ paths: z.record(z.string(), z.unknown()) }).parse(body).paths);
  for (const path of [...closed.map((call) => call.split("?")[0] ?? ""), "/health", "/metrics", "/events"]) {
    expect(
      paths.some((known) => known.endsWith(path)),
      path,
    ).toBe(true);
  }
  expect(paths.some((path) => /\/alerts\/\{\w+\}\/acknowledge$/.test(path))).toBe(true);
  expect(paths.some((path) => /\/alerts\/\{\w+\}\/close$/.test(path))).toBe(true);
});

test.each([
  { path: "/readings?kind=smell&limit=0&from=yesterday", wrong: ["kind", "limit", "from"] },
  { path: "/readings?limit=100001", wrong: ["limit"] },
  { path: "/alerts?state=asleep&severity=loud", wrong: ["state", "severity"] },
])("GET $path answers 400 and names all mistakes", async ({ path, wrong }) => {
  const { status, type, body } = await demo.api.call("GET", path);
  expect(status).toBe(400);
  expect(type).toContain("application/problem+json");
  const named = problem.parse(body).errors?.map((mistake) => mistake.path) ?? [];
  expect(named.sort()).toEqual(wrong.sort());
});

test("a body that breaks the schema answers 400, one that is no JSON too", async () => {
  const wrong = await demo.api.call("POST", "/alerts/none/acknowledge", { by: 7 });
  expect(wrong.status).toBe(400);
  expect(problem.parse(wrong.body).errors?.map((mistake) => mistake.path)).toContain("by");
  expect((await demo.api.call("POST", "/alerts/none/acknowledge", "{")).status).toBe(400);
});

test("a browser on this machine is signed in, but another site can't act through it: 403", async () => {
  const page = await fetch(demo.endpoints.console);
  const cookie = page.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect((await fetch(`${demo.endpoints.api}/alerts`, { headers: { cookie } })).status).toBe(200);
  const response = await fetch(`${demo.endpoints.api}/alerts/none/acknowledge`, {
    method: "POST",
    headers: { cookie, origin: "http://elsewhere.example", "content-type": "application/json" },
    body: JSON.stringify({ by: "x", note: "" }),
  });
  expect(response.status).toBe(403);
  expect(problem.parse(await response.json()).status).toBe(403);
});

test("what there is not answers 404", async () => {
  for (const answer of [
    await demo.api.call("GET", "/nothing"),
    await demo.api.call("POST", "/alerts/none/acknowledge", { by: "王强", note: "" }),
  ]) {
    expect(answer.status).toBe(404);
    expect(problem.parse(answer.body).status).toBe(404);
  }
});

test("an unwritten site answers with nothing, not with an error", async () => {
  expect(await demo.api.readings("?kind=level&limit=5")).toEqual([]);
  expect(await demo.api.alerts("?state=firing")).toEqual([]);
  expect(await demo.api.quarantine()).toEqual([]);
});
