import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { silentLogger } from "@gengfu/shared/logging";
import { laneOf, type StoredReading } from "@gengfu/shared/model/reading";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cloudBlockCodec } from "./ingress/cloud-block-codec.ts";

const token = "a-manager-of-the-test";
const site = `
id: court
name: { zh: 法院, en: Court }
gateways: [{ id: main, name: Main, secret: s }]
devices:
  - { id: fire-panel, name: Fire panel, secret: s, measures: [{ kind: contact, channel: fire }] }
  - { id: reader, name: Reader, secret: s, measures: [{ kind: tap }] }
checkpoints: [{ id: lobby, name: Lobby, device: reader }]
people: [{ id: zhang, name: 张伟, role: guard, card: 04A1B2C3 }]
rules:
  - { id: fire, name: Fire, severity: critical, when: { type: contact, device: fire-panel, channel: fire } }
`;

interface Ready {
  readonly console: string;
  readonly api: string;
  readonly uplinkBroker: string;
}

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-cloud-"));
  writeFileSync(join(folder, "site.yaml"), site);
  configure();
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

function configure(more = "", port = 0): void {
  const common = `data: data\nsites: [site.yaml]\ntokens: [{ name: duty, token: ${token}, role: manager }]\n`;
  writeFileSync(join(folder, "cloud.yaml"), `${common}http: { port: ${port} }\nuplink: { port: 0 }\n${more}`);
}

function run(...args: string[]): {
  child: ChildProcess;
  output: () => string;
  errors: () => string;
  exit: Promise<number | null>;
} {
  const child = fork(join(import.meta.dirname, "main.ts"), args, { silent: true, cwd: folder });
  children.add(child);
  let output = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (output += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (errors += text));
  const exit = once(child, "close").then(([code]) => code as number | null);
  return { child, output: () => output, errors: () => errors, exit };
}

async function start(): Promise<ReturnType<typeof run> & { ready: Ready }> {
  const service = run("--config", "cloud.yaml");
  const died = service.exit.then((code) => {
    throw new Error(`the cloud ended with ${code}: ${service.output()}${service.errors()}`);
  });
  const [ready] = (await Promise.race([once(service.child, "message"), died])) as [Ready];
  died.catch(() => undefined);
  return { ...service, ready };
}

async function ask(ready: Ready, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(ready.api + path, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

/** What the cloud had taken over, and not yet handed on, when it was last stopped. */
async function leaveInLog(
  readings: readonly Omit<StoredReading, "gateway" | "epoch" | "receivedAt" | "clock">[],
): Promise<void> {
  mkdirSync(join(folder, "data"), { recursive: true });
  const file = join(folder, "data", "log.db");
  const log = openSqliteLog({ file, codec: cloudBlockCodec, clock: systemClock, logger: silentLogger });
  for (const reading of readings) {
    await log.append(laneOf(reading.kind), [
      { ...reading, gateway: "main", epoch: 7, receivedAt: reading.at, clock: "synchronised" },
    ]);
  }
  await log.close();
}

describe("the command", () => {
  test("explains itself", async () => {
    const { output, exit } = run("--help");
    expect(await exit).toBe(0);
    expect(output()).toContain("--config FILE");
  });

  test("wants a configuration", async () => {
    const { errors, exit } = run();
    expect(await exit).toBe(1);
    expect(errors()).toMatch(/^--config FILE is missing\n\nThe cloud of Gengfu/);
  });

  test("tells all mistakes of the configuration as one message, and starts nothing", async () => {
    configure("colour: red\nstore: { age_max: long }\n");
    const { errors, exit } = run("--config", "cloud.yaml");
    expect(await exit).toBe(1);
    expect(errors()).toMatch(/^2 mistakes in the configuration; nothing was started\.\n {2}cloud\.yaml:\d+ {2}/);
    expect(errors()).not.toMatch(/^\s+at /m);
  });

  test("only checks, when asked to", async () => {
    const { output, exit } = run("--config", "cloud.yaml", "--check");
    expect(await exit).toBe(0);
    expect(output()).toBe("cloud.yaml is right: court\n");
  });

  test("says so when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    configure("", (other.address() as AddressInfo).port);
    const { output, errors, exit } = run("--config", "cloud.yaml");
    expect(await exit).toBe(1);
    expect(output()).toContain("listen_failed");
    expect(output() + errors()).not.toMatch(/^\s+at /m);
    other.close();
  });
});

describe("a running cloud", () => {
  test("hands on what its log holds: to the API, the rules, the rounds", async () => {
    const at = Date.now() - 1_000;
    await leaveInLog([
      { seq: 1, device: "fire-panel", kind: "contact", channel: "fire", at, value: 1, detail: null },
      { seq: 2, device: "reader", kind: "tap", channel: null, at, value: null, detail: { card: "04A1B2C3" } },
    ]);
    const { ready } = await start();
    await vi.waitFor(async () => expect((await ask(ready, "/readings"))["readings"]).toHaveLength(2));
    await vi.waitFor(async () => {
      const { alerts } = await ask(ready, "/alerts?state=firing");
      expect(alerts).toEqual([expect.objectContaining({ rule: "fire", device: "fire-panel", severity: "critical" })]);
    });
    const { readings } = await ask(ready, "/readings?kind=tap");
    expect(readings).toEqual([expect.objectContaining({ guard_name: "张伟", checkpoint: "lobby" })]);
    const { devices } = await ask(ready, "/devices");
    expect(devices).toEqual([
      expect.objectContaining({
        id: "fire-panel",
        last: { "contact/fire": expect.objectContaining({ closed: true }) },
      }),
      expect.objectContaining({ id: "reader" }),
    ]);
    expect((await ask(ready, "/gateways"))["gateways"]).toEqual([
      expect.objectContaining({ id: "main", received: [[1, 2]] }),
    ]);
    expect(await ask(ready, "/health")).toMatchObject({ status: "ok", checks: { influx: { status: "off" } } });
    const metrics = await fetch(`${ready.api}/metrics`);
    expect(await metrics.text()).toContain('gengfu_cloud_alerts_open{severity="critical"} 1');
  });

  test("keeps everything, and its sessions, when it is killed and started again", async () => {
    await leaveInLog([
      { seq: 1, device: "fire-panel", kind: "contact", channel: "fire", at: Date.now(), value: 1, detail: null },
    ]);
    const first = await start();
    const signedIn = await fetch(`${first.ready.api}/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    await vi.waitFor(async () => expect((await ask(first.ready, "/alerts"))["alerts"]).toHaveLength(1));
    const before = await ask(first.ready, "/alerts");
    first.child.kill("SIGKILL");
    await first.exit;
    const { ready } = await start();
    await vi.waitFor(async () => expect((await ask(ready, "/readings"))["readings"]).toHaveLength(1));
    expect(await ask(ready, "/alerts")).toEqual(before);
    expect((await fetch(`${ready.api}/session`, { headers: { cookie } })).status).toBe(200);
  });

  test("has its data folder to itself", async () => {
    await start();
    const second = run("--config", "cloud.yaml");
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain("another cloud uses the data folder");
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends in good order on %s, though someone watches", async (signal) => {
    const { child, exit, ready, output } = await start();
    const response = await fetch(`${ready.api}/events`, { headers: { authorization: `Bearer ${token}` } });
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(output()).toContain('"msg":"stopped"');
    await response.text();
  });
});
