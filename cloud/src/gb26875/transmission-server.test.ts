import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DataUnit } from "./data-unit.ts";
import { command, data_bytes_max, encodeFrame, noData } from "./frame.ts";
import { bytesOf, published } from "./testing/published-frames.ts";
import { encodeDataUnit } from "./testing/encode-data-unit.ts";
import type { ScriptedUnit } from "./testing/scripted-unit.ts";
import { ServerUnderTest, startedAt } from "./testing/server-under-test.ts";
import { timeOf, timeTag } from "./time-tag.ts";

const zone = "Asia/Shanghai";
const fire = 1 << 1;

let cloud: ServerUnderTest;
beforeEach(async () => {
  cloud = new ServerUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

/** Resolves once the event loop has gone round so often that whatever was to happen has happened. */
async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(probe: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setImmediate(resolve));
}

function panel(state: number, at = startedAt): Uint8Array {
  return encodeDataUnit({ kind: "system_state", objects: [{ system: 1, address: 1, state, time: timeTag(at, zone) }] });
}

/** Values of one contact, in the log's order. */
async function contact(device: string, channel: string): Promise<(number | null)[]> {
  const all = await cloud.readings();
  return all.filter((each) => each.device === device && each.channel === channel).map(({ value }) => value);
}

describe("a report", () => {
  test("is acknowledged with its serial once its readings are in the log, numbered from 1", async () => {
    const unit = await cloud.connect();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    const answer = await unit.next();
    expect(answer).toMatchObject({
      serial: frame.serial,
      command: command.acknowledge,
      version: [1, 1],
      source: frame.destination,
      destination: frame.source,
    });
    expect(timeOf(answer.sent, zone)).toBe(startedAt);
    const readings = await cloud.readings();
    expect(readings.map(({ seq }) => seq)).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect(new Set(readings.map(({ gateway, epoch }) => `${gateway}/${epoch}`))).toEqual(
      new Set([`fire-unit/${startedAt}`]),
    );
    expect(cloud.parts.ledger.view("fire-unit").missing).toEqual([]);
    expect(await contact("fire-panel", "fire")).toEqual([1]);
  });

  test("is not acknowledged while the disk refuses it, and once it does not", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.parts.log.hold();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await until(() => cloud.parts.log.pending > 0);
    await settled();
    expect(unit.waiting).toEqual([]);
    cloud.parts.log.release();
    expect(await unit.answerTo(frame)).toBe("acknowledged");
  });

  test("is not acknowledged where the log closes before the commit", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.parts.log.hold();
    unit.send(unit.frame(panel(fire)));
    await until(() => cloud.parts.log.pending > 0);
    cloud.parts.log.fail();
    await unit.closed;
    expect(unit.waiting).toEqual([]);
    expect(await contact("fire-panel", "fire")).toEqual([]);
    const again = await cloud.connect();
    expect(await again.report(panel(fire))).toBe("acknowledged");
    const seqs = (await cloud.readings()).map(({ seq }) => seq);
    expect(cloud.parts.ledger.view("fire-unit").missing).toEqual([]);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  test("that comes again is acknowledged again and makes no second reading", async () => {
    const unit = await cloud.connect();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await unit.answerTo(frame);
    cloud.clock.advance(10_000);
    unit.send({ ...frame, sent: timeTag(cloud.clock.now(), zone) });
    expect(await unit.answerTo(frame)).toBe("acknowledged");
    expect(await contact("fire-panel", "fire")).toEqual([1]);
    expect(cloud.parts.server.stats()).toMatchObject({ repeated: 1, readings: 14 });
  });

  test("that comes again while the disk still works on the first makes no second reading", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.parts.log.hold();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await until(() => cloud.parts.log.pending > 0);
    const other = await cloud.connect();
    other.send(frame);
    await settled();
    unit.end();
    cloud.parts.log.release();
    expect(await other.answerTo(frame)).toBe("acknowledged");
    expect(await contact("fire-panel", "fire")).toEqual([1]);
  });

  test("that comes again after a restart makes no second reading, and what follows goes on in number", async () => {
    const unit = await cloud.connect();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await until(async () => (await contact("fire-panel", "fire")).length > 0);
    await cloud.stop();
    await cloud.start();
    const again = await cloud.connect();
    again.send(frame);
    expect(await again.answerTo(frame)).toBe("acknowledged");
    expect(cloud.parts.server.stats()).toMatchObject({ repeated: 1, readings: 0 });
    await until(() => cloud.parts.registry.get("fire-unit")?.epoch === startedAt);
    expect(cloud.parts.registry.get("fire-unit")?.received).toHaveLength(1);
    await again.report(panel(0, startedAt + 1_000));
    expect(await contact("fire-panel", "fire")).toEqual([1, 0]);
    const { epoch, received } = cloud.parts.ledger.view("fire-unit");
    expect(epoch).toBe(startedAt);
    expect(received).toHaveLength(1);
  });

  test("after another keeps its order, and each is answered", async () => {
    const unit = await cloud.connect();
    const frames = Array.from({ length: 60 }, (_, index) =>
      unit.frame(panel(index % 2 === 0 ? fire : 0, startedAt - 60_000 + index * 1_000)),
    );
    unit.raw(Buffer.concat(frames.map(encodeFrame)));
    for (const { serial } of frames) expect(await unit.next()).toMatchObject({ serial, command: command.acknowledge });
    expect(await contact("fire-panel", "fire")).toEqual(frames.map((_, index) => (index + 1) % 2));
  });

  test("that nobody can decode goes to quarantine, and is acknowledged", async () => {
    const unit = await cloud.connect();
    expect(await unit.report(Uint8Array.of(150, 1, 7))).toBe("acknowledged");
    expect(await cloud.readings()).toMatchObject([{ kind: "quarantine", detail: { payload: "960107" } }]);
    expect(cloud.parts.server.stats()).toMatchObject({ quarantined: 1 });
  });

  test("in reply to a question is kept and needs no acknowledgement", async () => {
    const unit = await cloud.connect();
    unit.send(unit.frame(panel(fire), { command: command.reply }));
    expect(await unit.beat()).toBe("acknowledged");
    expect(await contact("fire-panel", "fire")).toEqual([1]);
    expect(unit.waiting).toEqual([]);
  });
});

