import { entriesOf } from "@gengfu/shared/testing/held-log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startBroker, type BrokerUnderTest } from "../testing/broker-under-test.ts";
import { hasMosquitto, mosquittoPub, mosquittoPubFrom, mosquittoSub, type Account } from "../testing/mosquitto.ts";

/** The device broker as clients see it that no one here wrote. */
describe.skipIf(!hasMosquitto)("mosquitto's clients", () => {
  let broker: BrokerUnderTest;
  let tank: Account;
  beforeEach(async () => {
    broker = await startBroker();
    tank = { port: broker.port, user: "tank", password: "secret" };
  });
  afterEach(() => broker.stop());

  it("store what they publish, at every quality of service", async () => {
    const { port } = broker;
    const reader = { port, user: "reader", password: "secret" };
    const panel = { port, user: "panel", password: "secret" };
    const before = Date.now();
    expect(await mosquittoPub(reader, "-q", "1", "-t", "gengfu/v1/reader/tap", "-m", '{"card":"04a1b2c3d4e580"}')).toBe(
      0,
    );
    expect(await mosquittoPub(tank, "-q", "1", "-t", "gengfu/v1/tank/level", "-m", '{"metres":1.25,"age":5000}')).toBe(
      0,
    );
    expect(
      await mosquittoPub(panel, "-q", "2", "-t", "gengfu/v1/panel/contact", "-m", '{"closed":true,"channel":"fire"}'),
    ).toBe(0);
    const celsius = '{"celsius":61.5,"at":1780000000000,"boot":3,"seq":9}';
    expect(await mosquittoPub(tank, "-q", "0", "-t", "gengfu/v1/tank/temperature", "-m", celsius)).toBe(0);
    await vi.waitFor(async () => expect(await entriesOf(broker.log)).toHaveLength(4));
    const [tap, level, contact, temperature] = await entriesOf(broker.log);
    expect(tap).toMatchObject({ device: "reader", kind: "tap", value: null, detail: { card: "04A1B2C3D4E580" } });
    expect(level).toMatchObject({ device: "tank", kind: "level", channel: null, value: 1.25, clock: "synchronised" });
    expect((level?.receivedAt ?? 0) - (level?.at ?? 0)).toBe(5_000);
    expect(level?.receivedAt).toBeGreaterThanOrEqual(before);
    expect(contact).toMatchObject({ device: "panel", kind: "contact", channel: "fire", value: 1 });
    expect(temperature).toMatchObject({ kind: "temperature", value: 61.5, at: 1_780_000_000_000, clock: "device" });
  });

  it("are refused with a wrong password, and stored nothing on a foreign topic", async () => {
    const publish = ["-q", "1", "-t", "gengfu/v1/tank/level", "-m", '{"metres":1}'];
    expect(await mosquittoPub({ ...tank, password: "wrong" }, ...publish)).not.toBe(0);
    expect(await mosquittoPub({ ...tank, user: "stranger" }, ...publish)).not.toBe(0);
    expect(await mosquittoPub({ ...tank, user: "panel" }, ...publish)).not.toBe(0);
    expect(await entriesOf(broker.log)).toEqual([]);
    expect(await mosquittoPub(tank, ...publish)).toBe(0);
    expect(await entriesOf(broker.log)).toHaveLength(1);
  });

  it("read on `error` what was wrong with a payload, be it a megabyte", async () => {
    const sub = await mosquittoSub(tank, "gengfu/v1/tank/error");
    const read = async (): Promise<unknown> => JSON.parse((await sub.line()).replace("gengfu/v1/tank/error ", ""));
    expect(await mosquittoPub(tank, "-q", "1", "-t", "gengfu/v1/tank/level", "-m", '{"metres":')).toBe(0);
    expect(await read()).toMatchObject({ code: "not_json", path: "" });
    expect(await mosquittoPub(tank, "-q", "1", "-t", "gengfu/v1/tank/level", "-m", '{"metres":true}')).toBe(0);
    expect(await read()).toMatchObject({ code: "invalid_field", path: "metres" });
    const large = Buffer.alloc(1_000_000, "9");
    expect(await mosquittoPubFrom(tank, large, "-q", "1", "-t", "gengfu/v1/tank/level", "-s")).toBe(0);
    expect(await read()).toMatchObject({ code: "payload_too_large" });
    expect((await entriesOf(broker.log)).map(({ kind }) => kind)).toEqual(["quarantine", "quarantine", "quarantine"]);
    await sub.stop();
  });

  it("deliver a line again after a broken connection, and it makes no second reading", async () => {
    // mosquitto_pub -l reconnects by itself; without -i it gives no client id, and the broker makes up another each time
    broker.log.hold();
    const input = Buffer.from('{"metres":1}\n{"metres":2}\n');
    const published = mosquittoPubFrom(tank, input, "-q", "1", "-t", "gengfu/v1/tank/level", "-l");
    await vi.waitFor(() => expect(broker.log.pending).toBe(2));
    const { port, log, intake } = broker;
    await broker.stop();
    broker = await startBroker({ log, intake, port });
    await vi.waitFor(() => expect(intake.repeats).toBe(2), { timeout: 20_000 });
    log.release();
    expect(await published).toBe(0);
    expect((await entriesOf(log)).map(({ value }) => value)).toEqual([1, 2]);
  });
});
