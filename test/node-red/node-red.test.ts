import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openBrowser } from "../support/chromium.ts";
import { publishReading } from "../support/mosquitto.ts";
import { account, installNodeRed, NodeRedAdmin } from "../support/node-red.ts";
import { startServices, type Services } from "../support/services.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const within = { within_ms: 60_000 };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

interface Site {
  readonly services: Services;
  readonly admin: NodeRedAdmin;
  readonly port: number;
}

/** Edge with Node-RED, and cloud; with someone signed on at the editor. */
async function startSite(settings: Record<string, unknown> = {}): Promise<Site> {
  const port = await freePort();
  const services = await startServices({
    edge: { node_red: { port, password: account.password, unresponsive_after: "3s", ...settings } },
  });
  const admin = new NodeRedAdmin(port);
  await until("Node-RED's editor", async () => (await admin.signOn(account.password)) === 200, within);
  return { services, admin, port };
}

const tab = { id: "tab", type: "tab", label: "test" };
const inject = (id: string, payload: unknown, to: string) => ({
  id,
  type: "inject",
  z: "tab",
  props: [{ p: "payload" }],
  payload: JSON.stringify(payload),
  payloadType: "json",
  wires: [[to]],
});
const work = (id: string, func: string, ...to: string[]) => ({
  id,
  type: "function",
  z: "tab",
  func,
  outputs: 1,
  wires: [to],
});
const out = (id: string, more: object = {}) => ({
  id,
  type: "gengfu-reading-out",
  z: "tab",
  device: "",
  kind: "",
  channel: "",
  wires: [],
  ...more,
});

async function levels({ services }: Site, device: string): Promise<number[]> {
  const readings = await services.api.readings(`?kind=level&device=${device}`);
  return readings.map(({ value }) => value ?? NaN);
}

