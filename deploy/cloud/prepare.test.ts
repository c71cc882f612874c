import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCloudConfig } from "@gengfu/cloud/config";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { preparedFolder, type PreparedFolder } from "./testing/prepared-folder.ts";

const host = "cloud.example.com";
let folder: PreparedFolder;
beforeAll(() => {
  folder = preparedFolder(host);
});
afterAll(() => folder.remove());

describe("a folder that prepare.sh made", () => {
  it("has a configuration that the cloud takes as it is", () => {
    const reader = new ConfigReader({ SECRETS: folder.secrets });
    const setup = readCloudConfig(reader, join(folder.config, "cloud.yaml"));
    reader.finish();
    expect(setup?.sites.map(({ id }) => id)).toEqual(["nanshan-park"]);
    expect(setup?.config).toMatchObject({
      data: "/var/lib/gengfu",
      http: { host: "0.0.0.0", port: 8080 },
      uplink: { host: "0.0.0.0", port: 8884, plaintext: false },
      influx: { url: "http://influxdb:8086", database: "gengfu", username: "gengfu" },
    });
    expect(setup?.config.notifications.wecom_bot).toBeUndefined();
  });

  it("speaks to the group bot where its webhook is given", () => {
    const reader = new ConfigReader({ SECRETS: folder.secrets, WECOM_BOT_URL: "https://bot.example.com/send?key=k" });
    const setup = readCloudConfig(reader, join(folder.config, "cloud.yaml"));
    reader.finish();
    expect(setup?.config.notifications.wecom_bot?.url).toBe("https://bot.example.com/send?key=k");
  });

  it("has secrets that differ, are hard to guess and need no quoting", () => {
    const files = [join(folder.config, "secrets"), folder.secrets].flatMap((path) =>
      readdirSync(path).map((name) => join(path, name)),
    );
    const secrets = files.filter((file) => !file.includes("uplink_")).map((file) => readFileSync(file, "utf8"));
    expect(secrets.length).toBe(11);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect(new Set(secrets).size).toBe(secrets.length);
  });

  it("is closed to others, while containers of other users can read what compose mounts for them", () => {
    for (const path of [folder.config, join(folder.config, "secrets"), folder.secrets]) {
      expect(statSync(path).mode & 0o777, path).toBe(0o700);
    }
    for (const name of readdirSync(join(folder.config, "secrets"))) {
      expect(statSync(join(folder.config, "secrets", name)).mode & 0o777, name).toBe(0o600);
    }
    for (const name of readdirSync(folder.secrets)) {
      expect(statSync(join(folder.secrets, name)).mode & 0o777, name).toBe(0o444);
    }
  });

  it("keeps what is there when it is prepared again, and makes what is new or was lost", () => {
    const site = join(folder.config, "site.yaml");
    const edited = readFileSync(site, "utf8").replaceAll("boiler-1", "boiler-new");
    writeFileSync(site, edited);
    const before = readFileSync(join(folder.secrets, "grafana_admin_password"), "utf8");
    rmSync(join(folder.secrets, "console_viewer_token"));
    const said = folder.prepare();
    expect(said).toContain("kept    config/site.yaml");
    expect(said.split("\n").filter((line) => line.startsWith("made"))).toEqual([
      "made    config/secrets/device-boiler-new",
      "made    secrets/console_viewer_token",
    ]);
    expect(readFileSync(site, "utf8")).toBe(edited);
    expect(readFileSync(join(folder.secrets, "grafana_admin_password"), "utf8")).toBe(before);
  });
});

describe("certificates by the README's commands", () => {
  it("are those of the host, to who trusts the CA", async () => {
    expect(await handshake(host)).toBe("authorised");
  });

  it("are not those of another host, and nobody else trusts them", async () => {
    expect(await handshake("elsewhere.example.com")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await handshake(host, null)).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  });

  async function handshake(
    servername: string,
    ca: string | null = join(folder.certificates, "ca.crt"),
  ): Promise<string> {
    const read = (name: string): Buffer => readFileSync(join(folder.secrets, name));
    const server = createServer({ cert: read("uplink_certificate"), key: read("uplink_key") });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const trusted = ca === null ? {} : { ca: readFileSync(ca) };
    const socket = connect({ host: "127.0.0.1", port, servername, ...trusted });
    try {
      await once(socket, "secureConnect");
      return "authorised";
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    } finally {
      socket.destroy();
      server.close();
    }
  }
});
