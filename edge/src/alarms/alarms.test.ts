import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GengfuError } from "@gengfu/shared/errors";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import type { Reading } from "@gengfu/shared/model/reading";
import { alertId } from "@gengfu/shared/rules/effect";
import { ManualClock } from "@gengfu/shared/time/clock";
import { correct } from "@gengfu/shared/time/correction";
import type { GatewayAlert } from "@gengfu/shared/uplink-protocol";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Texter } from "../modem/modem.ts";
import type { Output } from "../outputs/output.ts";
import { Troubles } from "../troubles.ts";
import { Alarms } from "./alarms.ts";
import { siteWith } from "./fixture.ts";
import { alarmsSchema } from "./schema.ts";

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A phone network that a test breaks. */
class FakeTexter implements Texter {
  readonly sent: { number: string; text: string }[] = [];
  failing: GengfuError | null = null;

  send(number: string, text: string): Promise<void> {
    if (this.failing !== null) return Promise.reject(this.failing);
    this.sent.push({ number, text });
    return Promise.resolve();
  }
}

class FakeOutput implements Output {
  readonly name: string;
  isOn = false;

  constructor(name: string) {
    this.name = name;
  }

  set(on: boolean): Promise<void> {
    this.isOn = on;
    return Promise.resolve();
  }
}

let clock: ManualClock;
let log: ReturnType<typeof memoryLog<Reading>>;
let texter: FakeTexter;
let troubles: Troubles;
let siren: FakeOutput;
let beacon: FakeOutput;
let alarms: Alarms;
let isConnected: boolean;
let offset_ms: number | null;
/** What the gateway knows its machine's clock to be wrong by. */
let skew_ms: number;
let folder: string;

function create(config: Record<string, unknown> = {}): Alarms {
  return new Alarms({
    config: alarmsSchema.parse({
      outputs: ["siren"],
      silence_button: { device: "panel", channel: "silence" },
      ...config,
    }),
    site: siteWith(),
    gateway: "gate",
    log,
    correct: (reading) => (offset_ms === null ? reading : correct(reading, offset_ms)),
    now: () => clock.now() + skew_ms,
    outputs: new Map([
      ["siren", siren],
      ["beacon", beacon],
    ]),
    texter,
    isConnected: () => isConnected,
    file: join(folder, "alarms.sqlite"),
    write_every_ms: 600_000,
    troubles,
    clock,
    logger: silentLogger,
  });
}

async function restart(config: Record<string, unknown> = {}): Promise<void> {
  await alarms.stop();
  alarms = create(config);
  alarms.start();
  await settled();
}

/** Another process goes on from what one that was killed had written. */
async function kill(): Promise<void> {
  const left = mkdtempSync(join(tmpdir(), "gengfu-alarms-"));
  onTestFinished(() => rmSync(left, { recursive: true, force: true }));
  cpSync(folder, left, { recursive: true });
  await alarms.stop();
  folder = left;
  alarms = create();
  siren.isOn = false;
  alarms.start();
  await settled();
}

async function contact(channel: string, value: number, changes: Partial<Reading> = {}): Promise<Reading> {
  const now = clock.now();
  const reading: Reading = {
    device: "panel",
    kind: "contact",
    channel,
    at: now,
    receivedAt: now,
    clock: "synchronised",
    value,
    detail: null,
    ...changes,
  };
  await log.append("events", [reading]);
  await settled();
  return reading;
}

async function pass(time_ms: number): Promise<void> {
  for (let left_ms = time_ms; left_ms > 0; left_ms -= 500) {
    clock.advance(Math.min(500, left_ms));
    await settled();
  }
}

