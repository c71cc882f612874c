import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Demo, root, runDemo, showOnFailure } from "../support/demo.ts";
import { publishReading } from "../support/mosquitto.ts";
import { isAlive } from "../support/processes.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

test("a site file with mistakes: all of them are listed, and nothing is started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-whole-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const good = readFileSync(join(root, "deploy", "demo", "site.yaml"), "utf8");
  const site = join(folder, "site.yaml");
  writeFileSync(
    site,
    good
      .replace("time_zone: Asia/Shanghai", "time_zone: Asia/Nowhere")
      .replace("device: reader-lobby", "device: reader-loby")
      .replace("limit: 1.5, clear: 1.7", "limit: 1.5, clear: 1.2")
      .replace("silent, after: 2m", "silent, after: 2 minutes"),
  );
  const demo = new Demo({ folder, args: ["--site", site] });
  demo.spawn();
  expect(await demo.ended()).toBe(1);
  for (const path of ["time_zone", "checkpoints[0].device", "rules[2].when.clear", "rules[5].when.after"]) {
    expect(demo.output).toContain(path);
  }
  expect(demo.output).toContain("Asia/Nowhere");
  expect(demo.output).toContain("reader-loby");
  expect(existsSync(demo.data)).toBe(false);
  expect(demo.processes()).toEqual([]);
});

test("an option that there is not: what is allowed is said, and nothing is started", async () => {
  const demo = new Demo({ args: ["--port", "80"] });
  onTestFinished(() => demo.remove());
  demo.spawn();
  expect(await demo.ended()).toBe(1);
  expect(demo.output).toContain("there is no option --port");
  expect(demo.output).toContain("--http-port N");
  expect(existsSync(demo.data)).toBe(false);
});

test("a port that is taken: the option that helps is named", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const demo = new Demo({ args: ["--device-port", String(port)] });
  onTestFinished(() => demo.remove());
  demo.spawn();
  expect(await demo.ended()).toBe(1);
  expect(demo.output).toContain(`Port ${port} is taken by another program: choose another with --device-port`);
  expect(demo.processes()).toEqual([]);
});

test("a second demo on the same folder is refused, and the first goes on", async () => {
  const first = await runDemo();
  const second = new Demo({ folder: first.folder });
  second.spawn();
  expect(await second.ended()).toBe(1);
  expect(second.output).toContain("--data DIR");
  expect((await first.api.call("GET", "/health")).status).toBe(200);
});

test.each([{ npm: false }, { npm: true }])(
  "SIGTERM ends all of it, with exit code 0 (by npm start: $npm)",
  async ({ npm }) => {
    const demo = await runDemo({ simulator: true, npm });
    const { pids } = demo.endpoints;
    expect(Object.values(pids).every((pid) => pid !== null && isAlive(pid))).toBe(true);
    expect(await demo.stop()).toBe(0);
    expect(demo.processes()).toEqual([]);
    expect(existsSync(join(demo.data, "endpoints.json"))).toBe(false);
  },
);

test("the services of a demo that is killed end by themselves, and the next one starts on the same ports", async () => {
  const demo = await runDemo({ simulator: true });
  const before = demo.endpoints;
  process.kill(demo.pid, "SIGKILL");
  const port = (address: string): string => new URL(address).port;
  const device = ["--device-port", port(before.deviceBroker)];
  const args = ["--http-port", port(before.console), ...device, "--uplink-port", port(before.uplinkBroker)];
  const next = await new Demo({ folder: demo.folder, args }).start();
  showOnFailure(next);
  expect(next.endpoints.console).toBe(before.console);
  const { edge, cloud } = next.endpoints.pids;
  expect(new Set(next.processes().map(({ pid }) => pid))).toEqual(new Set([next.pid, edge, cloud]));
  expect(await next.stop()).toBe(0);
});

test("each service that dies is started again on its port, and endpoints.json tells the new process", async () => {
  const demo = await runDemo({ simulator: true });
  const before = demo.endpoints;
  for (const service of ["cloud", "edge", "simulator"] as const) await demo.kill(service);
  const { pids, ...addresses } = demo.endpoints;
  const { pids: pidsBefore, ...addressesBefore } = before;
  expect(addresses).toEqual(addressesBefore);
  expect(new Set([...Object.values(pids), ...Object.values(pidsBefore)]).size).toBe(6);
  await until("the cloud to answer again", async () => (await demo.api.call("GET", "/health")).status === 200);
});

test.skipIf(lacks("mosquitto_pub"))("a restart keeps readings, alerts, acknowledgements and the token", async () => {
  const first = await runDemo();
  const broker = first.endpoints.deviceBroker;
  await publishReading({ broker, device: "tank-domestic" }, "level", { metres: 1.234 });
  await publishReading({ broker, device: "fire-panel" }, "contact", { channel: "fire", closed: true });
  const alert = await until("the alert", async () => (await first.api.alerts("?state=firing"))[0]);
  await first.api.acknowledge(alert.id, "王强", "on my way");
  const readings = await until("the reading", async () => {
    const rows = await first.api.readings("?kind=level");
    return rows.length > 0 && rows;
  });
  const { token } = first.endpoints;
  expect(statSync(join(first.data, "token")).mode & 0o777).toBe(0o600);
  expect(await first.stop()).toBe(0);

  const second = await runDemo({ folder: first.folder });
  expect(second.endpoints.token).toBe(token);
  expect(await second.api.readings("?kind=level")).toEqual(readings);
  expect(readings.map(({ value }) => value)).toEqual([1.234]);
  const kept = (await second.api.alerts()).find(({ id }) => id === alert.id);
  expect(kept).toMatchObject({ state: "acknowledged", acknowledgedBy: "王强" });
});
