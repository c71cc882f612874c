import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { command, encodeFrame } from "./frame.ts";
import { bytesOf, published } from "./testing/published-frames.ts";
import { fire, panel, zone } from "./testing/reports.ts";
import { settled, untilRound } from "./testing/rounds.ts";
import { ServerUnderTest, startedAt } from "./testing/server-under-test.ts";
import { timeOf, timeTag } from "./time-tag.ts";

let cloud: ServerUnderTest;
beforeEach(async () => {
  cloud = new ServerUnderTest();
  await cloud.start();
});
afterEach(() => cloud.remove());

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
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
  });

  test("is not acknowledged while the disk refuses it, and once it does not", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.parts.log.hold();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await untilRound(() => cloud.parts.log.pending > 0);
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
    await untilRound(() => cloud.parts.log.pending > 0);
    cloud.parts.log.fail();
    await unit.closed;
    expect(unit.waiting).toEqual([]);
    expect(await cloud.contact("fire-panel", "fire")).toEqual([]);
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
    // long after, as when the line was down
    cloud.clock.advance(170_000);
    unit.send({ ...frame, sent: timeTag(cloud.clock.now(), zone) });
    expect(await unit.answerTo(frame)).toBe("acknowledged");
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
    expect(cloud.parts.server.stats()).toMatchObject({ repeated: 1, readings: 14 });
  });

  test("of a device whose clock begins anew with it is a repeat for a while, and news after its next start", async () => {
    const sent = Uint8Array.of(7, 0, 0, 1, 1, 0);
    const unit = await cloud.connect();
    const frame = unit.frame(panel(fire, Date.UTC(1999, 11, 31, 16, 0, 5)), { sent });
    unit.send(frame);
    await unit.nextOf(command.acknowledge);
    cloud.clock.advance(30_000);
    unit.send(frame);
    await unit.nextOf(command.acknowledge);
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
    cloud.clock.advance(100_000);
    unit.send(frame);
    await unit.nextOf(command.acknowledge);
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1, 1]);
  });

  test("that comes again while the disk still works on the first makes no second reading", async () => {
    const unit = await cloud.connect();
    await unit.beat();
    cloud.parts.log.hold();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await untilRound(() => cloud.parts.log.pending > 0);
    const other = await cloud.connect();
    other.send(frame);
    await settled();
    unit.end();
    cloud.parts.log.release();
    expect(await other.answerTo(frame)).toBe("acknowledged");
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
  });

  test("that comes again after a restart makes no second reading, and what follows goes on in number", async () => {
    const unit = await cloud.connect();
    const frame = unit.frame(panel(fire));
    unit.send(frame);
    await untilRound(async () => (await cloud.contact("fire-panel", "fire")).length > 0);
    await cloud.stop();
    await cloud.start();
    const again = await cloud.connect();
    again.send(frame);
    expect(await again.answerTo(frame)).toBe("acknowledged");
    expect(cloud.parts.server.stats()).toMatchObject({ repeated: 1, readings: 0 });
    await untilRound(() => cloud.parts.registry.get("fire-unit")?.epoch === startedAt);
    expect(cloud.parts.registry.get("fire-unit")?.received).toHaveLength(1);
    await again.report(panel(0, startedAt + 1_000));
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1, 0]);
    const seqs = (await cloud.readings()).map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(seqs.length);
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
    expect(await cloud.contact("fire-panel", "fire")).toEqual(frames.map((_, index) => (index + 1) % 2));
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
    expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
    expect(unit.waiting).toEqual([]);
  });
});

test("published frames are taken over as they are", async () => {
  const unit = await cloud.connect();
  for (const name of ["smoke", "mainsFault", "postCheckAnswer", "unitVersion", "unitTime"] as const) {
    unit.raw(bytesOf(published[name]));
    await unit.nextOf(command.acknowledge);
  }
  expect(await cloud.contact("fire-panel", "fire")).toEqual([1]);
  expect(await cloud.contact("unit", "mains")).toEqual([1]);
  expect(await cloud.contact("unit", "op-post-check")).toEqual([1]);
});
