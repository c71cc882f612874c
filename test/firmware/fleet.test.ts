import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fleetFile, fleetSite } from "@gengfu/firmware-contracts/simulator/fleet";
import { scenarios, type ScenarioName } from "@gengfu/firmware-contracts/simulator/scenario";
import { Simulator } from "@gengfu/firmware-contracts/simulator/simulator";
import { silentLogger } from "@gengfu/shared/logging";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../support/demo.ts";
import { publish } from "../support/mosquitto.ts";
import { ServiceProcess } from "../support/services.ts";
import { lacks } from "../support/tools.ts";
import { until } from "../support/until.ts";

const readme = readFileSync(join(root, "firmware-contracts", "README.md"), "utf8");
const shell = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
  block
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== ""),
);

let folder = "";
let edge: ServiceProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-firmware-"));
  mkdirSync(join(folder, "edge"));
  edge = new ServiceProcess("edge", folder);
});

afterEach(async () => {
  await edge.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** A real edge of a site, whose cloud nobody has built yet. */
async function startEdge(site: string): Promise<URL> {
  edge.configure({
    gateway: "main-building",
    site,
    data: join(folder, "edge"),
    devices_broker: { port: 0 },
    uplink: { url: "mqtt://127.0.0.1:9" },
  });
  const { deviceBroker = "" } = await edge.startWell();
  return new URL(deviceBroker);
}

/** Runs a line of the README with its broker moved to where this test's stands. */
async function runLine(line: string, { port }: URL): Promise<string> {
  const moved = line
    .replace("-p 1883 ", "")
    .replace("-h 127.0.0.1", `-h 127.0.0.1 -p ${port}`)
    .replace("127.0.0.1:1883", `127.0.0.1:${port}`);
  const { stdout } = await promisify(execFile)("sh", ["-c", moved], { cwd: root, timeout: 60_000 });
  return stdout;
}

describe("a fleet of 300 at a real edge", () => {
  async function play(name: ScenarioName, url: URL): Promise<Simulator["stats"]> {
    const simulator = new Simulator({
      site: fleetSite(300, "demo"),
      scenario: scenarios[name],
      broker: url.href,
      speed: 20,
      seed: 7,
      began_ms: 8 * 3_600_000,
      clock: systemClock,
      logger: silentLogger,
    });
    simulator.start();
    try {
      // some of them are always away where they reboot
      await until("the devices", () => simulator.stats.connected > 240, { lastSeen: () => simulator.stats });
      const wanted = simulator.stats.published + 5_000;
      await until("5,000 readings", () => simulator.stats.published >= wanted, { lastSeen: () => simulator.stats });
    } finally {
      await simulator.stop();
    }
    return simulator.stats;
  }

  test("is taken in whole while devices reboot and cards are tapped", async () => {
    const site = join(folder, "fleet.json");
    writeFileSync(site, JSON.stringify(fleetFile(300, "demo")));
    const url = await startEdge(site);
    for (const name of ["taps", "reboot"] as const) {
      expect(await play(name, url)).toMatchObject({ refused: 0, dropped: 0 });
    }
  });

  test("hears of the times of 1970 that it says", async () => {
    const site = join(folder, "fleet.json");
    writeFileSync(site, JSON.stringify(fleetFile(300, "demo")));
    const stats = await play("clock-lost", await startEdge(site));
    expect(stats.refused).toBeGreaterThan(0);
    expect(stats.dropped).toBe(0);
  });

  test("can be had by the lines of the README", async () => {
    const [print = "", run = ""] = shell.filter((line) => line.includes("--devices 300"));
    const site = join(folder, "fleet.json");
    await runLine(print.replace("fleet.json", site), new URL("mqtt://127.0.0.1"));
    const url = await startEdge(site);
    const out = await runLine(`${run} --seconds 3`, url);
    expect(out).toMatch(/"connected":300,"devices":300/);
    expect(out).toMatch(/"refused":0,"msg":"simulator stopped"/);
  });
});

describe.skipIf(lacks("mosquitto_pub"))("the README's lines for the shell", () => {
  test("are taken by a real edge, and the mistake is answered as it says", async () => {
    const url = await startEdge(join(root, "deploy", "demo", "site.yaml"));
    const listen = shell.find((line) => line.startsWith("mosquitto_sub")) ?? "";
    // its `&` belongs to a terminal; here it ends with the first answer
    const answer = runLine(listen.replace(/ &$/, " -C 1 -W 30"), url);
    const mistake = shell.find((line) => line.includes('"high"')) ?? "";
    const right = shell.filter((line) => line.startsWith("mosquitto_pub") && line !== mistake);
    expect(right.length).toBeGreaterThan(7);
    for (const line of right) await runLine(line, url);

    let heard = false;
    void answer.then(() => (heard = true));
    // the subscription may come after the first of them
    await until("an answer", async () => {
      await runLine(mistake, url);
      return heard;
    });
    const shown: unknown = JSON.parse(/```json\n([^`]*)```/.exec(readme)?.[1] ?? "");
    expect(JSON.parse(await answer)).toEqual(shown);

    const stranger = await publish(
      { broker: url.href, device: "tank-fire", secret: "no" },
      "gengfu/v1/tank-fire/level",
      "1",
    );
    expect(stranger.code).not.toBe(0);
  });

  test("are listened to at a real edge, which hands on what it answers and the state, and no readings", async () => {
    const url = await startEdge(join(root, "deploy", "demo", "site.yaml"));
    const cli = join(root, "firmware-contracts", "src", "cli.ts");
    const sign = ["--device", "tank-fire", "--user", "tank-fire", "--password", "demo"];
    const args = [cli, "check", "--broker", url.href, ...sign, "--listen", "5", "--json"];
    let ended = false;
    const checked = promisify(execFile)(process.execPath, args).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string }) => error.stdout ?? "",
    );
    void checked.then(() => (ended = true));
    const state = shell.find((line) => line.includes("-m 'online'")) ?? "";
    const mistake = shell.find((line) => line.includes('"high"')) ?? "";
    await until("the report", async () => {
      await runLine(state, url);
      await runLine(mistake, url);
      return ended;
    });
    const report = JSON.parse(await checked) as { devices: { rules: { rule: string; verdict: string }[] }[] };
    const verdicts = Object.fromEntries(report.devices[0]?.rules.map(({ rule, verdict }) => [rule, verdict]) ?? []);
    expect(verdicts).toMatchObject({ payload: "broken", retain: "holds", online: "holds", seq: "not_seen" });
  });
});
