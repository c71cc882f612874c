import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, type ConfigProblem } from "@gengfu/shared/config/problem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { edgeConfig, readEdgeConfig } from "./config.ts";

const example = join(import.meta.dirname, "../edge.example.yaml");
const demoSite = join(import.meta.dirname, "../../deploy/demo/site.yaml");

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-config-"));
  file = join(folder, "edge.yaml");
  cpSync(demoSite, join(folder, "site.yaml"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const right = 'gateway: main-building\nuplink: { url: "mqtt://127.0.0.1:1" }\n';

function problems(text: string): Pick<ConfigProblem, "path" | "allowed">[] {
  writeFileSync(file, text);
  try {
    readEdgeConfig(file, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, allowed }) => ({ path, allowed }));
    throw error;
  }
  return [];
}

describe("the example", () => {
  it("is right as it stands, and also with everything that it shows", () => {
    expect(readEdgeConfig(example, {}).devices).toHaveLength(8);
    const shown = readFileSync(example, "utf8")
      .replaceAll(/^# (?=\w+:|  )/gm, "")
      .replaceAll(/^( +)# /gm, "$1")
      .replaceAll(/file:\/etc\/\S+/g, "pem")
      .replace("../deploy/demo/site.yaml", "./site.yaml");
    writeFileSync(file, shown);
    const config = readEdgeConfig(file, {});
    expect(config.gpio?.lines).toHaveLength(3);
    expect(config.foreign.map(({ id }) => id)).toEqual(["tasmota", "site-mosquitto"]);
    expect(config.devices_broker.tls?.client_ca).toBe("pem");
    const { limits, log, uplink } = edgeConfig.parse({ gateway: "g", uplink: { url: "mqtt://127.0.0.1:1" } });
    expect([config.limits, config.log]).toEqual([limits, log]);
    const { linger, acknowledge_timeout, heartbeat } = uplink;
    expect(config.uplink).toMatchObject({ linger, acknowledge_timeout, heartbeat });
    expect(config.clock.sync_file).toBe("/run/systemd/timesync/synchronized");
  });
});

describe("reading the configuration", () => {
  it("resolves paths and takes the secret from the site file unless it has its own", () => {
    writeFileSync(file, right);
    expect(readEdgeConfig(file, {})).toMatchObject({
      data: join(folder, "data"),
      secret: "demo",
      gateway: "main-building",
    });
    writeFileSync(file, right.replace("uplink: {", 'uplink: { secret: "${SECRET}",'));
    expect(readEdgeConfig(file, { SECRET: "hush" }).secret).toBe("hush");
  });

  it("names the mistakes of both files at once", () => {
    writeFileSync(join(folder, "site.yaml"), "id: x y\n");
    const paths = problems(`${right}gpio: {}\nlog: { readings_max: 1 }\n`).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["gpio.lines", "log.readings_max", "id", "gateways", "devices"]));
  });

  it("holds the gateway and its lines against the site", () => {
    expect(problems(right.replace("main-building", "annex"))).toEqual([
      { path: "gateway", allowed: "one of main-building" },
    ]);
    const line = (rest: string): Pick<ConfigProblem, "path" | "allowed">[] =>
      problems(`${right}gpio: { lines: [{ offset: 1, ${rest} }] }`);
    expect(line("device: fire-panel, channel: fire")).toEqual([]);
    expect(line("device: panel, channel: fire")[0]?.path).toBe("gpio.lines[0].device");
    expect(line("device: fire-panel")).toEqual([
      { path: "gpio.lines[0].channel", allowed: "a contact channel of fire-panel: fire, fault, mains" },
    ]);
    expect(line("device: tank-fire")[0]?.allowed).toBe("a device that measures contact");
    expect(line("device: screening-gate, kind: count")).toEqual([]);
  });

  it("holds what readers light and sound against the outputs", () => {
    const reader = (device: string, green: string): string =>
      `${right}pn532: { readers: [{ port: /dev/serial0, device: ${device}, signals: { green: ${green} } }] }\n`;
    const outputs = "gpio: { outputs: [{ name: lamp, offset: 5 }] }\n";
    expect(problems(`${reader("reader-lobby", "lamp")}${outputs}`)).toEqual([]);
    expect(problems(`${reader("reader-lobby", "siren")}${outputs}`)).toEqual([
      { path: "pn532.readers[0].signals.green", allowed: "one of lamp" },
    ]);
    expect(problems(reader("tank-fire", "lamp")).map(({ path }) => path)).toEqual([
      "pn532.readers[0].channel",
      "pn532.readers[0].signals.green",
    ]);
  });

  it("wants TLS beyond loopback, or to be told that the wire is one's own", () => {
    const uplink = (rest: string): string[] =>
      problems(`gateway: main-building\nuplink: { ${rest} }`).map(({ path }) => path);
    expect(uplink('url: "mqtt://cloud.example:1883"')).toEqual(["uplink.url"]);
    expect(uplink('url: "mqtts://cloud.example:8884"')).toEqual([]);
    expect(uplink('url: "mqtt://[::1]:1883"')).toEqual([]);
    expect(uplink('url: "mqtt://cloud:1883", plaintext: true')).toEqual([]);
    expect(uplink('url: "http://cloud.example"')).toEqual(["uplink.url"]);
    expect(uplink("url: cloud")).toEqual(["uplink.url"]);
    expect(problems(`${right}devices_broker: { host: 0.0.0.0 }`)).toEqual([
      { path: "devices_broker.host", allowed: expect.stringContaining("tls") },
    ]);
  });
});
