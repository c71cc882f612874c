import { hasOpenssl, makeAuthority } from "@gengfu/shared/testing/certificates";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DataUnit } from "./data-unit.ts";
import { command, encodeFrame, noData } from "./frame.ts";
import { encodeDataUnit } from "./testing/encode-data-unit.ts";
import { fire, panel, zone } from "./testing/reports.ts";
import { settled, untilRound } from "./testing/rounds.ts";
import { ScriptedUnit } from "./testing/scripted-unit.ts";
import { ServerUnderTest, startedAt } from "./testing/server-under-test.ts";
import { timeTag } from "./time-tag.ts";

let cloud: ServerUnderTest;
beforeEach(async () => {
  cloud = new ServerUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

describe("connections", () => {
  const gateway = () => cloud.parts.registry.get("fire-unit");

  test("make the device a gateway that is connected, and heard with every frame", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    expect(gateway()).toMatchObject({ connected: true, lastSeenAt: startedAt, backlog: 0, clock: "device" });
    cloud.clock.advance(25_000);
    await unit.beat();
    expect(gateway()).toMatchObject({ lastSeenAt: startedAt + 25_000 });
    unit.end();
    await untilRound(() => gateway()?.connected === false);
    expect(cloud.parts.server.stats()).toMatchObject({ connections: 0, heartbeats: 2 });
  });

  test("a heartbeat may hold one byte", async () => {
    const unit = await cloud.connect();
    expect(await unit.report(Uint8Array.of(0x16))).toBe("acknowledged");
    expect(await cloud.readings()).toEqual([]);
  });

  test("keep the devices behind it heard, though a panel has no news", async () => {
    const unit = await cloud.connect();
    const states = async (): Promise<string[]> => {
      const { received } = cloud.parts.ledger.view("fire-unit");
      return received.map(([from, to]) => `${from}-${to}`);
    };
    await unit.beat();
    await untilRound(async () => (await states()).join("") === "1-2");
    cloud.clock.advance((4 * 60_000) / 2);
    await unit.beat();
    cloud.clock.advance(2 * 60_000);
    await unit.beat();
    await settled();
    expect(await states()).toEqual(["1-2"]);
    cloud.clock.advance(60_000);
    await unit.beat();
    await untilRound(async () => (await states()).join("") === "1-4");
  });

  test("that don't say who they are end", async () => {
    const silent = await cloud.connect();
    silent.raw(encodeFrame(silent.frame(noData)).subarray(0, 20));
    await settled();
    cloud.clock.advance(30_000);
    await silent.closed;
  });

  test("that fall silent end", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.clock.advance(100_000);
    await unit.beat();
    unit.raw(Uint8Array.of(0x40, 0x40, 1));
    await settled();
    cloud.clock.advance(180_000);
    await unit.closed;
    await untilRound(() => gateway()?.connected === false);
  });

  test("of one device beyond a few end the oldest", async () => {
    const units: ScriptedUnit[] = [];
    for (let count = 0; count < 5; count++) {
      const unit = await cloud.connect();
      await unit.beat();
      units.push(unit);
    }
    await units[0]?.closed;
    expect(await units[4]?.beat()).toBe("acknowledged");
    expect(cloud.parts.server.stats().connections).toBe(4);
  });

  test("beyond those that are allowed are dropped and counted", async () => {
    await cloud.stop();
    await cloud.start({ connections_max: 2 });
    const units = [await cloud.connect(), await cloud.connect(), await cloud.connect()];
    await units[2]?.closed;
    expect(cloud.parts.server.stats().refused.connections).toBe(1);
    expect(await units[1]?.beat()).toBe("acknowledged");
  });

  test("of two devices are two gateways with numbers of their own", async () => {
    const one = await cloud.connect();
    const other = await cloud.connect({ source: "7A-03-00-00-00-00" });
    await Promise.all([one.report(panel(fire)), other.report(panel(fire))]);
    const firsts = (await cloud.readings()).filter(({ channel }) => channel === "fire");
    expect(firsts.map(({ gateway: id, device }) => `${id} ${device}`).toSorted()).toEqual([
      "fire-unit fire-panel",
      "other-unit other",
    ]);
  });
});

describe("the clock of a device", () => {
  const slow = (): Partial<{ sent: Uint8Array }> => ({ sent: timeTag(cloud.clock.now() - 120_000, zone) });
  const gateway = () => cloud.parts.registry.get("fire-unit");

  test("that is wrong is set, after its frame was answered", async () => {
    const unit = await cloud.connect();
    const beat = unit.frame(noData, slow());
    unit.send(beat);
    expect(await unit.next()).toMatchObject({ serial: beat.serial, command: command.acknowledge });
    const set = await unit.next();
    expect(set).toMatchObject({ command: command.control, source: beat.destination, destination: beat.source });
    expect([...set.data]).toEqual([90, 1, ...timeTag(startedAt, zone)]);
    unit.send({ ...beat, serial: set.serial, command: command.acknowledge, sent: timeTag(startedAt, zone) });
    await unit.beat();
    expect(gateway()).toMatchObject({ clock: "device", troubles: [] });
    await unit.report(noData, slow());
    await settled();
    expect(unit.waiting).toEqual([]);
  });

  test("is set again and again without an answer, and then that is said", async () => {
    const unit = await cloud.connect();
    unit.send(unit.frame(noData, slow()));
    await unit.next();
    for (let times = 0; times < 4; times++) {
      expect((await unit.next()).data[0]).toBe(90);
      await settled();
      cloud.clock.advance(10_000);
    }
    await settled();
    await unit.report(noData, slow());
    await untilRound(() => gateway()?.troubles.some((text) => text.includes("could not be set")) ?? false);
    expect(gateway()?.clock).toBe("unsynchronised");
    expect(gateway()?.troubles[0]).toContain("慢 120 秒");
    expect(unit.waiting).toEqual([]);
  });

  test("is set when it connects, and the device asked how it is, where that is wanted", async () => {
    await cloud.stop();
    await cloud.start({ set_clock_on_connect: true, ask_on_connect: true });
    const unit = await cloud.connect();
    await unit.beat();
    const asked: number[][] = [];
    for (let times = 0; times < 4; times++) {
      const { serial, data } = await unit.next();
      asked.push([...data.subarray(0, 2)]);
      const answer: DataUnit = { kind: "unit_version", objects: [{ version: "3.1", time: undefined }] };
      unit.send(unit.frame(encodeDataUnit(answer), { serial, command: command.reply }));
    }
    expect(asked).toEqual([
      [90, 1],
      [85, 1],
      [81, 1],
      [61, 1],
    ]);
    await unit.beat();
    await untilRound(() => gateway()?.version === "3.1");
  });
});

test.skipIf(!hasOpenssl)("a device may come by TLS, and without it not", async () => {
  const authority = makeAuthority(cloud.folder, "authority");
  const { certificate, key } = authority.issue("cloud");
  await cloud.stop();
  await cloud.start({ host: "127.0.0.1", tls: { certificate, key } });
  const unit = await ScriptedUnit.connectSecurely({ port: cloud.parts.port, ca: authority.certificate }, () =>
    cloud.clock.now(),
  );
  expect(await unit.report(panel(fire))).toBe("acknowledged");
  unit.end();
  const plain = await cloud.connect();
  plain.send(plain.frame(noData));
  await plain.closed;
  expect(cloud.parts.server.stats().refused.tls).toBe(1);
});
