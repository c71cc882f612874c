import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Listen } from "@gengfu/shared/config/listen";
import { hasOpenssl, makeAuthority } from "@gengfu/shared/testing/certificates";
import { entriesOf } from "@gengfu/shared/testing/held-log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startBroker, type BrokerUnderTest } from "../testing/broker-under-test.ts";
import { hasMosquitto, mosquittoPub } from "../testing/mosquitto.ts";
import { mqttDial } from "../uplink/mqtt-link.ts";

describe.skipIf(!hasOpenssl)("over TLS", () => {
  let folder: string;
  let broker: BrokerUnderTest | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-tls-"));
  });
  afterEach(async () => {
    await broker?.stop();
    rmSync(folder, { recursive: true });
  });

  async function start(client_ca?: string): Promise<{ port: number; ca: string; certificate: string }> {
    const authority = makeAuthority(folder, "site-ca");
    const { certificate, key } = authority.issue("localhost");
    const tls: NonNullable<Listen["tls"]> =
      client_ca === undefined ? { certificate, key } : { certificate, key, client_ca };
    broker = await startBroker({ tls });
    return { port: broker.port, ca: authority.file, certificate: authority.certificate };
  }

  const publish = ["-q", "1", "-t", "gengfu/v1/tank/level", "-m", '{"metres":1}'];

  it.skipIf(!hasMosquitto)("takes devices in that know the authority, and no plain connection", async () => {
    const { port, ca } = await start();
    const tank = { port, user: "tank", password: "secret" };
    expect(await mosquittoPub(tank, "--cafile", ca, ...publish)).toBe(0);
    expect(await mosquittoPub(tank, ...publish)).not.toBe(0);
    expect(await entriesOf((broker as BrokerUnderTest).log)).toHaveLength(1);
  });

  it.skipIf(!hasMosquitto)("asks for the devices' own certificates where it is told to", async () => {
    const devices = makeAuthority(folder, "devices-ca");
    const own = devices.issue("tank").files;
    const strange = makeAuthority(folder, "strange-ca").issue("stranger").files;
    const { port, ca } = await start(devices.certificate);
    const tank = { port, user: "tank", password: "secret" };
    const using = (files: typeof own): string[] => ["--cafile", ca, "--cert", files.certificate, "--key", files.key];
    expect(await mosquittoPub(tank, ...using(own), ...publish)).toBe(0);
    expect(await mosquittoPub(tank, "--cafile", ca, ...publish)).not.toBe(0);
    expect(await mosquittoPub(tank, ...using(strange), ...publish)).not.toBe(0);
    expect(await entriesOf((broker as BrokerUnderTest).log)).toHaveLength(1);
  });

  it("is what the uplink speaks, with the authority that it is given and no other", async () => {
    const { port, certificate } = await start();
    const dial = (ca: string | undefined) =>
      mqttDial({ url: `mqtts://127.0.0.1:${port}`, gateway: "tank", secret: "secret", ca })(
        new AbortController().signal,
      );
    const link = await dial(certificate);
    link.close();
    await expect(dial(undefined)).rejects.toThrow(/certificate/);
  });
});
