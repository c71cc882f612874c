import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Check } from "./api/health.ts";
import { Watchdog, watchdogSettings } from "./watchdog.ts";

interface Outside {
  readonly url: string;
  readonly calls: string[];
  /** Resolves at the next call. */
  next(): Promise<unknown>;
  status: number;
}

async function outside(): Promise<Outside> {
  const calls: string[] = [];
  const server = createHttpServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    response.writeHead(found.status).end("OK");
    server.emit("called");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/42`;
  const found: Outside = { url, calls, status: 200, next: () => once(server, "called") };
  return found;
}

/** Runs until the end of the test. */
function run(url: string, check: () => Check): ManualClock {
  const clock = new ManualClock();
  const settings = watchdogSettings.parse({ url, every: "30s" });
  const ending = new AbortController();
  const running = new Watchdog({ settings, checks: { log: check }, clock, logger: silentLogger }).run(ending.signal);
  onTestFinished(() => {
    ending.abort();
    return running;
  });
  return clock;
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Moves the clock until it calls: what became of the call before is heard at its own time. */
async function passUntil(called: Promise<unknown>, clock: ManualClock): Promise<void> {
  let isCalled = false;
  void called.then(() => (isCalled = true));
  for (;;) {
    clock.advance(30_000);
    await turns();
    if (isCalled) return;
  }
}

describe("the watchdog", () => {
  test("calls while all is well, also while something is degraded, and no longer when a check fails", async () => {
    const there = await outside();
    let status: Check["status"] = "ok";
    const checked: string[] = [];
    const first = there.next();
    const clock = run(there.url, () => {
      checked.push(status);
      return { status, detail: null };
    });
    await first;
    expect(there.calls).toEqual(["GET /ping/42"]);
    status = "degraded";
    await passUntil(there.next(), clock);
    const before = there.calls.length;
    status = "failing";
    const asked = checked.length;
    while (checked.length < asked + 5) {
      clock.advance(30_000);
      await turns();
    }
    expect(there.calls).toHaveLength(before);
    status = "ok";
    await passUntil(there.next(), clock);
    expect(there.calls.length).toBeGreaterThan(before);
  });

  test("goes on though it was refused, or a check throws for a time", async () => {
    const there = await outside();
    there.status = 500;
    let isBroken = false;
    const first = there.next();
    const clock = run(there.url, () => {
      if (isBroken) throw new Error("broken");
      return { status: "ok", detail: null };
    });
    await first;
    await passUntil(there.next(), clock);
    isBroken = true;
    const before = there.calls.length;
    clock.advance(30_000);
    await turns();
    isBroken = false;
    await passUntil(there.next(), clock);
    expect(there.calls.length).toBeGreaterThan(before);
  });

  test("gives up a call that is not answered", async () => {
    const server = createServer();
    const sockets: unknown[] = [];
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const connected = once(server, "connection");
    server.on("connection", (socket) => {
      sockets.push(socket);
      onTestFinished(() => void socket.destroy());
    });
    onTestFinished(() => void server.close());
    const clock = run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, () => ({
      status: "ok",
      detail: null,
    }));
    await connected;
    await passUntil(once(server, "connection"), clock);
    expect(sockets.length).toBeGreaterThan(1);
  });

  test.each(["ftp://example.org/", "example.org", ""])("does not take %j for an address", (url) => {
    expect(watchdogSettings.safeParse({ url }).success).toBe(false);
  });
});
