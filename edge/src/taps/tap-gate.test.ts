import { tapAnswer } from "@gengfu/firmware-contracts/contract/payloads";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { entriesOf, HeldLog } from "@gengfu/shared/testing/held-log";
import { ManualClock } from "@gengfu/shared/time/clock";
import { beforeEach, describe, expect, it } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import type { Stamp } from "../intake/gateway-time.ts";
import { Intake } from "../intake/intake.ts";
import { sentOnce, tapMessage, valueMessage, type Message } from "../intake/message.ts";
import { CardDirectory } from "./card-directory.ts";
import { tapsSchema } from "./schema.ts";
import { answerPayload, type TapAnswer } from "./tap-answer.ts";
import { TapGate } from "./tap-gate.ts";

const card = "04A1B2C3D4E580";
const zhang = { id: "zhang-wei", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard", card } as const;
const flat = {
  id: "extinguisher",
  name: { zh: "灭火器失压", en: "Extinguisher flat" },
  card: "04DEFEC7",
  grade: "ordinary",
} as const;
const gatePost = { id: "gate", name: { zh: "大门", en: "Gate" }, tag: "04C0FFEE" };

let log: HeldLog<EdgeEntry>;
let clock: ManualClock;
let gate: TapGate;
/** How long it takes to tell someone. */
let telling: Promise<void>;
let said: [reader: string, payload: unknown][];
beforeEach(() => {
  log = new HeldLog(memoryLog<EdgeEntry>());
  clock = new ManualClock();
  said = [];
  telling = Promise.resolve();
  gate = newGate();
});

function newGate(pending_max = 100): TapGate {
  const time = { stamp: (): Stamp => ({ at: clock.now(), clock: "synchronised" }) };
  return new TapGate({
    intake: new Intake({ log, time, pending_max, clock }),
    config: tapsSchema.parse({}),
    directory: new CardDirectory({ people: [zhang], checkpoints: [gatePost], defects: [flat] }),
    tell: async (reader: string, answer: TapAnswer) => {
      await telling;
      said.push([reader, tapAnswer.parse(JSON.parse(answerPayload(answer).toString("utf8")))]);
    },
    clock,
    now: () => clock.now(),
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const tap = (message: Message = tapMessage(card), reader = "lobby"): Promise<void> =>
  gate.deliver(reader, message, sentOnce);
const stored = async (): Promise<number[]> => (await entriesOf(log)).map(({ at }) => at - Date.UTC(2026, 0, 1));
const results = (): unknown[] => said.map(([, payload]) => (payload as { result: string }).result);

describe("repeated reads", () => {
  it("make one tap, and are durable when that is", async () => {
    log.hold();
    const first = tap();
    clock.advance(3_000);
    let isDurable = false;
    const second = tap().then(() => {
      isDurable = true;
    });
    await turn();
    expect(isDurable).toBe(false);
    log.release();
    await Promise.all([first, second]);
    clock.advance(5_000);
    await tap();
    expect(await stored()).toEqual([0, 8_000]);
    expect(gate.swallowed).toBe(1);
  });

  it("are refused with the first, and the next read is taken", async () => {
    log.hold();
    const both = Promise.allSettled([tap(), tap()]);
    await turn();
    log.fail();
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await tap();
    expect(await stored()).toEqual([0]);
    expect(gate.swallowed).toBe(1);
  });

  it("are told apart by when they were made, not by when they came", async () => {
    clock.advance(3_600_000);
    for (let minute = 59; minute >= 0; minute--) await tap({ ...tapMessage(card), age: minute * 60_000 });
    const at = clock.now();
    for (const late of [0, 1_000, 60_000]) await tap({ ...tapMessage(card), at: at - late });
    expect(await stored()).toHaveLength(62);
  });

  it("are known when they are sent again under their numbers", async () => {
    const numbered = (seq: number): Message => ({ ...tapMessage(card), boot: 1, seq });
    await tap(numbered(1));
    await tap(numbered(2));
    clock.advance(60_000);
    await tap(numbered(1));
    await tap(numbered(2));
    expect(await stored()).toHaveLength(1);
    expect(gate.swallowed).toBe(3);
  });

  it("leave alone what is no tap, and who carries a reader", async () => {
    await gate.deliver("tank", valueMessage("level", null, 1), sentOnce);
    await gate.deliver("tank", valueMessage("level", null, 1), sentOnce);
    const carried = (guard: string): Message => ({ ...tapMessage(""), detail: { tag: "04C0FFEE", guard } });
    await tap(carried("zhang-wei"));
    await tap(carried("li-na"));
    expect(await stored()).toHaveLength(4);
    expect(results()).toEqual(["accepted", "accepted"]);
  });

  it("that the intake knows from before a restart open no new tap", async () => {
    const numbered: Message = { ...tapMessage(card), boot: 1, seq: 1 };
    const time = { stamp: (): Stamp => ({ at: clock.now(), clock: "synchronised" }) };
    const intake = new Intake({ log, time, pending_max: 100, clock });
    await intake.deliver("lobby", numbered, sentOnce);
    gate = new TapGate({
      intake,
      config: tapsSchema.parse({}),
      directory: new CardDirectory({ people: [], checkpoints: [] }),
      tell: () => Promise.resolve(),
      clock,
      now: () => clock.now(),
    });
    clock.advance(60_000);
    await tap(numbered);
    clock.advance(1_000);
    await tap({ ...numbered, seq: 2 });
    expect(await stored()).toEqual([0, 61_000]);
  });
});

describe("whoever taps is told", () => {
  it("who it was, once it is stored", async () => {
    log.hold();
    const durable = tap();
    await turn();
    expect(said).toEqual([]);
    log.release();
    await durable;
    await turn();
    expect(said).toEqual([["lobby", { result: "accepted", card, guard: "zhang-wei", guard_name: "张伟" }]]);
    await tap();
    await turn();
    expect(said[1]).toEqual([
      "lobby",
      { result: "accepted", card, guard: "zhang-wei", guard_name: "张伟", repeat: true },
    ]);
  });

  it("that nobody has the card, which is stored all the same", async () => {
    await tap(tapMessage("DEADBEEF"));
    await turn();
    expect(said).toEqual([["lobby", { result: "unknown_card", card: "DEADBEEF" }]]);
    expect(await stored()).toEqual([0]);
  });

  it("of a place's tag, and whether it is one", async () => {
    await tap({ ...tapMessage(""), detail: { tag: "04C0FFEE", guard: "zhang-wei" } });
    await tap({ ...tapMessage(""), detail: { tag: "04C0FFE0" } });
    await turn();
    expect(said.map(([, payload]) => payload)).toEqual([
      { result: "accepted", tag: "04C0FFEE", guard: "zhang-wei", guard_name: "张伟" },
      { result: "unknown_card", tag: "04C0FFE0" },
    ]);
  });

  it("that a defect's card was taken, by whatever reader", async () => {
    await tap(tapMessage("04DEFEC7"));
    await tap({ ...tapMessage(""), detail: { tag: "04DEFEC7" } });
    await turn();
    expect(results()).toEqual(["accepted", "accepted"]);
  });

  it("that it was refused, before the refusal is passed on", async () => {
    gate = newGate(0);
    telling = turn();
    await expect(tap()).rejects.toThrow("too much waits");
    expect(results()).toEqual(["not_stored"]);
  });

  it("that it is not stored where the disk takes too long, and that it is once it is", async () => {
    log.hold();
    const durable = tap();
    clock.advance(1_999);
    await turn();
    expect(results()).toEqual([]);
    clock.advance(1);
    await turn();
    expect(results()).toEqual(["not_stored"]);
    log.release();
    await durable;
    await turn();
    expect(results()).toEqual(["not_stored", "accepted"]);
  });

  it("nothing of what was long ago, and of a refusal only the first time", async () => {
    await tap({ ...tapMessage(card), age: 10_000 });
    await tap({ ...tapMessage("DEADBEEF"), at: clock.now() - 10_000 });
    log.hold();
    const refused = tap({ ...tapMessage("00000001"), age: 1_000 }).catch(() => undefined);
    await turn();
    log.fail();
    await refused;
    await turn();
    expect(said).toEqual([]);
    await tap({ ...tapMessage("00000001"), age: 9_999 });
    await turn();
    expect(results()).toEqual(["unknown_card"]);
  });

  it("leaves no timer behind", async () => {
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (delay_ms, callback) => {
      timers += 1;
      const cancel = after(delay_ms, callback);
      return () => {
        timers -= 1;
        cancel();
      };
    };
    await tap();
    await tap();
    await turn();
    expect(timers).toBe(0);
  });
});
