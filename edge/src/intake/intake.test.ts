import { GengfuError } from "@gengfu/shared/errors";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { Intake } from "./intake.ts";
import { sentOnce, valueMessage, type Message } from "./message.ts";

let log: HeldLog<EdgeEntry>;
let clock: ManualClock;
let intake: Intake;
beforeEach(() => {
  log = new HeldLog(memoryLog<EdgeEntry>());
  clock = new ManualClock();
  intake = newIntake();
});

function newIntake(pending_max = 100, mayWait = false): Intake {
  return new Intake({
    log,
    time: { stamp: () => ({ at: clock.now(), clock: "synchronised" }) },
    pending_max,
    deferral: { mayWait: () => mayWait },
    clock,
  });
}

const level = valueMessage("level", null, 1.5);
const contact = valueMessage("contact", "fire", 1);
const numbered = (seq: number, boot = 1): Message => ({ ...level, boot, seq });

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  void promise.then(settle, settle);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

async function tail() {
  return [
    ...(await log.read("events", 0, { entries: Infinity })),
    ...(await log.read("samples", 0, { entries: Infinity })),
  ];
}

describe("delivering", () => {
  it("resolves when the log has it, in the lane of its kind", async () => {
    log.hold();
    const delivered = [intake.deliver("tank", level, sentOnce), intake.deliver("panel", contact, sentOnce)];
    expect(await Promise.all(delivered.map(isSettled))).toEqual([false, false]);
    log.release();
    await Promise.all(delivered);
    expect((await log.read("events", 0, { entries: 9 }))[0]?.entries).toMatchObject([{ device: "panel", value: 1 }]);
    expect((await log.read("samples", 0, { entries: 9 }))[0]?.entries).toMatchObject([{ device: "tank", value: 1.5 }]);
  });

  it("takes what comes in one turn to the log together", async () => {
    const first = intake.deliver("tank", level, sentOnce);
    expect(intake.deliver("tank", level, sentOnce)).toBe(first);
    await first;
    expect(await log.read("samples", 0, { entries: 9 })).toHaveLength(1);
  });

  it("refuses beyond its bound, and what it refused is no repeat when it comes again", async () => {
    intake = newIntake(2);
    log.hold();
    const taken = [1, 2].map((seq) => intake.deliver("tank", numbered(seq), sentOnce));
    expect(intake.isFull).toBe(true);
    await expect(intake.deliver("tank", numbered(3), sentOnce)).rejects.toThrow(GengfuError);
    log.release();
    await Promise.all(taken);
    await intake.deliver("tank", numbered(3), sentOnce);
    expect(await entriesOf(log)).toHaveLength(3);
  });

  it("settles with what is under way", async () => {
    log.hold();
    void intake.deliver("tank", level, sentOnce);
    const settled = intake.settled();
    expect(await isSettled(settled)).toBe(false);
    log.release();
    await settled;
    expect(await entriesOf(log)).toHaveLength(1);
  });
});

describe("a repeat", () => {
  it("makes no second reading, and waits until the first is durable", async () => {
    log.hold();
    const first = intake.deliver("tank", numbered(1), sentOnce);
    const sameTurn = intake.deliver("tank", numbered(1), sentOnce);
    expect(await isSettled(first)).toBe(false);
    const later = intake.deliver("tank", numbered(1), sentOnce);
    expect(await Promise.all([sameTurn, later].map(isSettled))).toEqual([false, false]);
    log.release();
    await Promise.all([first, sameTurn, later]);
    await intake.deliver("tank", numbered(1), sentOnce);
    expect(await entriesOf(log)).toHaveLength(1);
    expect(intake.repeats).toBe(3);
  });

  it("waits though what was delivered before its first is durable already", async () => {
    const commits: PromiseWithResolvers<number>[] = [];
    vi.spyOn(log, "append").mockImplementation(() => {
      const commit = Promise.withResolvers<number>();
      commits.push(commit);
      return commit.promise;
    });
    const before = intake.deliver("tank", numbered(1), sentOnce);
    expect(await isSettled(before)).toBe(false);
    const first = intake.deliver("tank", numbered(2), sentOnce);
    expect(await isSettled(first)).toBe(false);
    commits[0]?.resolve(1);
    await before;
    const repeat = intake.deliver("tank", numbered(2), sentOnce);
    expect(await isSettled(repeat)).toBe(false);
    commits[1]?.resolve(2);
    await Promise.all([first, repeat]);
    expect(commits).toHaveLength(2);
  });

  it("at the level of MQTT needs the DUP flag", async () => {
    const trail = intake.trails.open("tank", "pi");
    await intake.deliver("tank", level, { trail, messageId: 4, again: false });
    await intake.deliver("tank", level, { trail, messageId: 4, again: true });
    expect(await entriesOf(log)).toHaveLength(1);
    await intake.deliver("tank", level, { trail, messageId: 4, again: false });
    expect(await entriesOf(log)).toHaveLength(2);
  });

  it("is known after a crash, from the log's tail", async () => {
    const trail = intake.trails.open("tank", "pi");
    await intake.deliver("tank", numbered(1, 17), sentOnce);
    await intake.deliver("tank", level, { trail, messageId: 9, again: false });
    await intake.deliver("panel", contact, { trail: intake.trails.open("panel", ""), messageId: 1, again: false });
    intake = newIntake();
    intake.restore(await tail());
    const again = intake.trails.open("tank", "pi");
    await intake.deliver("tank", numbered(1, 17), sentOnce);
    await intake.deliver("tank", level, { trail: again, messageId: 9, again: true });
    await intake.deliver("panel", contact, { trail: intake.trails.open("panel", ""), messageId: 1, again: true });
    expect(intake.repeats).toBe(3);
    await intake.deliver("tank", numbered(2, 17), sentOnce);
    expect(await entriesOf(log)).toHaveLength(4);
  });

  it("at the level of MQTT is not looked for in what must have been acknowledged long before the crash", async () => {
    await intake.deliver("tank", level, { trail: intake.trails.open("tank", "pi"), messageId: 9, again: false });
    clock.advance(30_001);
    await intake.deliver("panel", contact, sentOnce);
    intake = newIntake();
    intake.restore(await tail());
    await intake.deliver("tank", level, { trail: intake.trails.open("tank", "pi"), messageId: 9, again: true });
    expect(intake.repeats).toBe(0);
  });
});

