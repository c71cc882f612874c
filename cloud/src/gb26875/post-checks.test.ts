import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeDataUnit } from "./testing/encode-data-unit.ts";
import { command } from "./frame.ts";
import { untilRound } from "./testing/rounds.ts";
import type { ScriptedUnit } from "./testing/scripted-unit.ts";
import { ServerUnderTest, startedAt } from "./testing/server-under-test.ts";
import { timeTag } from "./time-tag.ts";

const minute_ms = 60_000;

let cloud: ServerUnderTest;
let unit: ScriptedUnit;
beforeEach(async () => {
  cloud = new ServerUnderTest();
  await cloud.start();
  unit = await cloud.connect();
  await unit.beat();
});
afterEach(() => cloud.remove());

const begin = (minutes = 10) => cloud.parts.server.postCheck("fire-unit", "王强", minutes);
const last = () => cloud.parts.server.lastPostCheck("fire-unit");
const troubles = () => cloud.parts.registry.get("fire-unit")?.troubles ?? [];

/** Takes the question and says that it is shown. */
async function show(): Promise<Uint8Array> {
  const { serial, data } = await unit.nextOf(command.control);
  unit.send(unit.frame(new Uint8Array(), { serial, command: command.acknowledge }));
  await untilRound(() => last()?.state === "shown");
  return data;
}

async function press(kind: "unit_operation" | "system_operation", operation = 1 << 5): Promise<void> {
  const object = { system: 1, address: 1, operation, operator: 7, time: timeTag(cloud.clock.now(), "Asia/Shanghai") };
  await unit.report(encodeDataUnit({ kind, objects: [object] }));
}

/** The course of a contact as the log has it. */
async function course(channel: string): Promise<unknown[]> {
  const all = await cloud.readings();
  return all.filter((each) => each.channel === channel).map(({ value, detail }) => [value, detail?.["state"]]);
}

describe("a post check", () => {
  test("goes down with its minutes, is shown, and recorded with who asked and who answered", async () => {
    expect(await begin(5)).toMatchObject({ ok: true, check: { state: "asked", by: "王强", askedAt: startedAt } });
    expect([...(await show())]).toEqual([91, 1, 5]);
    cloud.clock.advance(2 * minute_ms);
    await press("unit_operation");
    await untilRound(() => last()?.state === "answered");
    expect(last()).toMatchObject({ by: "王强", operator: 7, at: startedAt + 2 * minute_ms });
    expect(await course("post-check")).toEqual([
      [1, "asked"],
      [1, "shown"],
      [0, "answered"],
    ]);
    expect(await course("post-check-overdue")).toEqual([]);
    expect(troubles()).toEqual([]);
  });

  test("that nobody answers in time is overdue, which a rule can watch and the gateway shows", async () => {
    await begin(5);
    await show();
    cloud.clock.advance(minute_ms);
    await unit.beat();
    cloud.clock.advance(2 * minute_ms);
    await unit.beat();
    cloud.clock.advance(2 * minute_ms);
    await untilRound(() => last()?.state === "overdue");
    expect(await course("post-check-overdue")).toEqual([[1, "overdue"]]);
    await unit.beat();
    await untilRound(() => troubles().length > 0);
    expect(troubles()).toMatchObject([expect.stringContaining("查岗超时")]);
    expect(troubles()[0]).toContain("王强");
    await press("unit_operation");
    await untilRound(() => last()?.state === "answered");
    expect(await course("post-check-overdue")).toEqual([
      [1, "overdue"],
      [0, "answered"],
    ]);
    await unit.beat();
    await untilRound(() => troubles().length === 0);
  });

  test("is answered by a confirmation at the panel, too, which else says nothing of it", async () => {
    await press("system_operation");
    expect(last()).toBeNull();
    await begin();
    await show();
    await press("system_operation", 1 << 1);
    expect(last()).toMatchObject({ state: "shown" });
    await press("system_operation");
    await untilRound(() => last()?.state === "answered");
  });

  test("waits for no other: a second one is refused while one is open", async () => {
    const [first, second] = await Promise.all([begin(), begin()]);
    expect([first?.ok, second?.ok]).toEqual([true, false]);
    expect(await begin()).toMatchObject({ ok: false });
  });

  test("is refused while the device is not connected, and unknown of other gateways", async () => {
    unit.end();
    await untilRound(() => cloud.parts.registry.get("fire-unit")?.connected === false);
    expect(await begin()).toMatchObject({ ok: false, message: expect.stringContaining("not connected") });
    expect(await cloud.parts.server.postCheck("main", "王强", 5)).toBeUndefined();
    expect(cloud.parts.server.lastPostCheck("nobody")).toBeUndefined();
  });

  test("that the device never takes is undelivered", async () => {
    await begin();
    for (let times = 0; times < 4; times++) {
      await unit.nextOf(command.control);
      cloud.clock.advance(10_000);
    }
    await untilRound(() => last()?.state === "undelivered");
    expect(await course("post-check")).toEqual([
      [1, "asked"],
      [0, "undelivered"],
    ]);
  });

  test("outlasts a restart of the cloud: it is due at its time, and asked again where it was not shown", async () => {
    await begin(5);
    await cloud.stop();
    cloud.clock.advance(minute_ms);
    await cloud.start();
    expect(last()).toMatchObject({ state: "asked", by: "王强" });
    unit = await cloud.connect();
    await unit.beat();
    expect([...(await show())]).toEqual([91, 1, 5]);
    cloud.clock.advance(2 * minute_ms);
    await unit.beat();
    cloud.clock.advance(2 * minute_ms);
    await untilRound(() => last()?.state === "overdue");
  });
});
