import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@gengfu/shared/config/problem";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCloudConfig, type CloudSetup } from "./config.ts";

const example = join(import.meta.dirname, "..", "cloud.example.yaml");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-config-"));
  write("site.yaml", site("court", "main", "tank"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const site = (id: string, gateway: string, device: string): string => `
id: ${id}
name: Court
gateways: [{ id: ${gateway}, name: Main, secret: s }]
devices: [{ id: ${device}, name: Tank, secret: s, measures: [{ kind: level }] }]
`;

const least = `
data: data
sites: [site.yaml]
tokens: [{ name: wall, token: long-enough }]
`;

function read(content: string, env: Record<string, string> = {}): CloudSetup | undefined {
  const reader = new ConfigReader(env);
  const setup = readCloudConfig(reader, write("cloud.yaml", content));
  reader.finish();
  return setup;
}

/** The places of the mistakes in a configuration. */
function mistakes(content: string, env: Record<string, string> = {}): string[] {
  try {
    read(content, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}

test("little must be said, and paths are relative to the file", () => {
  const setup = read(least);
  expect(setup?.sites.map(({ id }) => id)).toEqual(["court"]);
  expect(setup?.config).toMatchObject({
    data: join(folder, "data"),
    http: { host: "127.0.0.1", port: 8080 },
    uplink: { host: "127.0.0.1", port: 8884 },
    tokens: [{ name: "wall", role: "viewer" }],
    console: { open_on_loopback: false },
    store: { age_max: 400 * 86_400_000 },
    notifications: { timeout: 10_000 },
  });
  expect(setup?.config.influx).toBeUndefined();
  expect(setup?.config.notifications.wecom_bot).toBeUndefined();
});

describe("parts that the environment switches", () => {
  const switched = `${least}
influx: { url: "\${INFLUX_URL:-}", bucket: "\${INFLUX_BUCKET:-}", database: "\${INFLUX_DATABASE:-}" }
notifications:
  wecom_bot:
    url: \${WECOM_BOT_URL:-}
  aliyun_sms:
    access_key_id: \${KEY:-}
    access_key_secret: \${SECRET:-}
    sign_name: \${SIGN:-}
    template_code: \${CODE:-}
`;

  test("are off while their first setting is empty", () => {
    const config = read(switched, { INFLUX_DATABASE: "gengfu", SIGN: "法院" })?.config;
    expect(config?.influx).toBeUndefined();
    expect(config?.notifications.wecom_bot).toBeUndefined();
    expect(config?.notifications.aliyun_sms).toBeUndefined();
  });

  test("are on with it, and their other empty settings count as left away", () => {
    const env = { INFLUX_URL: "http://db:8086", INFLUX_DATABASE: "gengfu", WECOM_BOT_URL: "https://bot/?key=1" };
    const config = read(switched, env)?.config;
    expect(config?.influx).toMatchObject({ url: "http://db:8086", database: "gengfu" });
    expect(config?.influx).not.toHaveProperty("bucket");
    expect(config?.notifications.wecom_bot?.url).toBe("https://bot/?key=1");
  });

  test("are checked once they are on", () => {
    expect(mistakes(switched, { INFLUX_URL: "db", KEY: "id", SECRET: "s", SIGN: "法院" })).toEqual([
      "influx.url",
      "influx.bucket",
      "notifications.aliyun_sms.template_code",
    ]);
  });

  test("a part that forgets its first setting is a mistake, not off", () => {
    expect(mistakes(`${least}\ninflux: { bucket: b }`)).toContain("influx.url");
  });
});

test("all mistakes are told at once, those of the sites' files too", () => {
  write("site.yaml", "id: court\nname: Court\ngateways: []\ndevices: []\n");
  const found = mistakes(`
data: ""
sites: [site.yaml]
http: { host: 0.0.0.0, port: 70000 }
tokens: [{ name: a, token: short }]
colour: red
`);
  expect(found).toEqual(["data", "http.port", "http.host", "tokens[0].token", "colour"]);
  expect(mistakes(least)).toEqual(["gateways", "devices"]);
});

test("beyond loopback an address needs TLS, or the word that it doesn't", () => {
  expect(mistakes(`${least}\nhttp: { host: 0.0.0.0 }`)).toEqual(["http.host"]);
  expect(mistakes(`${least}\nuplink: { host: 0.0.0.0, plaintext: true }`)).toEqual([]);
});

test("tokens have names and values of their own", () => {
  const tokens = "[{ name: a, token: long-enough }, { name: a, token: long-enough }]";
  expect(mistakes(least.replace(/\[\{.*\}\]/, tokens))).toEqual(["tokens[1].name", "tokens[1].token"]);
});

test("sites share no ids of sites, gateways or devices", () => {
  write("other.yaml", site("court", "main", "tank"));
  const two = least.replace("[site.yaml]", "[site.yaml, other.yaml]");
  expect(mistakes(two)).toEqual(["id", "gateways[0].id", "devices[0].id"]);
  write("other.yaml", site("park", "gate", "pond"));
  expect(read(two)?.sites.map(({ id }) => id)).toEqual(["court", "park"]);
});

test("the sample is right", () => {
  for (const name of ["tls/chain.pem", "tls/key.pem", "secrets/wall.token", "secrets/duty.token"]) {
    write(name.replace("/", "-"), `content of ${name}`);
  }
  const content = readFileSync(example, "utf8").replaceAll(/file:(\w+)\//g, "file:$1-");
  expect(read(content)?.config.tokens.map(({ role }) => role)).toEqual(["viewer", "manager"]);
});