describe("what may wait for the cloud", () => {
  /** Of each append: its kinds, and whether it may wait. */
  let appended: [string, boolean | undefined][];
  beforeEach(() => {
    appended = [];
    const inner = log.append.bind(log);
    vi.spyOn(log, "append").mockImplementation((lane, entries, options) => {
      appended.push([entries.map(({ kind }) => kind).join(), options?.mayWait]);
      return inner(lane, entries, options);
    });
    intake = newIntake(100, true);
  });

  const closed = (isClosed: boolean): Message => valueMessage("contact", "fire", Number(isClosed));

  it("are samples, and contacts that tell nothing new", async () => {
    await intake.deliver("tank", level, sentOnce);
    for (const isClosed of [true, true, false, false, true]) await intake.deliver("panel", closed(isClosed), sentOnce);
    await intake.deliver("other", closed(true), sentOnce);
    await intake.deliver("panel", valueMessage("state", null, 1), sentOnce);
    await intake.deliver("panel", valueMessage("state", null, 1), sentOnce);
    const contacts = [false, true, false, true, false, false].map((mayWait) => ["contact", mayWait]);
    expect(appended).toEqual([["level", true], ...contacts, ["state", false], ["state", false]]);
  });

  it("is nothing of what comes together with what may not", async () => {
    await Promise.all([true, true].map((isClosed) => intake.deliver("panel", closed(isClosed), sentOnce)));
    expect(appended).toEqual([["contact,contact", false]]);
  });

  it("is no more than half of what may be pending", async () => {
    intake = newIntake(4, true);
    log.hold();
    const delivered: Promise<void>[] = [];
    for (let count = 0; count < 4; count++) {
      delivered.push(intake.deliver("tank", level, sentOnce));
      await Promise.resolve();
    }
    log.release();
    await Promise.all(delivered);
    expect(appended.map(([, mayWait]) => mayWait)).toEqual([true, true, false, false]);
  });

  it("is nothing where nothing may, and a contact's last state is known after a restart", async () => {
    await intake.deliver("panel", closed(true), sentOnce);
    const before = await tail();
    appended = [];
    intake = newIntake(100, true);
    intake.restore(before);
    await intake.deliver("panel", closed(true), sentOnce);
    intake = newIntake(100, false);
    intake.restore(before);
    await intake.deliver("panel", closed(true), sentOnce);
    await intake.deliver("tank", level, sentOnce);
    expect(appended).toEqual([
      ["contact", true],
      ["contact", false],
      ["level", false],
    ]);
  });

  it("is marked, so that the cloud is told by what its repeat would be known", async () => {
    await intake.deliver("tank", numbered(7), sentOnce);
    await intake.deliver("panel", closed(true), sentOnce);
    expect(await entriesOf(log)).toMatchObject([{ key: "1.7", mayWait: true }, { key: null }]);
    expect((await entriesOf(log))[1]).not.toHaveProperty("mayWait");
  });
});

describe("after a crash that forgot something", () => {
  const forgotten = [2, 101];
  beforeEach(async () => {
    await intake.deliver("tank", level, sentOnce);
    const before = await tail();
    Object.defineProperty(log, "last", { value: 101, configurable: true });
    intake = newIntake();
    intake.restore(before);
  });

  const tellsOf = async (): Promise<unknown> => (await entriesOf(log)).at(-1)?.mayRepeat;

  it("says of what may have been forgotten which seqs it may repeat", async () => {
    await intake.deliver("tank", numbered(7), sentOnce);
    expect(await tellsOf()).toEqual(forgotten);
    const trail = intake.trails.open("tank", "pi");
    await intake.deliver("tank", level, { trail, messageId: 4, again: true });
    expect(await tellsOf()).toEqual(forgotten);
    await intake.deliver("panel", { ...contact, boot: 1, seq: 1 }, sentOnce);
    expect((await entriesOf(log)).find(({ kind }) => kind === "contact")?.mayRepeat).toEqual(forgotten);
  });

  it.each<[string, string, Message]>([
    ["that nobody sends again", "tank", level],
    ["that never waits", "reader", { ...valueMessage("tap", null, 1), boot: 1, seq: 1 }],
  ])("says it of nothing %s", async (_, device, message) => {
    await intake.deliver(device, message, sentOnce);
    expect((await entriesOf(log)).filter(({ mayRepeat }) => mayRepeat !== undefined)).toEqual([]);
  });

  it("says it of nothing that MQTT delivers for the first time, and not for ever", async () => {
    await intake.deliver("tank", level, { trail: intake.trails.open("tank", "pi"), messageId: 4, again: false });
    expect(await tellsOf()).toBeUndefined();
    clock.advance(599_999);
    await intake.deliver("tank", numbered(7), sentOnce);
    expect(await tellsOf()).toEqual(forgotten);
    clock.advance(1);
    await intake.deliver("tank", numbered(8), sentOnce);
    expect(await tellsOf()).toBeUndefined();
  });
});