function told(reading: Reading, state: GatewayAlert["state"]): GatewayAlert {
  const about = { site: "school", rule: "fire", device: "panel", measure: "contact" as const, channel: "fire" };
  const id = alertId(about, reading.at);
  return { id, ...about, severity: "critical", state, value: 1, raisedAt: reading.at, message: { zh: "", en: "" } };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gengfu-alarms-"));
  clock = new ManualClock();
  log = memoryLog<Reading>();
  texter = new FakeTexter();
  troubles = new Troubles();
  siren = new FakeOutput("siren");
  beacon = new FakeOutput("beacon");
  isConnected = true;
  offset_ms = null;
  skew_ms = 0;
  alarms = create();
  alarms.start();
  const first = folder;
  onTestFinished(async () => {
    await alarms.stop();
    rmSync(first, { recursive: true, force: true });
  });
  await pass(1_000);
});

describe("an urgent alert", () => {
  it("switches the siren at once, and off when it clears", async () => {
    await contact("fire", 1);
    expect([siren.isOn, beacon.isOn]).toEqual([true, false]);
    await contact("fire", 0);
    expect(siren.isOn).toBe(false);
  });

  it("is texted to each person on call where the cloud says nothing in time, and again until the end", async () => {
    await contact("fire", 1);
    await pass(9_000);
    expect(texter.sent).toEqual([]);
    await pass(2_000);
    expect(texter.sent.map(({ number }) => number)).toEqual(["13800000000", "+8613800000001"]);
    await pass(3_600_000);
    // three times in all
    expect(texter.sent).toHaveLength(6);
  });

  it("is texted at once where the cloud has been gone for long", async () => {
    isConnected = false;
    await pass(60_000);
    await contact("fire", 1);
    expect(texter.sent).toHaveLength(2);
  });

  it("is the cloud's once that says that it knows; the siren goes on until someone acknowledges", async () => {
    const fire = await contact("fire", 1);
    alarms.hear(told(fire, "firing"));
    await pass(60_000);
    expect([texter.sent, siren.isOn]).toEqual([[], true]);
    alarms.hear(told(fire, "acknowledged"));
    expect(siren.isOn).toBe(false);
    isConnected = false;
    await pass(120_000);
    expect(texter.sent).toEqual([]);
  });

  it("is recognised though the cloud spoke first", async () => {
    const at = clock.now();
    const about = { ...(await contact("silence", 0)), at };
    alarms.hear(told(about, "firing"));
    await contact("fire", 1, { at });
    await pass(60_000);
    expect(texter.sent).toEqual([]);
  });

  it("is recognised where the gateway learned the time only afterwards", async () => {
    const sinceBoot = { boot: 1, ms: 9_000 };
    const fire = await contact("fire", 1, { clock: "unsynchronised", sinceBoot });
    offset_ms = fire.at + 86_400_000;
    alarms.hear(told(correct(fire, offset_ms), "acknowledged"));
    await pass(60_000);
    expect([texter.sent, siren.isOn]).toEqual([[], false]);
  });

  it("is silenced by the button on site, which must go down to count", async () => {
    await contact("silence", 1);
    await contact("fire", 1);
    await contact("silence", 1);
    expect(siren.isOn).toBe(true);
    await contact("silence", 0);
    await contact("silence", 1);
    expect(siren.isOn).toBe(false);
    await pass(60_000);
    expect(texter.sent).toEqual([]);
    // what fires from now on sounds again
    await contact("fire", 0);
    await contact("fire", 1);
    expect(siren.isOn).toBe(true);
  });

  it("outlives the process, and the next one texts nobody a second time at once", async () => {
    isConnected = false;
    await pass(20_000);
    await contact("fire", 1);
    expect(texter.sent).toHaveLength(2);
    await kill();
    expect(siren.isOn).toBe(true);
    await pass(60_000);
    expect(texter.sent).toHaveLength(2);
    await pass(300_000);
    expect(texter.sent).toHaveLength(4);
  });

  it("is not raised by what other gateways' devices or lesser rules say; one on a level switches what is named for it", async () => {
    await restart({ rules: [{ rule: "low", outputs: ["beacon"] }] });
    const level = { kind: "level", channel: null } as const;
    await contact("fire", 1, { device: "far" });
    await contact("", 4, { device: "tank", ...level });
    expect([siren.isOn, beacon.isOn]).toEqual([false, false]);
    await contact("", 0.5, { device: "tank", ...level });
    expect(beacon.isOn).toBe(false);
    await pass(11_000);
    expect([siren.isOn, beacon.isOn]).toEqual([false, true]);
  });

  it("is judged by the gateway's time where the machine's is wrong", async () => {
    await restart({ rules: [{ rule: "low", outputs: ["beacon"] }] });
    skew_ms = -365 * 86_400_000;
    const at = clock.now() + skew_ms;
    await contact("", 0.5, { device: "tank", kind: "level", channel: null, at, receivedAt: at });
    await pass(11_000);
    expect(beacon.isOn).toBe(true);
  });

  it("that flaps is texted no more often than one that stays, and what comes together goes in one text", async () => {
    isConnected = false;
    await pass(20_000);
    for (let turn = 0; turn < 50; turn++) {
      await contact("fire", 1);
      await pass(1_000);
      await contact("fire", 0);
      await pass(1_000);
    }
    expect(texter.sent).toHaveLength(2);
  });

  it("is acted on though nothing can be written, which is told of", async () => {
    await alarms.stop();
    const database = new DatabaseSync(join(folder, "alarms.sqlite"));
    database.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    database.close();
    alarms = create();
    alarms.start();
    isConnected = false;
    await pass(20_000);
    await contact("fire", 1);
    expect([siren.isOn, texter.sent.length]).toEqual([true, 2]);
    expect(troubles.list()).toEqual([expect.stringMatching(/无法写入报警状态.*disk is full/)]);
  });
});