describe.skipIf(lacks("mosquitto_pub"))("Node-RED beside the gateway", () => {
  beforeAll(() => installNodeRed(), 180_000);

  test("turns foreign payloads into readings, completes what is on the disk, and catches what is refused", async () => {
    const site = await startSite();
    const { admin, services } = site;
    await admin.deploy([
      tab,
      inject("good", { depth_cm: 231 }, "shape"),
      work("shape", "msg.payload = msg.payload.depth_cm / 100; return msg;", "out"),
      out("out", { device: "tank-domestic", kind: "level" }),
      { id: "after", type: "complete", z: "tab", scope: ["out"], wires: [["note"]] },
      // completed only: a reading of its own tells of it
      work("note", "return { payload: 1.5, device: 'tank-fire', kind: 'level' };", "second"),
      out("second"),
      inject("bad", "much", "out"),
      { id: "refused", type: "catch", z: "tab", scope: ["out"], wires: [["tell"]] },
      work(
        "tell",
        "return { device: 'fire-panel', kind: 'status', payload: { firmware: msg.error.message.slice(0, 60) } };",
        "third",
      ),
      out("third"),
    ]);
    await admin.inject("good");
    await until("the reading", async () => (await levels(site, "tank-domestic")).includes(2.31), within);
    await until("what follows its completion", async () => (await levels(site, "tank-fire")).includes(1.5), within);
    await admin.inject("bad");
    const refusal = await until(
      "the refusal",
      async () => (await services.api.readings("?kind=status&device=fire-panel"))[0],
      within,
    );
    expect(JSON.stringify(refusal)).toContain("metres: found");
    expect(await levels(site, "tank-domestic")).toEqual([2.31]);
  });

  test("tells flows of readings and of alerts", async () => {
    const site = await startSite();
    const { admin, services } = site;
    await admin.deploy([
      tab,
      { id: "in", type: "gengfu-reading-in", z: "tab", device: "boiler-1", kind: "pressure", wires: [["copy"]] },
      work("copy", "return { payload: msg.payload / 100, device: 'tank-domestic', kind: 'level' };", "out"),
      out("out"),
      { id: "alarm", type: "gengfu-alert-in", z: "tab", severity: "critical", wires: [["lamp"]] },
      work(
        "lamp",
        "return { payload: { firmware: msg.topic + ' ' + msg.payload.rule }, device: 'fire-panel', kind: 'status' };",
        "out",
      ),
    ]);
    const from = (device: string) => ({ broker: services.deviceBroker, device });
    await publishReading(from("boiler-1"), "pressure", { kilopascals: 120 });
    await until("the copy", async () => (await levels(site, "tank-domestic")).includes(1.2), within);
    await publishReading(from("fire-panel"), "contact", { channel: "fire", closed: true });
    await until(
      "the lamp",
      async () => JSON.stringify(await services.api.readings("?kind=status&device=fire-panel")).includes("firing fire"),
      within,
    );
    // alerts that are open when Node-RED starts are told to it, too
    await admin.deploy([
      tab,
      { id: "alarm", type: "gengfu-alert-in", z: "tab", severity: "", wires: [["level"]] },
      work("level", "return { payload: 3.3, device: 'tank-fire', kind: 'level' };", "out"),
      out("out"),
    ]);
    await until("the open alert", async () => (await levels(site, "tank-fire")).includes(3.3), within);
  });

  test("a flow that loops for ever or crashes stops nothing else, and after three times only the editor starts", async () => {
    const site = await startSite();
    const { admin, services } = site;
    await admin.deploy([
      tab,
      inject("loop", 1, "busy"),
      work("busy", "for (;;) {}"),
      inject("crash", 1, "throw"),
      work("throw", "void Promise.reject(new Error('out of a flow'));"),
    ]);
    const troubles = async (): Promise<string> => JSON.stringify((await services.api.call("GET", "/gateways")).body);
    for (const [count, what] of ["loop", "crash", "loop"].entries()) {
      await admin.inject(what).catch(() => undefined);
      const outcome = await publishReading({ broker: services.deviceBroker, device: "tank-fire" }, "level", {
        metres: 2 + count / 100,
      });
      expect(outcome.code).toBe(0);
      await until(
        "the reading in the cloud",
        async () => (await levels(site, "tank-fire")).includes(2 + count / 100),
        within,
      );
      const pattern = count < 2 ? /Node-RED ended|Node-RED ends again/ : /its flows are stopped/;
      await until(`a trouble after ${what}`, async () => pattern.test(await troubles()), within);
      await until("the editor again", async () => (await admin.signOn(account.password)) === 200, within);
    }
    // the flow is mended in the editor, and runs
    await admin.deploy([tab, inject("fine", 1, "out"), out("out", { device: "tank-domestic", kind: "level" })]);
    await until(
      "a reading of the mended flow",
      async () => {
        await admin.inject("fine").catch(() => undefined);
        return (await levels(site, "tank-domestic")).includes(1);
      },
      within,
    );
    await until("the end of the trouble", async () => !(await troubles()).includes("Node-RED"), within);
  });

  test("its admin API and editor refuse who has not signed on", async () => {
    const { admin, port } = await startSite();
    const stranger = new NodeRedAdmin(port);
    for (const path of ["/flows", "/nodes", "/settings/user", "/context/global"]) {
      expect((await stranger.get(path)).status, path).toBe(401);
    }
    expect(await stranger.signOn("wrong")).not.toBe(200);
    expect((await stranger.get("/flows")).status).toBe(401);
    expect((await admin.get("/flows")).status).toBe(200);
  });

  test.skipIf(lacks("chromium", "Chinese font"))("its editor shows the nodes with help in Chinese", async () => {
    const { port } = await startSite();
    const screenshots = mkdtempSync(join(tmpdir(), "gengfu-screenshots-"));
    const browser = await openBrowser({ width: 1440, height: 900, locale: "zh-CN" });
    onTestFinished(async () => {
      await browser.close();
      if (process.env["GENGFU_KEEP_SCREENSHOTS"] === undefined) rmSync(screenshots, { recursive: true, force: true });
      else console.log(`screenshots: ${screenshots}`);
    });
    const { page } = browser;
    page.setDefaultTimeout(60_000);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.locator("#node-dialog-login input[name=username], #node-dialog-login input").first().fill(account.user);
    await page.locator("#node-dialog-login input[type=password]").fill(account.password);
    await page.screenshot({ path: join(screenshots, "login.png") });
    await page.keyboard.press("Enter");
    const node = page.locator('[data-palette-type="gengfu-reading-out"]');
    await node.waitFor();
    await node.scrollIntoViewIfNeeded();
    await node.hover();
    expect(await page.locator('[data-palette-type="gengfu-alert-in"]').count()).toBe(1);
    await node.click();
    await until(
      "the help in Chinese",
      async () => /读数写入网关磁盘后/.test((await page.locator("body").textContent()) ?? ""),
      within,
    );
    await page.screenshot({ path: join(screenshots, "editor.png") });
  });
});
