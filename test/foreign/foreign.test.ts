import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { buildConsole, consoleIsStale } from "../../deploy/demo/console-build.ts";
import { openBrowser, type Browser } from "../support/chromium.ts";
import { root } from "../support/demo.ts";
import { publish, sendLines, type Sender } from "../support/mosquitto.ts";
import { startServices, type Services, type SiteOptions } from "../support/services.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const unclaimed = z.object({
  unclaimed: z.array(
    z.object({
      gateway: z.string(),
      via: z.string(),
      name: z.string(),
      reason: z.string(),
      count: z.int(),
      topics: z.array(z.object({ topic: z.string(), payload: z.string() })),
      proposal: z.object({ site: z.string().nullable(), edge: z.string().nullable() }),
    }),
  ),
});
type Unclaimed = z.output<typeof unclaimed>["unclaimed"][number];

const z2m = { id: "zigbee2mqtt", secret: "bridge", preset: "zigbee2mqtt", devices: { "front door": "door-front" } };
const doorFront = { id: "door-front", name: { zh: "前门", en: "Front door" }, measures: [{ kind: "contact" }] };

/** The demo's site with further devices, as a file. */
function siteWith(file: string, ...devices: object[]): void {
  const demo = parse(readFileSync(join(root, "deploy", "demo", "site.yaml"), "utf8"), { merge: true }) as {
    devices: object[];
  };
  writeFileSync(file, JSON.stringify({ ...demo, devices: [...demo.devices, ...devices] }));
}

async function site(options: SiteOptions = {}): Promise<{ services: Services; file: string; bridge: Sender }> {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-foreign-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "site.json");
  siteWith(file, doorFront);
  const services = await startServices({
    site: file,
    uplink: { heartbeat: "500ms" },
    ...options,
    edge: { foreign: [z2m], ...options.edge },
  });
  return { services, file, bridge: { broker: services.deviceBroker, device: "zigbee2mqtt", secret: "bridge" } };
}

/** Someone who is listed as unclaimed. */
function listed({ api }: Services, name: string): Promise<Unclaimed> {
  return until(`${name} among the unclaimed`, async () => {
    const { body } = await api.call("GET", "/unclaimed");
    return unclaimed.parse(body).unclaimed.find((one) => one.name === name);
  });
}