test("published frames are taken over as they are", async () => {
  const unit = await cloud.connect();
  for (const name of ["smoke", "mainsFault", "postCheckAnswer", "unitVersion", "unitTime"] as const) {
    unit.raw(bytesOf(published[name]));
    await unit.nextOf(command.acknowledge);
  }
  expect(await contact("fire-panel", "fire")).toEqual([1]);
  expect(await contact("unit", "mains")).toEqual([1]);
  expect(await contact("unit", "op-post-check")).toEqual([1]);
});

describe("what the cloud refuses", () => {
  test("an address that nobody configured is denied, counted, listed and then ended", async () => {
    const stranger = await cloud.connect({ source: "07-00-00-00-00-01" });
    expect(await stranger.report(panel(fire))).toBe("denied");
    for (let times = 1; times < 5; times++) expect(await stranger.beat()).toBe("denied");
    await stranger.closed;
    expect(cloud.parts.server.strangers()).toMatchObject([
      { address: "07-00-00-00-00-01", number: 2 ** 40 + 7, remote: "127.0.0.1", frames: 5, lastSeenAt: startedAt },
    ]);
    expect(cloud.parts.server.stats().refused.unknown_address).toBe(5);
    expect(await cloud.readings()).toEqual([]);
  });

  test("another one's address on a connection is denied, and the connection stays", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    expect(await unit.report(panel(fire), { source: "7A-03-00-00-00-00" })).toBe("denied");
    expect(await unit.beat()).toBe("acknowledged");
    expect(cloud.parts.server.stats().refused.other_address).toBe(1);
  });

  test("a command that is not for the centre is denied", async () => {
    const unit = await cloud.connect();
    expect(await unit.report(noData, { command: command.request })).toBe("denied");
    expect(await unit.report(noData, { command: 0 })).toBe("denied");
    expect(await unit.report(noData, { command: 200 })).toBe("denied");
    expect(cloud.parts.server.stats().refused.unknown_command).toBe(3);
  });

  test("a damaged frame is denied, and the connection stays", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    const frame = unit.frame(panel(fire));
    const damaged = encodeFrame(frame);
    damaged[30] = 0xff;
    unit.raw(damaged);
    expect(await unit.answerTo(frame)).toBe("denied");
    unit.send(frame);
    expect(await unit.answerTo(frame)).toBe("acknowledged");
    expect(cloud.parts.server.stats().refused.damaged).toBe(1);
  });

  test("a frame that is too long and garbage around a good one are skipped and counted", async () => {
    const unit = await cloud.connect();
    const long = encodeFrame(unit.frame(noData));
    new DataView(long.buffer).setUint16(24, data_bytes_max + 1, true);
    unit.raw(Buffer.concat([long, Buffer.from("GET / HTTP/1.1\r\n@@\r\n")]));
    expect(await unit.report(panel(fire))).toBe("acknowledged");
    const { refused, skipped_bytes } = cloud.parts.server.stats();
    expect(refused.too_long).toBe(1);
    expect(skipped_bytes).toBe(long.length + 20);
  });

  test("a connection that brings nothing but garbage is ended", async () => {
    const unit = await cloud.connect();
    unit.raw(Buffer.alloc(70_000, "@@ "));
    await unit.closed;
    expect(cloud.parts.server.stats().refused.hopeless).toBe(1);
  });

  test("a flood waits on the line: beyond some frames in a second none is answered", async () => {
    const unit = await cloud.connect();
    unit.raw(Buffer.concat(Array.from({ length: 500 }, () => encodeFrame(unit.frame(noData)))));
    await until(() => unit.waiting.length >= 200);
    await settled();
    expect(unit.waiting.length).toBe(200);
    cloud.clock.advance(1_000);
    await until(() => unit.waiting.length >= 400);
    cloud.clock.advance(1_000);
    await until(() => unit.waiting.length === 500);
  });
});

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
    await until(() => gateway()?.connected === false);
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
    await until(async () => (await states()).join("") === "1-2");
    cloud.clock.advance((4 * 60_000) / 2);
    await unit.beat();
    cloud.clock.advance(2 * 60_000);
    await unit.beat();
    await settled();
    expect(await states()).toEqual(["1-2"]);
    cloud.clock.advance(60_000);
    await unit.beat();
    await until(async () => (await states()).join("") === "1-4");
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
    await until(() => gateway()?.connected === false);
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
    await until(() => gateway()?.troubles.some((text) => text.includes("could not be set")) ?? false);
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
    await until(() => gateway()?.version === "3.1");
  });
});
