import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEdgeConfig, type EdgeConfig } from "@gengfu/edge/config";

const here = import.meta.dirname;
const root = join(here, "../..");
const text = readFileSync(join(here, "gengfu-edge.service"), "utf8");
const analyze = "/usr/bin/systemd-analyze";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-edge-sample-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The settings of a unit file: one list of values for each key, as keys may repeat. */
function settings(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of unit.split("\n")) {
    if (line === "" || line.startsWith("#") || line.startsWith("[")) continue;
    const [, key = "", value = ""] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    expect(key, line).not.toBe("");
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}

/** The samples as install.sh lays them out, with the secrets that the site names and a CA. */
function sample(): EdgeConfig {
  copyFileSync(join(here, "sample/edge.yaml"), join(folder, "edge.yaml"));
  const site = readFileSync(join(here, "../cloud/sample/site.yaml"), "utf8");
  writeFileSync(join(folder, "site.yaml"), site);
  mkdirSync(join(folder, "secrets"), { recursive: true });
  for (const [, name = ""] of site.matchAll(/secret: file:secrets\/([\w-]+)/g)) {
    writeFileSync(join(folder, "secrets", name), `secret of ${name}\n`);
  }
  writeFileSync(join(folder, "ca.crt"), "a certificate");
  return readEdgeConfig(join(folder, "edge.yaml"), {});
}

describe("the samples", () => {
  it("are taken by the gateway as they are", () => {
    expect(sample()).toMatchObject({
      gateway: "gatehouse",
      data: "/var/lib/gengfu",
      secret: "secret of gateway-gatehouse",
      devices_broker: { host: "0.0.0.0", port: 1_883, plaintext: true },
      uplink: { url: "mqtts://cloud.example.com:8884", ca: "a certificate", plaintext: false },
      clock: { sync_file: "/run/systemd/timesync/synchronized" },
    });
    expect(sample().devices.map(({ id }) => id)).toEqual(["fire-panel", "tank-fire", "boiler-1", "reader-patrol"]);
  });

  it("show GPIO lines that are right once they are uncommented", () => {
    sample();
    const edge = readFileSync(join(folder, "edge.yaml"), "utf8");
    writeFileSync(join(folder, "edge.yaml"), edge.replaceAll(/^# ?(gpio:| {2,}\S)/gm, "$1"));
    const { lines, outputs } = readEdgeConfig(join(folder, "edge.yaml"), {}).gpio ?? {};
    expect(outputs).toMatchObject([{ name: "siren", offset: 5, safe: "off" }]);
    expect(lines).toMatchObject([
      { offset: 17, device: "fire-panel", channel: "fire" },
      { offset: 27, device: "fire-panel", channel: "mains", normally: "closed" },
    ]);
  });
});

describe("the unit", () => {
  const unit = settings(text);
  const one = (key: string): string | undefined => {
    expect(unit.get(key), key).toHaveLength(1);
    return unit.get(key)?.[0];
  };

  it("starts the gateway as install.sh lays it out, by the Node that came with it", () => {
    const [node, main, ...options] = (one("ExecStart") ?? "").split(" ");
    expect(node).toBe("/opt/gengfu/current/node_modules/.bin/node");
    expect(existsSync((main ?? "").replace("/opt/gengfu/current", root))).toBe(true);
    expect(options).toEqual(["--config", "/etc/gengfu/edge.yaml"]);
    const documentation = (one("Documentation") ?? "").replace("file:/opt/gengfu/current", root);
    expect(existsSync(documentation)).toBe(true);
  });

  it("has the data folder that edge.yaml names, and may write nowhere else", () => {
    expect(`/var/lib/${one("StateDirectory")}`).toBe(sample().data);
    expect(one("ProtectSystem")).toBe("strict");
    expect(unit.has("ReadWritePaths")).toBe(false);
  });

  it("runs as nobody in particular, who may drive GPIO lines through /sys", () => {
    expect([one("User"), one("SupplementaryGroups"), one("CapabilityBoundingSet")]).toEqual([
      "gengfu",
      "gpio dialout input",
      "",
    ]);
    // would make /sys read-only
    expect(unit.has("ProtectKernelTunables")).toBe(false);
  });

  it("makes the outputs safe after its end, though it was killed", () => {
    const [node, script, ...options] = (one("ExecStopPost") ?? "").split(" ");
    expect(node).toBe("-/opt/gengfu/current/node_modules/.bin/node");
    expect(existsSync((script ?? "").replace("/opt/gengfu/current", root))).toBe(true);
    expect(options).toEqual(["--config", "/etc/gengfu/edge.yaml"]);
  });

  it("may open the devices that readings come from, and no others", () => {
    expect(one("DevicePolicy")).toBe("closed");
    expect(unit.get("DeviceAllow")).toContain("char-gpiochip rw");
    // would hide them all
    expect(unit.has("PrivateDevices")).toBe(false);
  });

  it("comes back whatever happens, and waits for no network", () => {
    expect([one("Restart"), one("StartLimitIntervalSec"), one("WantedBy")]).toEqual([
      "always",
      "0",
      "multi-user.target",
    ]);
    expect(unit.has("Requires") || unit.has("Wants") || one("After")?.includes("network-online")).toBe(false);
  });

  it("has bounds, with room in them for every connection that the broker takes", () => {
    expect(Number(one("LimitNOFILE"))).toBeGreaterThan(2 * sample().limits.connections_max);
    const heap = /--max-old-space-size=(\d+)/.exec(unit.get("Environment")?.join(" ") ?? "")?.[1];
    expect(one("MemoryMax")).toBe("512M");
    expect(Number(heap)).toBeLessThan(400);
  });

  it("doesn't promise a watchdog that the gateway doesn't feed", () => {
    expect(unit.has("WatchdogSec")).toBe(false);
    expect(one("Type")).toBe("exec");
  });

  it.skipIf(!existsSync(analyze))("passes systemd's own check, and its judgement of what is exposed", () => {
    const file = join(folder, "gengfu-edge.service");
    writeFileSync(file, text.replace(/^(ExecStart|ExecStopPost)=-?\S+/gm, "$1=/bin/true"));
    const verified = spawnSync(analyze, ["verify", "--man=no", file], { encoding: "utf8" });
    expect([verified.status, verified.stderr]).toEqual([0, ""]);
    const judged = spawnSync(analyze, ["security", "--offline=yes", "--no-pager", file], { encoding: "utf8" });
    const level = /exposure level for [\w.-]+: ([\d.]+)/.exec(judged.stdout)?.[1];
    expect(Number(level)).toBeLessThan(2.5);
  });
});
