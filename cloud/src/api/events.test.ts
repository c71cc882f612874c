import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { liveLimits } from "../live/hub.ts";
import { bearer, now, testAlert, testApi, testReading, type TestApi } from "./fixture.ts";
import { listenApi } from "./server.ts";

let api: TestApi;
let port: number;
beforeEach(async () => {
  api = await testApi();
  port = await listenApi(api.app, { host: "127.0.0.1", port: 0, plaintext: false });
});
afterEach(async () => {
  api.hub.stop();
  await api.app.close();
});

async function watch(
  headers: Record<string, string> = bearer("viewer"),
): Promise<{ response: IncomingMessage; text: () => string }> {
  const request = get({ host: "127.0.0.1", port, path: "/api/v1/events", headers });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return { response, text: () => text };
}

test("what happens is told as it happens, in the API's shapes", async () => {
  const { response, text } = await watch();
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-content-type-options": "nosniff",
  });
  await vi.waitFor(() => expect(text()).toMatch(/^retry. 2000\n: hello\n\n$/));
  api.hub.readings([
    testReading("tap", "reader", now, { detail: { card: "04A1B2C3" } }),
    testReading("level", "tank", now),
  ]);
  api.hub.alert(testAlert("a1"));
  api.clock.advance(liveLimits.coalesce_ms);
  await vi.waitFor(() => expect(text().match(/^event: /gm)).toHaveLength(3));
  const events = [...text().matchAll(/^event: (\w+)\ndata: (.*)\n$/gm)].map(([, name, data = ""]) => [
    name,
    JSON.parse(data) as unknown,
  ]);
  expect(events).toEqual([
    ["reading", expect.objectContaining({ kind: "tap", guard_name: "张伟", checkpoint: "lobby" })],
    ["alert", testAlert("a1")],
    ["reading", expect.objectContaining({ kind: "level", value: 1 })],
  ]);
});

test("no one watches without a token", async () => {
  const { response } = await watch({});
  expect(response.statusCode).toBe(401);
  expect(response.headers["content-type"]).toContain("application/problem+json");
  expect(api.hub.clients).toBe(0);
});

test("a client that goes away is forgotten", async () => {
  const { response } = await watch();
  await vi.waitFor(() => expect(api.hub.clients).toBe(1));
  response.destroy();
  await vi.waitFor(() => expect(api.hub.clients).toBe(0));
});

test("too many are sent away with a problem", async () => {
  Object.defineProperty(api.hub, "full", { value: true });
  const { response } = await watch();
  expect(response.statusCode).toBe(503);
  expect(response.headers["retry-after"]).toBe("10");
});

test("a client that stops reading holds nothing up and is cut off", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer("viewer").authorization}\r\n\r\n`);
  await vi.waitFor(() => expect(api.hub.clients).toBe(1));
  socket.pause();
  const { text } = await watch();
  const alert = testAlert("a1", { message: "x".repeat(1_000_000) });
  for (let index = 0; index < 30; index++) {
    api.hub.alert(alert);
    // what reads must get its turn
    await vi.waitFor(() => expect(text().match(/^event: /gm)).toHaveLength(index + 1));
  }
  await vi.waitFor(() => expect(api.hub.disconnected).toBe(1));
  expect(api.hub.clients).toBe(1);
  socket.destroy();
});

test("the server's end ends every stream, and soon", async () => {
  const { response } = await watch();
  const ended = once(response, "end");
  api.hub.stop();
  await ended;
  await api.app.close();
});
