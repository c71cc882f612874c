import { describe, expect, test } from "vitest";
import { checkRules, examine, type RuleReport } from "./examine.ts";
import type { CheckMode, Observation, Published } from "./observation.ts";
import { reportLines } from "./report.ts";

const wall_ms = Date.UTC(2026, 5, 1);

/** Builds what would be seen of `tank-1`, a second between two things that happen. */
class Story {
  readonly seen: Observation[] = [];
  #at_ms = 0;
  #connection = 0;

  connect(change: Partial<Extract<Observation, { type: "connected" }>> = {}): this {
    this.#connection++;
    const will = { topic: "gengfu/v1/tank-1/state", payload: Buffer.from("offline"), qos: 1, retain: true };
    const sign = { clientId: "tank-1", user: "tank-1", level: 4, keepAlive_s: 30, will };
    this.seen.push({ type: "connected", ...sign, connection: this.#connection, at_ms: this.#next(), ...change });
    return this;
  }

  subscribe(): this {
    const topics = ["gengfu/v1/tank-1/error"];
    this.seen.push({ type: "subscribed", connection: this.#connection, at_ms: this.#next(), topics });
    return this;
  }

  publish(leaf: string, payload: string | object, change: Partial<Published> = {}): this {
    this.seen.push(this.published(leaf, payload, change));
    return this;
  }

  published(leaf: string, payload: string | object, change: Partial<Published> = {}): Published {
    const at_ms = this.#next();
    return {
      type: "published",
      at_ms,
      wall_ms: wall_ms + at_ms,
      connection: this.#connection,
      topic: `gengfu/v1/tank-1/${leaf}`,
      payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
      qos: 1,
      retain: leaf === "state",
      stored: false,
      ...change,
    };
  }

  online(): this {
    return this.publish("state", "online");
  }

  readings(...payloads: object[]): this {
    for (const payload of payloads) this.publish("level", payload);
    return this;
  }

  /** An acknowledgement is kept back, the line cut, and the device comes back after these waits. */
  withhold(payload: object, ...waits_ms: number[]): this {
    const publish = this.published("level", payload);
    this.seen.push(publish, { type: "withheld", at_ms: publish.at_ms, publish });
    this.seen.push({ type: "closed", at_ms: this.#next(), connection: this.#connection, by: "checker" });
    const last = waits_ms.pop();
    for (const wait_ms of waits_ms) this.seen.push({ type: "tried", at_ms: this.#wait(wait_ms) });
    return last === undefined ? this : this.#back(last);
  }

  add(observation: (at_ms: number, connection: number) => Observation): this {
    this.seen.push(observation(this.#next(), this.#connection));
    return this;
  }

  #back(wait_ms: number): this {
    return this.connect({ at_ms: this.#wait(wait_ms) }).online();
  }

  #next(): number {
    return this.#wait(1_000);
  }

  #wait(wait_ms: number): number {
    this.#at_ms += wait_ms;
    return this.#at_ms;
  }
}

const story = (): Story => new Story();
const good = (): Story =>
  story()
    .connect()
    .subscribe()
    .online()
    .readings({ metres: 1.5, boot: 7, seq: 1 }, { metres: 1.4, boot: 7, seq: 2 })
    .publish("count", { total: 3, boot: 7, seq: 3 })
    .publish("count", { total: 4, boot: 7, seq: 4, at: wall_ms })
    .withhold({ metres: 1.3, boot: 7, seq: 5 }, 1_000, 2_000, 4_000)
    .readings({ metres: 1.3, boot: 7, seq: 5, age: 9_000 }, { metres: 1.2, boot: 7, seq: 6 })
    .subscribe();

function rulesOf(told: Story, mode: CheckMode = "serve"): RuleReport[] {
  return [...examine(mode, "tank-1", told.seen).rules];
}

function trouble(told: Story, mode?: CheckMode): Record<string, string> {
  return Object.fromEntries(
    rulesOf(told, mode)
      .filter(({ problems }) => problems.length > 0)
      .map(({ rule, verdict }) => [rule, verdict]),
  );
}

test("a good device keeps every rule, and each of them is seen", () => {
  const rules = rulesOf(good().publish("level", { metres: 1.2, boot: 7, seq: 7 }));
  expect(rules.filter(({ verdict }) => verdict !== "holds")).toEqual([]);
});

const cases: readonly [rule: string, verdict: "broken" | "advice", told: Story, mode?: CheckMode][] = [
  ["protocol", "broken", story().connect({ level: 5 })],
  ["user", "broken", story().connect({ user: null })],
  ["user", "broken", story().connect({ user: "tank 1" })],
  ["client_id", "advice", story().connect({ clientId: "" })],
  ["client_id", "advice", story().connect({ clientId: "a" }).connect({ clientId: "b" })],
  ["client_id", "broken", story().connect({ clientId: "c".repeat(129) })],
  ["keep_alive", "broken", story().connect({ keepAlive_s: 0 })],
  ["keep_alive", "advice", story().connect({ keepAlive_s: 5 })],
  ["keep_alive", "advice", story().connect({ keepAlive_s: 600 })],
  [
    "keep_alive",
    "broken",
    story()
      .connect()
      .add((at_ms, connection) => ({ type: "silent", at_ms, connection })),
  ],
  ["last_will", "broken", story().connect({ will: null })],
  ["last_will", "broken", story().connect({ will: will({ qos: 0 }) })],
  ["last_will", "broken", story().connect({ will: will({ retain: false }) })],
  ["last_will", "broken", story().connect({ will: will({ payload: Buffer.from('"offline"') }) })],
  ["last_will", "broken", story().connect({ will: will({ topic: "gengfu/v1/tank-2/state" }) })],
  ["online", "broken", story().connect().readings({ metres: 1, boot: 1, seq: 1 })],
  ["topic", "broken", story().publish("level", "{}", { topic: "home/level" })],
  ["topic", "broken", story().publish("level", "{}", { topic: "gengfu/v1/tank-2/level" })],
  ["kind", "broken", story().publish("humidity", '{"percent":50}')],
  ["payload", "broken", story().publish("level", '{"metres":"high"}')],
  ["payload", "broken", story().publish("state", "ONLINE")],
  [
    "payload",
    "broken",
    story().add((at_ms) => ({ type: "answered", at_ms, message: "metres: found nothing" })),
    "listen",
  ],
  ["size", "broken", story().publish("level", `{"metres":1,"x":"${"a".repeat(65_536)}"}`)],
  ["size", "advice", story().publish("level", `{"metres":1,"boot":1,"seq":1,"x":"${"a".repeat(2_000)}"}`)],
  ["qos", "broken", story().publish("level", { metres: 1, boot: 1, seq: 1 }, { qos: 0 })],
  ["qos", "advice", story().publish("level", { metres: 1, boot: 1, seq: 1 }, { qos: 2 })],
  ["retain", "broken", story().publish("level", { metres: 1, boot: 1, seq: 1 }, { retain: true })],
  ["retain", "broken", story().publish("state", "online", { retain: false })],
  ["retain", "broken", story().publish("state", "online", { retain: null }), "listen"],
  ["seq", "advice", story().readings({ metres: 1 })],
  ["seq", "advice", story().readings({ metres: 1, boot: 1, seq: 4 }, { metres: 1, boot: 1, seq: 9 })],
  ["seq", "advice", story().readings({ metres: 1, boot: 1, seq: 9 }, { metres: 1, boot: 1, seq: 8 })],
  ["seq", "broken", story().readings({ metres: 1, boot: 1, seq: 4 }, { metres: 2, boot: 1, seq: 4 })],
  ["boot", "advice", story().readings({ metres: 1, boot: 9, seq: 1 }, { metres: 1, boot: 8, seq: 1 })],
  [
    "boot",
    "broken",
    story()
      .publish("status", { uptime_seconds: 90, boot: 9, seq: 1 })
      .publish("status", { uptime_seconds: 5, boot: 9, seq: 2 }),
  ],
  [
    "boot",
    "broken",
    story().readings(...[1, 2, 3].map((seq) => ({ metres: 1, boot: 9, seq })), { metres: 2, boot: 9, seq: 0 }),
  ],
  ["time", "broken", story().readings({ metres: 1, boot: 1, seq: 1, at: wall_ms / 1_000 })],
  ["time", "broken", story().readings({ metres: 1, boot: 1, seq: 1, at: 5_000 })],
  ["time", "broken", story().readings({ metres: 1, boot: 1, seq: 1, at: wall_ms + 8 * 3_600_000 })],
  ["time", "advice", story().readings({ metres: 1, boot: 1, seq: 1, at: Date.UTC(2000, 0, 1) })],
  ["time", "advice", story().readings({ metres: 1, boot: 1, seq: 1, age: 2 * 86_400_000 })],
  [
    "time",
    "advice",
    story().readings({ metres: 1, boot: 1, seq: 1, at: wall_ms }, { metres: 1, boot: 1, seq: 2, at: wall_ms - 1 }),
  ],
  [
    "count",
    "broken",
    story().publish("count", { total: 5, boot: 1, seq: 1 }).publish("count", { total: 2, boot: 1, seq: 2 }),
  ],
  ["pace", "advice", crowd(150)],
  ["units", "advice", story().publish("level", { metres: 45, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("temperature", { celsius: 250, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("temperature", { celsius: 85, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("pressure", { kilopascals: 1.8, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("pressure", { kilopascals: 0.18, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("pressure", { kilopascals: 18_000, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("status", { battery_volts: 87, boot: 1, seq: 1 })],
  ["units", "advice", story().publish("status", { rssi_dbm: 40, boot: 1, seq: 1 })],
  [
    "units",
    "advice",
    story()
      .publish("status", { uptime_seconds: 60_000, boot: 1, seq: 1 })
      .publish("status", { uptime_seconds: 61_000, boot: 1, seq: 2 }),
  ],
  ["reconnect", "broken", story().connect().online().withhold({ metres: 1, boot: 1, seq: 1 })],
  ["reconnect", "broken", comeBack(10, 10, 10)],
  ["reconnect", "advice", comeBack(1_000, 1_000, 1_000)],
  ["repeat", "broken", comeBack(1_000, 2_000, 4_000).readings({ metres: 9, boot: 1, seq: 6 })],
  ["repeat", "broken", comeBack(1_000, 2_000, 4_000).readings({ metres: 9.5, boot: 1, seq: 5 })],
  ["answers", "advice", story().connect().online()],
  ["answers", "advice", story().connect().subscribe().publish("tap", { card: "04A1B2C3", boot: 1, seq: 1 })],
  [
    "answers",
    "broken",
    story()
      .connect()
      .subscribe()
      .online()
      .add((at_ms) => ({ type: "answered", at_ms, message: "a mistake" }))
      .add((at_ms, connection) => ({ type: "closed", at_ms, connection, by: "device" })),
  ],
];

describe("each rule finds what breaks it", () => {
  test.each(cases.map(([rule, verdict, told, mode], index) => ({ index, rule, verdict, told, mode })))(
    "$index: $rule is $verdict",
    ({ rule, verdict, told, mode }) => {
      expect(trouble(told, mode)).toMatchObject({ [rule]: verdict });
    },
  );

  test("and every rule has such a case", () => {
    expect(new Set(cases.map(([rule]) => rule))).toEqual(new Set(checkRules.map(({ id }) => id)));
  });

  test("values that the range refuses get the advice about their unit, too", () => {
    const told = story()
      .publish("level", { metres: 150, boot: 1, seq: 1 })
      .publish("temperature", { celsius: -127, boot: 1, seq: 2 });
    const units = rulesOf(told).find(({ rule }) => rule === "units");
    expect(units?.problems.map(({ advice }) => advice.en)).toEqual([
      expect.stringContaining("centimetres"),
      expect.stringContaining("DS18B20"),
    ]);
    expect(trouble(told)).toMatchObject({ payload: "broken", units: "broken" });
  });
});

describe("what is right is not called wrong", () => {
  test.each([
    ["a repeat, byte for byte", comeBack(1_000, 2_000, 4_000).readings({ metres: 9, boot: 1, seq: 5 })],
    [
      "a random boot that is higher, and a seq that begins anew",
      story().readings({ metres: 1, boot: 3, seq: 9 }, { metres: 1, boot: 4, seq: 1 }),
    ],
    ["an hour that was kept back", story().readings({ metres: 1, boot: 3, seq: 1, age: 3_600_000 })],
    ["waits with some randomness", comeBack(900, 2_200, 3_300).readings({ metres: 9, boot: 1, seq: 5 })],
    ["no time at all", story().readings({ metres: 1, boot: 3, seq: 1 }, { metres: 1, boot: 3, seq: 2 })],
    ["a vacuum", story().publish("pressure", { kilopascals: -50, boot: 1, seq: 1 })],
    [
      "what a broker had kept from before",
      story()
        .publish("level", { metres: 1, boot: 1, seq: 9 }, { stored: true })
        .readings({ metres: 1, boot: 1, seq: 2 }),
    ],
  ])("%s", (_, told) => {
    const { online: _online, answers: _answers, ...found } = trouble(told);
    expect(found).toEqual({});
  });
});

test("the report says each rule in both languages, and where a listener can't see", () => {
  const report = examine("listen", "tank-1", story().readings({ metres: 45 }, { metres: 46 }).seen);
  const text = reportLines("listen", report).join("\n");
  expect(text).toContain("tank-1: 2 readings");
  expect(text).toMatch(/advice {2}units .*\n +2 x, first: metres 45 .*\n.*Likely centimetres.*\n.*可能是厘米/);
  expect(text).toMatch(/- {7}last_will/);
  expect(text).toContain("check --serve PORT");
  expect(report.conforms).toBe(true);
});

function will(change: object) {
  return { topic: "gengfu/v1/tank-1/state", payload: Buffer.from("offline"), qos: 1, retain: true, ...change };
}

/** So many readings, 20 ms apart. */
function crowd(count: number): Story {
  const told = story();
  for (let seq = 0; seq < count; seq++) told.publish("level", { metres: 1, boot: 1, seq }, { at_ms: seq * 20 });
  return told;
}

function comeBack(...waits_ms: number[]): Story {
  return story()
    .connect()
    .subscribe()
    .online()
    .withhold({ metres: 9, boot: 1, seq: 5 }, ...waits_ms);
}