describe.skipIf(lacks("mosquitto_pub"))("a Zigbee2MQTT bridge at the gateway", () => {
  test("has its readings in the API, and what nobody claims with a configuration that works", async () => {
    const { services, bridge, file } = await site();
    const { api, edge, cloud } = services;
    expect(await publish(bridge, "zigbee2mqtt/front door", '{"contact":false,"linkquality":120}')).toMatchObject({
      code: 0,
    });
    expect(await publish(bridge, "zigbee2mqtt/front door/availability", '{"state":"online"}')).toMatchObject({
      code: 0,
    });
    const [reading] = await until("the door's reading", async () => {
      const found = await api.readings("?device=door-front&kind=contact");
      return found.length > 0 && found;
    });
    expect(reading).toMatchObject({ gateway: "main-building", kind: "contact", channel: null, value: 0 });

    await publish(bridge, "zigbee2mqtt/0x00158d0001a2b3c4", '{"water_leak":true,"battery":97,"voltage":3025}');
    const stranger = { broker: services.deviceBroker, device: "esp-kitchen", secret: "x" };
    expect((await publish(stranger, "esp-kitchen/sensor/t/state", "21")).code).not.toBe(0);
    const leak = await listed(services, "0x00158d0001a2b3c4");
    expect(leak).toMatchObject({
      gateway: "main-building",
      via: "zigbee2mqtt",
      reason: "unknown_device",
      count: 1,
      topics: [{ topic: "zigbee2mqtt/0x00158d0001a2b3c4" }],
    });
    expect(await listed(services, "esp-kitchen")).toMatchObject({ via: "", reason: "not_signed_on", topics: [] });

    // as a person would: both pieces into their files, then restart
    const proposed = parse(leak.proposal.site ?? "") as { devices: object[] };
    const [more] = (parse(leak.proposal.edge ?? "") as { foreign: { devices: Record<string, string> }[] }).foreign;
    siteWith(file, doorFront, ...proposed.devices);
    edge.reconfigure({ foreign: [{ ...z2m, devices: { ...z2m.devices, ...more?.devices } }] });
    await edge.kill("SIGTERM");
    await cloud.kill("SIGTERM");
    await cloud.startWell();
    await edge.startWell();
    await publish(bridge, "zigbee2mqtt/0x00158d0001a2b3c4", '{"water_leak":true,"battery":97,"voltage":3025}');
    const [id] = Object.values(more?.devices ?? {});
    const [wet] = await until("the leak's reading", async () => {
      const found = await api.readings(`?device=${id}&kind=contact`);
      return found.length > 0 && found;
    });
    expect(wet?.value).toBe(1);
    const { body } = await api.call("GET", "/unclaimed");
    expect(unclaimed.parse(body).unclaimed).toEqual([]);
  });

  test("is reported while it floods the gateway, and no more when that is over", async () => {
    const { services, bridge } = await site({
      edge: { limits: { flood: { reported_above: 200, reported_after: "2s" } } },
    });
    const { api } = services;
    const troubles = async (): Promise<string[]> => {
      const { body } = await api.call("GET", "/gateways");
      return (
        z.object({ gateways: z.array(z.object({ troubles: z.array(z.string()) })) }).parse(body).gateways[0]
          ?.troubles ?? []
      );
    };
    const flood = sendLines(bridge, "zigbee2mqtt/front door");
    onTestFinished(() => flood.kill());
    const lines = Array.from({ length: 20 }, (_, n) => JSON.stringify({ contact: n % 2 === 0 }));
    const over = new AbortController();
    onTestFinished(() => over.abort());
    const pour = async (): Promise<void> => {
      while (!over.signal.aborted) {
        flood.write(lines);
        await pause(systemClock, 20, over.signal);
      }
    };
    const poured = pour();
    const told = await until("the flood to be reported", async () =>
      (await troubles()).find((one) => /每秒发送/.test(one)),
    );
    expect(told).toMatch(
      /设备 zigbee2mqtt 每秒发送约 \d+ 条.*The device zigbee2mqtt sends about \d+ messages a second/,
    );
    over.abort();
    await poured;
    await until("the report to go", async () => (await troubles()).length === 0);
  });
});

describe.skipIf(lacks("mosquitto_pub", "chromium", "Chinese font"))("the panel of the unclaimed", () => {
  const screenshots = mkdtempSync(join(tmpdir(), "gengfu-screenshots-"));
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (consoleIsStale()) expect(await buildConsole()).toEqual({ built: true });
  });
  afterAll(async () => {
    await browser?.close();
    if (process.env["GENGFU_KEEP_SCREENSHOTS"] === undefined) rmSync(screenshots, { recursive: true, force: true });
    else console.log(`screenshots: ${screenshots}`);
  });

  test("shows who they are and what to configure, in both languages and on a phone, and copies it", async () => {
    const { services, bridge } = await site({ cloud: { console: { open_on_loopback: true } } });
    const { api } = services;
    await publish(
      bridge,
      "zigbee2mqtt/pump-room/leak",
      '{"water_leak":false,"temperature":17.5,"battery":97,"voltage":3025}',
    );
    await publish({ ...bridge, device: "esp-kitchen" }, "esp-kitchen/status", "online");
    const { proposal } = await listed(services, "pump-room/leak");
    browser = await openBrowser({ width: 1440, height: 1000, locale: "zh-CN" });
    const { page, errors } = browser;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(api.base.replace(/api\/v1$/, ""));
    const entry = page.getByTestId("unclaimed-pump-room/leak");
    await entry.waitFor();
    expect(await page.getByTestId("unclaimed").textContent()).toMatch(/未认领的设备.*网桥下的设备，未写入配置/s);
    for (const summary of await entry.locator("summary").all()) await summary.click();
    await entry.getByTestId("copy-proposal").click();
    await entry.getByText("已复制").waitFor();
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(copied).toBe(`# site.yaml\n${proposal.site}\n# edge.yaml\n${proposal.edge}`);
    await entry.screenshot({ path: join(screenshots, "entry.png") });
    await page.screenshot({ path: join(screenshots, "desktop.png"), fullPage: true });
    await page.getByTestId("language").click();
    await page.getByText("Unclaimed devices").waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await entry.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(screenshots, "phone.png") });
    const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate<number>(beyond)).toBe(0);
    expect(errors).toEqual([]);
  });
});
