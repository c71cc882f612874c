import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import type { GatewayStatus } from "@gengfu/shared/uplink-protocol";
import type { LedgerView } from "../ledger/ledger-view.ts";
import { createGatewayRegistry } from "./gateway-registry.ts";
import type { GatewayRegistry, GatewayView } from "./registry.ts";

const status: GatewayStatus = {
  gateway: "main-building",
  epoch: 42,
  at: 1,
  clock: "unsynchronised",
  last: 100,
  backlog: { events: 2, samples: 30 },
  dropped: 0,
  quarantined: 1,
  uptime_s: 60,
  rss_bytes: 1_000,
  version: "0.1.0",
  troubles: ["the clock is not synchronised"],
};

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-registry-"));
  clock = new ManualClock();
  fork = null;
});
afterEach(() => rmSync(folder, { recursive: true }));

let fork: LedgerView["fork"];
const asked: unknown[][] = [];
const ledger = {
  view(gateway: string, epoch?: number, run?: string): LedgerView {
    asked.push([gateway, epoch, run]);
    return {
      gateway,
      epoch: epoch ?? 7,
      epochs: [7],
      received: [[1, 4]],
      missing: [{ from: 5, to: 6, reason: "in transit or lost" }],
      unused: [[7, 8]],
      omitted: 0,
      fork,
    };
  },
};

async function open(): Promise<GatewayRegistry> {
  const registry = createGatewayRegistry({
    gateways: [{ id: "main-building" }, { id: "tribunal-2" }],
    file: join(folder, "gateways.json"),
    ledger,
    clock,
    logger: silentLogger,
  });
  await registry.start();
  return registry;
}

it("lists the site's gateways, those never heard of too", async () => {
  const registry = await open();
  const never: Partial<GatewayView> = {
    connected: false,
    lastSeenAt: null,
    backlog: null,
    queued: null,
    clock: null,
    epoch: 7,
  };
  expect(registry.list()).toMatchObject([
    { id: "main-building", ...never },
    { id: "tribunal-2", ...never },
  ]);
  expect(registry.get("nowhere")).toBeUndefined();
  registry.status("nowhere", status);
  expect(registry.list()).toHaveLength(2);
});

it("shows what a gateway last said, beside what the ledger has of that numbering", async () => {
  const registry = await open();
  registry.connected("main-building");
  clock.advance(1_000);
  registry.status("main-building", status);
  expect(registry.get("main-building")).toEqual({
    id: "main-building",
    connected: true,
    firstSeenAt: clock.now() - 1_000,
    lastSeenAt: clock.now(),
    backlog: 32,
    queued: { events: 2, samples: 30 },
    received: [[1, 4]],
    missing: [[5, 6]],
    missingBecause: [{ from: 5, to: 6, reason: "in transit or lost" }],
    unused: [[7, 8]],
    clock: "unsynchronised",
    epoch: 42,
    troubles: ["the clock is not synchronised"],
    version: "0.1.0",
    status,
  });
});

it("asks for the log that the gateway is in, and tells for a week where that went on from an older state", async () => {
  const registry = await open();
  registry.status("main-building", { ...status, run: "Zx_-9fQ1" });
  fork = { epoch: 99, from: 101, at: clock.now() };
  const troubles = (): readonly string[] => registry.get("main-building")?.troubles ?? [];
  expect(troubles()).toHaveLength(2);
  expect(troubles()[1]).toMatch(/网关 main-building .*第 101 号.* Gateway main-building went on from an older state/);
  expect(asked.at(-1)).toEqual(["main-building", 42, "Zx_-9fQ1"]);
  clock.advance(7 * 24 * 3_600_000);
  expect(troubles()).toHaveLength(1);
});

it("counts a gateway as connected while it has a connection", async () => {
  const registry = await open();
  const connected = (): boolean | undefined => registry.get("tribunal-2")?.connected;
  registry.connected("tribunal-2");
  registry.connected("tribunal-2");
  registry.disconnected("tribunal-2");
  expect(connected()).toBe(true);
  registry.disconnected("tribunal-2");
  expect(connected()).toBe(false);
  registry.disconnected("tribunal-2");
  registry.connected("tribunal-2");
  expect(connected()).toBe(true);
});

it("tells listeners of connections and statuses, not of every batch, until they end it", async () => {
  const registry = await open();
  const seen: string[] = [];
  const end = registry.onChange(({ id, connected, version }) => seen.push(`${id} ${connected} ${version}`));
  registry.connected("main-building");
  registry.heard("main-building");
  registry.status("main-building", status);
  registry.disconnected("main-building");
  end();
  registry.connected("main-building");
  expect(seen).toEqual(["main-building true null", "main-building true 0.1.0", "main-building false 0.1.0"]);
});

it.each(["a clean stop", "a crash after a while"])("remembers over %s", async (how) => {
  const registry = await open();
  registry.connected("main-building");
  registry.status("main-building", status);
  registry.heard("tribunal-2");
  const seenAt = clock.now();
  if (how === "a clean stop") await registry.stop();
  else clock.advance(5_000);
  const again = await open();
  expect(again.get("main-building")).toMatchObject({ connected: false, lastSeenAt: seenAt, status });
  expect(again.get("tribunal-2")).toMatchObject({ firstSeenAt: seenAt, lastSeenAt: seenAt, status: null });
  expect(readdirSync(folder)).toEqual(["gateways.json"]);
});

it.each(["", "{", '{"gateways":{"main-building":{"lastSeenAt":"yesterday"}}}'])(
  "starts anew from a broken file: %s",
  async (text) => {
    writeFileSync(join(folder, "gateways.json"), text);
    expect((await open()).get("main-building")).toMatchObject({ lastSeenAt: null, status: null });
  },
);
