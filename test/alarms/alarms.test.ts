import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCloud } from "@gengfu/cloud/cloud";
import { readCloudConfig } from "@gengfu/cloud/config";
import { readEdgeConfig } from "@gengfu/edge/config";
import { startEdge } from "@gengfu/edge/edge";
import { FakeGpio } from "@gengfu/edge/testing/fake-gpio";
import { hasPty, openPty } from "@gengfu/edge/testing/pty";
import { ScriptedModem } from "@gengfu/edge/testing/scripted-modem";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { describe, expect, onTestFinished, test } from "vitest";
import { Api, type AlertRow } from "../support/api.ts";
import { root } from "../support/demo.ts";
import { Device } from "../support/device.ts";
import { startSlowLink, type SlowLink } from "../support/slow-link.ts";
import { until } from "../support/until.ts";

const siren = 5;
const token = "token-of-the-tests";
const site = join(root, "deploy", "demo", "site.yaml");

interface Scene {
  readonly line: SlowLink;
  readonly modem: ScriptedModem;
  readonly gpio: FakeGpio;
  readonly panel: Device;
  readonly tank: Device;
  /** The cloud's alerts of the rule `fire`. */
  readonly fires: () => Promise<AlertRow[]>;
  readonly acknowledge: (id: string) => Promise<AlertRow>;
  readonly isConnected: () => Promise<boolean>;
}

/** A real edge with a modem and a siren, a real cloud, and a line between them that can be cut. */
async function begin(alarms: Readonly<Record<string, unknown>>): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "gengfu-alarms-"));
  const stack = new AsyncDisposableStack();
  onTestFinished(async () => {
    await stack.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string, config: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(config));
    return join(folder, name);
  };
  const common = { clock: systemClock, logger: silentLogger, random: () => 0.5 };

  const cloudFile = file("cloud.json", {
    data: "cloud",
    sites: [site],
    http: { port: 0 },
    uplink: { port: 0 },
    tokens: [{ name: "tests", token, role: "admin" }],
  });
  const reader = new ConfigReader();
  const setup = readCloudConfig(reader, cloudFile);
  reader.finish();
  if (setup === undefined) throw new Error("no configuration");
  const cloud = await startCloud({ ...common, setup, consoleRoot: folder }, stack);
  const line = await startSlowLink(Number(new URL(cloud.uplinkBroker).port), { latency_ms: 1, bytes_per_s: 1_000_000 });

  const pty = await openPty();
  stack.defer(() => pty.remove());
  const modem = new ScriptedModem(pty);
  const gpio = new FakeGpio();
  const config = readEdgeConfig(
    file("edge.json", {
      gateway: "main-building",
      site,
      data: "edge",
      devices_broker: { port: 0 },
      uplink: { url: `mqtt://127.0.0.1:${line.port}` },
      gpio: { outputs: [{ name: "siren", offset: siren }] },
      modem: { port: pty.path },
      alarms: { outputs: ["siren"], cloud_patience: "2s", repeat_every: "1s", repeat_times: 2, ...alarms },
    }),
  );
  const loadLines = () => Promise.resolve({ driver: gpio });
  const { deviceBroker } = await startEdge({ ...common, config, loadLines }, stack);
  const panel = new Device({ broker: deviceBroker, device: "fire-panel" });
  stack.defer(() => panel.end());
  const tank = new Device({ broker: deviceBroker, device: "tank-fire" });
  stack.defer(() => tank.end());

  const api = new Api(cloud.api, token);
  return {
    line,
    modem,
    gpio,
    panel,
    tank,
    fires: async () => (await api.alerts()).filter(({ rule }) => rule === "fire"),
    acknowledge: (id) => api.acknowledge(id, "tests"),
    isConnected: async () => (await api.gateways())[0]?.connected === true,
  };
}

const close = (panel: Device, closed: boolean): Promise<void> => panel.publish("contact", { channel: "fire", closed });

describe.skipIf(!hasPty)("when the cloud is gone", () => {
  test("the gateway sounds the siren and texts people of a fire; back, the cloud takes the same alert up", async () => {
    const { line, modem, gpio, panel, fires, isConnected, acknowledge } = await begin({ cloud_silent_after: "1h" });
    line.up();
    await until("the connection", isConnected);
    line.down();
    const texted = modem.next();
    await close(panel, true);
    await until("the siren", () => gpio.levels.get(siren) === 1, { within_ms: 3_000 });
    const first = await texted;
    expect(first.text).toMatch(/^【伊通县人民法院】火警:消防控制主机 .*网关短信/u);
    expect(first.text.length).toBeLessThanOrEqual(70);

    line.up();
    const [fire, ...others] = await until("the alert in the cloud", async () => {
      const found = await fires();
      return found.length > 0 && found;
    });
    expect([fire?.state, others]).toEqual(["firing", []]);
    await acknowledge(fire?.id ?? "");
    // the gateway knows the cloud's alert by its id, or it would go on
    await until("silence", () => gpio.levels.get(siren) === 0);
    expect(modem.sent).toEqual([first]);
    expect(await fires()).toHaveLength(1);
  });

  test("nobody is texted of what the cloud says in time that it knows", async () => {
    const { line, modem, gpio, panel, tank, fires, isConnected } = await begin({});
    line.up();
    await until("the connection", isConnected);
    await close(panel, true);
    await until("the siren", () => gpio.levels.get(siren) === 1, { within_ms: 3_000 });
    await until("the alert in the cloud", async () => (await fires()).length === 1);
    await close(panel, false);
    await until("the end of the fire", () => gpio.levels.get(siren) === 0);
    // of the fire people would have been texted before
    line.down();
    const texted = modem.next();
    await tank.publish("level", { metres: 1 });
    expect((await texted).text).toMatch(/消防水箱水位低/u);
    expect(modem.sent).toHaveLength(1);
  });

  test("people hear once that the cloud is gone, and once that it is back", async () => {
    const { line, modem } = await begin({ cloud_silent_after: "1s" });
    const gone = await modem.next();
    expect(gone.text).toMatch(/失联/u);
    line.up();
    await until("the text that it is back", () => modem.sent.length === 2, { lastSeen: () => modem.sent });
    expect(modem.sent.map(({ text }) => /恢复连接/u.test(text))).toEqual([false, true]);
  });
});