describe("texts", () => {
  it("are tried again while the network refuses for now, and dropped when the cloud takes over", async () => {
    texter.failing = new GengfuError("sms_failed", "no network", { retryable: true });
    isConnected = false;
    await pass(20_000);
    const fire = await contact("fire", 1);
    await pass(5_000);
    texter.failing = null;
    await pass(60_000);
    expect(texter.sent).toHaveLength(2);
    texter.failing = new GengfuError("sms_failed", "no network", { retryable: true });
    await pass(300_000);
    alarms.hear(told(fire, "firing"));
    texter.failing = null;
    await pass(120_000);
    expect(texter.sent).toHaveLength(2);
  });

  it("that the network refuses for good are told of as a trouble until one goes out", async () => {
    texter.failing = new GengfuError("sms_failed", "unassigned number");
    isConnected = false;
    await pass(20_000);
    await contact("fire", 1);
    expect(troubles.list()).toEqual([
      expect.stringMatching(/2 条报警短信没有发出.*2 texts of alarms could not be sent/),
    ]);
    texter.failing = null;
    await pass(320_000);
    expect([troubles.list(), texter.sent.length]).toEqual([[], 2]);
  });

  it("that wait are sent by the next process", async () => {
    texter.failing = new GengfuError("sms_failed", "no modem", { retryable: true });
    isConnected = false;
    await pass(20_000);
    await contact("fire", 1);
    await kill();
    texter.failing = null;
    await pass(60_000);
    expect(texter.sent).toHaveLength(2);
  });

  it("keep to the budget of a day, of which repeats leave half", async () => {
    await restart({ texts_per_day: 10, repeat_every: "1m", repeat_times: 100, cloud_silent_after: "100h" });
    isConnected = false;
    await pass(20_000);
    await contact("fire", 1);
    await pass(3_600_000);
    // the first and one repeat, for two people: the third would be beyond the half
    expect(texter.sent).toHaveLength(4);
  });

  it("tell once that the cloud is gone, once that it is back, also over a restart", async () => {
    isConnected = false;
    await pass(602_000);
    expect(texter.sent.map(({ text }) => text)).toEqual(Array(2).fill(expect.stringContaining("失联已10分钟")));
    await restart();
    await pass(1_200_000);
    expect(texter.sent).toHaveLength(2);
    isConnected = true;
    await pass(15_000);
    expect(texter.sent.slice(2).map(({ text }) => text)).toEqual(Array(2).fill(expect.stringContaining("恢复连接")));
    await pass(1_200_000);
    expect(texter.sent).toHaveLength(4);
  });
});
