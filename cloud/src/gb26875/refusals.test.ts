import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chance } from "../../../test/support/chance.ts";
import { command, data_bytes_max, encodeFrame, noData } from "./frame.ts";
import { Strangers } from "./strangers.ts";
import { fire, panel } from "./testing/reports.ts";
import { settled, untilRound } from "./testing/rounds.ts";
import { ServerUnderTest, startedAt } from "./testing/server-under-test.ts";

let cloud: ServerUnderTest;
beforeEach(async () => {
  cloud = new ServerUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

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

  test("strangers are remembered up to a bound, the newest first", () => {
    const strangers = new Strangers();
    for (let number = 0; number < 300; number++) {
      strangers.note(`00-${String(number % 100).padStart(2, "0")}-0${Math.floor(number / 100)}-00-00-00`, "", number);
    }
    expect(strangers.list()).toHaveLength(100);
    expect(strangers.list()[0]).toMatchObject({ address: "00-99-02-00-00-00", lastSeenAt: 299 });
  });

  test("frames with anything in them crash nothing: a good device is served beside and after them", async () => {
    const luck = chance();
    const random = (): number => luck.between(0, 1);
    const good = await cloud.connect({ source: "7A-03-00-00-00-00" });
    for (let round = 0; round < 200; round++) {
      const hostile = await cloud.connect();
      const data = Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256));
      if (random() < 0.8) data[0] = Math.floor(random() * 30);
      hostile.send(hostile.frame(data, { command: Math.floor(random() * 8) }));
      if (round % 20 === 0) expect(await good.beat()).toBe("acknowledged");
      if (round % 2 === 0) hostile.end();
    }
    const answer = await good.report(panel(fire));
    expect({ seed: luck.seed, answer }).toEqual({ seed: luck.seed, answer: "acknowledged" });
    expect(cloud.parts.ledger.view("fire-unit").missing).toEqual([]);
  });

  test("a flood waits on the line: beyond some frames in a second none is answered", async () => {
    const unit = await cloud.connect();
    unit.raw(Buffer.concat(Array.from({ length: 500 }, () => encodeFrame(unit.frame(noData)))));
    await untilRound(() => unit.waiting.length >= 200);
    await settled();
    expect(unit.waiting.length).toBe(200);
    cloud.clock.advance(1_000);
    await untilRound(() => unit.waiting.length >= 400);
    cloud.clock.advance(1_000);
    await untilRound(() => unit.waiting.length === 500);
  });
});
