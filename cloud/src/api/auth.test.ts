import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestApi } from "./fixture.ts";
import { bearer, testAlert, testApi, tokens } from "./fixture.ts";
import { sessionKey, sessionLife_ms } from "./session.ts";

let api: TestApi;
const key = Buffer.alloc(32, 7);
const open = async (options: Parameters<typeof testApi>[0] = {}): Promise<void> => {
  api = await testApi({ key, ...options });
};
beforeEach(() => open());
afterEach(() => api.app.close());

type Headers = Record<string, string>;
const json: Headers = { "content-type": "application/json" };

async function send(method: "GET" | "POST" | "DELETE", url: string, headers: Headers, payload?: object) {
  return api.app.inject({
    method,
    url: `/api/v1${url}`,
    headers: { ...(payload === undefined ? {} : json), ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

async function signIn(token: string = tokens.manager.token): Promise<string> {
  const response = await send("POST", "/session", {}, { token });
  expect(response.statusCode).toBe(200);
  return String(response.headers["set-cookie"]).split(";")[0] ?? "";
}

describe("who may call what", () => {
  const credentials: Record<string, Headers> = {
    none: {},
    bad: { authorization: "Bearer nonsense" },
    basic: { authorization: "Basic d2FsbDp3YWxs" },
    viewer: bearer("viewer"),
    manager: bearer("manager"),
    admin: bearer("admin"),
  };
  const reading = { none: 401, bad: 401, basic: 401, viewer: 200, manager: 200, admin: 200 };
  const handling = { none: 401, bad: 401, basic: 401, viewer: 403, manager: 200, admin: 200 };
  const anyone = { none: 200, bad: 200, basic: 200, viewer: 200, manager: 200, admin: 200 };
  const calls: [method: "GET" | "POST", url: string, expected: Record<string, number>, payload?: object][] = [
    ["GET", "/health", anyone],
    ["GET", "/openapi.json", anyone],
    ["GET", "/metrics", reading],
    ["GET", "/readings", reading],
    ["GET", "/readings/series?kind=level", reading],
    ["GET", "/quarantine", reading],
    ["GET", "/alerts", reading],
    ["GET", "/alerts/a1", reading],
    ["GET", "/notifications", reading],
    ["GET", "/site", reading],
    ["GET", "/gateways", reading],
    ["GET", "/devices", reading],
    ["GET", "/rounds", reading],
    ["GET", "/session", reading],
    ["POST", "/alerts/a1/acknowledge", handling, { by: "me" }],
    ["POST", "/alerts/a2/close", handling, { by: "me", cause: "test" }],
  ];

  test.each(calls)("%s %s", async (method, url, expected, payload) => {
    for (const [who, headers] of Object.entries(credentials)) {
      api.alerts.alerts.set("a1", testAlert("a1"));
      api.alerts.alerts.set("a2", testAlert("a2", { state: "cleared" }));
      const response = await send(method, url, headers, payload);
      expect([who, response.statusCode]).toEqual([who, expected[who]]);
      if (response.statusCode === 401) expect(response.headers["www-authenticate"]).toContain("Bearer");
      if (response.statusCode >= 400) expect(response.headers["content-type"]).toContain("application/problem+json");
    }
  });

  test("no right is needed for less than a mistake in the query: that is told to those who are known only", async () => {
    expect((await send("GET", "/readings?limit=0", {})).statusCode).toBe(401);
    expect((await send("GET", "/readings?limit=0", bearer("viewer"))).statusCode).toBe(400);
  });

  test("metrics are open where only this machine reaches the address", async () => {
    await api.app.close();
    await open({ openMetrics: true });
    expect((await send("GET", "/metrics", {})).statusCode).toBe(200);
  });
});

describe("sessions", () => {
  test("the cookie is for the server only, and tells who one is", async () => {
    const response = await send("POST", "/session", {}, { token: tokens.viewer.token });
    expect(response.json()).toEqual({ name: "wall", role: "viewer", rights: ["read"] });
    expect(response.headers["set-cookie"]).toMatch(
      /^gengfu_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
    );
    const cookie = String(response.headers["set-cookie"]).split(";")[0] ?? "";
    expect((await send("GET", "/session", { cookie })).json()).toMatchObject({ name: "wall" });
    expect((await send("GET", "/readings", { cookie: `a=b; ${cookie}; c=d` })).statusCode).toBe(200);
  });

  test("it outlives a restart with the same key and tokens, and nothing else", async () => {
    const cookie = await signIn();
    await api.app.close();
    await open();
    expect((await send("GET", "/session", { cookie })).statusCode).toBe(200);
    await api.app.close();
    await open({ key: Buffer.alloc(32, 8) });
    expect((await send("GET", "/session", { cookie })).statusCode).toBe(401);
  });

  test("it ends when its token is changed or removed", async () => {
    const cookie = await signIn();
    for (const changed of [[{ ...tokens.manager, token: "another-token" }], [tokens.viewer]]) {
      await api.app.close();
      await open({ tokens: changed });
      expect((await send("GET", "/session", { cookie })).statusCode).toBe(401);
    }
  });

  test.each([
    [
      "another name",
      (cookie: string) =>
        cookie.replace(Buffer.from("duty").toString("base64url"), Buffer.from("owner").toString("base64url")),
    ],
    ["another time", (cookie: string) => cookie.replace(/\.(\d+)\./, (_, begun) => `.${Number(begun) + 1}.`)],
    ["no signature", (cookie: string) => cookie.slice(0, cookie.lastIndexOf("."))],
    ["another kind", (cookie: string) => cookie.replace("=token.", "=loopback.")],
    ["nonsense", () => "gengfu_session=..."],
  ])("one that was changed is worth nothing: %s", async (_, change) => {
    const cookie = await signIn();
    expect(change(cookie)).not.toBe(cookie);
    expect((await send("GET", "/session", { cookie: change(cookie) })).statusCode).toBe(401);
  });

  test("it ends after 30 days, but one in use goes on", async () => {
    const cookie = await signIn();
    api.clock.advance(sessionLife_ms * 0.6);
    const renewed = String((await send("GET", "/session", { cookie })).headers["set-cookie"]).split(";")[0] ?? "";
    api.clock.advance(sessionLife_ms * 0.5);
    expect((await send("GET", "/session", { cookie })).statusCode).toBe(401);
    expect((await send("GET", "/session", { cookie: renewed })).statusCode).toBe(200);
  });

  test("signing out takes the cookie away", async () => {
    const cookie = await signIn();
    const response = await send("DELETE", "/session", {
      cookie,
      host: "localhost:8080",
      origin: "http://localhost:8080",
    });
    expect(response.statusCode).toBe(204);
    expect(response.headers["set-cookie"]).toContain("gengfu_session=; ");
    expect(response.headers["set-cookie"]).toContain("Max-Age=0");
  });

  test.each<[string, Headers, number]>([
    ["the console itself", { origin: "http://localhost:8080" }, 200],
    ["the console itself, as newer browsers tell", { "sec-fetch-site": "same-origin" }, 200],
    ["another site", { origin: "http://evil.example" }, 403],
    ["another site, as newer browsers tell", { origin: "http://localhost:8080", "sec-fetch-site": "cross-site" }, 403],
    ["another port of this machine", { origin: "http://localhost:8081" }, 403],
    ["a page without an origin", { origin: "null" }, 403],
    ["no one says where", {}, 403],
  ])("a change with the cookie is taken from the console only: %s", async (_, headers, status) => {
    api.alerts.alerts.set("a1", testAlert("a1"));
    const cookie = await signIn();
    const response = await send(
      "POST",
      "/alerts/a1/acknowledge",
      { cookie, host: "localhost:8080", ...headers },
      { by: "me" },
    );
    expect(response.statusCode).toBe(status);
    expect(api.alerts.alerts.get("a1")?.state).toBe(status === 200 ? "acknowledged" : "firing");
  });

  test("another site can't sign the browser in", async () => {
    const response = await send("POST", "/session", { origin: "http://evil.example" }, { token: tokens.viewer.token });
    expect(response.statusCode).toBe(403);
  });

  test("guessing is slowed down, for the one who guesses", async () => {
    const attempt = async (token: string, remoteAddress: string): Promise<number> => {
      const response = await api.app.inject({
        method: "POST",
        url: "/api/v1/session",
        remoteAddress,
        payload: { token },
      });
      if (response.statusCode === 429) expect(Number(response.headers["retry-after"])).toBeGreaterThan(0);
      return response.statusCode;
    };
    for (let index = 0; index < 20; index++) expect(await attempt("guess", "10.0.0.1")).toBe(401);
    expect(await attempt(tokens.viewer.token, "10.0.0.1")).toBe(429);
    expect(await attempt(tokens.viewer.token, "10.0.0.2")).toBe(200);
    api.clock.advance(5 * 60_000);
    expect(await attempt(tokens.viewer.token, "10.0.0.1")).toBe(200);
  });
});

describe("the console on this machine", () => {
  const page = async (headers: Headers, remoteAddress = "127.0.0.1", url = "/") =>
    api.app.inject({ url, headers: { host: "127.0.0.1:8080", ...headers }, remoteAddress });

  test("needs no login where that is switched on, and is a manager's", async () => {
    await api.app.close();
    await open({ openOnLoopback: true });
    const response = await page({});
    const cookie = String(response.headers["set-cookie"]).split(";")[0] ?? "";
    expect(response.headers["set-cookie"]).toContain("HttpOnly; SameSite=Strict");
    const session = await page({ cookie }, "127.0.0.1", "/api/v1/session");
    expect(session.json()).toMatchObject({ name: "local", role: "manager", rights: ["read", "acknowledge", "close"] });
    expect((await page({ cookie })).headers["set-cookie"]).toBeUndefined();
    expect((await page({ cookie }, "192.168.1.9", "/api/v1/session")).statusCode).toBe(401);
    expect((await page({ cookie, host: "evil.example:8080" }, "127.0.0.1", "/api/v1/session")).statusCode).toBe(401);
    await api.app.close();
    await open();
    expect((await page({ cookie }, "127.0.0.1", "/api/v1/session")).statusCode).toBe(401);
  });

  test.each<[string, Headers, string]>([
    ["from another machine", {}, "192.168.1.9"],
    ["under another name, which may be an attacker's", { host: "evil.example:8080" }, "127.0.0.1"],
    ["through a proxy", { "x-forwarded-for": "192.168.1.9" }, "127.0.0.1"],
  ])("but not %s", async (_, headers, peer) => {
    await api.app.close();
    await open({ openOnLoopback: true });
    expect((await page(headers, peer)).headers["set-cookie"]).toBeUndefined();
  });

  test.each(["localhost:8080", "[::1]:8080", "127.0.0.1"])("%s is this machine", async (host) => {
    await api.app.close();
    await open({ openOnLoopback: true });
    expect((await page({ host }, "::ffff:127.0.0.1")).headers["set-cookie"]).toContain("gengfu_session=loopback.");
  });

  test("is not open unless switched on", async () => {
    expect((await page({})).headers["set-cookie"]).toBeUndefined();
  });
});

describe("the key that signs sessions", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-key-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is made once and is for its owner alone; a torn one is replaced", () => {
    const file = join(folder, "session.key");
    const made = sessionKey(file);
    expect(sessionKey(file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, "half");
    expect(sessionKey(file)).not.toEqual(made);
    expect(readFileSync(file)).toHaveLength(32);
  });
});
