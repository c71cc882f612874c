import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AlertDatabase } from "../alerts/alert-database.ts";
import type { BudgetWindow } from "./budget.ts";
import { createChannelWorkers, type ChannelLoop } from "./channel-workers.ts";
import type { Channel, Delivery, Message } from "./channel.ts";
import { fireMessage } from "./fixture.ts";
import { outbox_max, OutboxTable } from "./outbox-table.ts";
import { notificationSettings } from "./settings.ts";

const s = 1_000;
const bot: BudgetWindow = { messages: 20, window_ms: 60 * s };
const sms: BudgetWindow = { messages: 50, window_ms: 24 * 3_600 * s };
const equal: BudgetWindow = { messages: 1, window_ms: 30 * s, equal: true };
const settings = notificationSettings.parse({});

interface Sent {
  readonly channel: string;
  readonly target: string;
  readonly at: number;
  readonly message: Message;
  /** Whether the process was killed before the answer was written down. */
  wasCut: boolean;
}

/** The outbox and its workers over one file, which may be killed at any moment. */
class Outboxes {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  answer: (channel: string) => Delivery = () => ({ ok: true });
  readonly #folder = mkdtempSync(join(tmpdir(), "gengfu-storm-"));
  readonly #windows: Readonly<Record<string, readonly BudgetWindow[]>>;
  #life = new AbortController();
  #database!: AlertDatabase;
  #outbox!: OutboxTable;
  #loops: readonly ChannelLoop[] = [];

  constructor(windows: Readonly<Record<string, readonly BudgetWindow[]>>) {
    this.#windows = windows;
    this.open();
  }

  get outbox(): OutboxTable {
    return this.#outbox;
  }

  channels(life: AbortSignal): Channel[] {
    return Object.entries(this.#windows).map(([name, budgets]) => ({
      name,
      audience: name.endsWith("bot") ? "group" : "people",
      concurrency: 2,
      budgets,
      render: ({ site, name: what, time, alert }) => `${site.zh} ${what.zh} ${time} ${alert}`,
      notifier: {
        send: async (message) => {
          if (life.aborted) return new Promise(() => undefined);
          const one: Sent = { channel: name, target: message.target.id, at: this.clock.now(), message, wasCut: true };
          this.sent.push(one);
          await setImmediate();
          // of a process that is dead nobody hears the answer
          if (life.aborted) return new Promise(() => undefined);
          one.wasCut = false;
          return this.answer(name);
        },
      },
    }));
  }

  open(): void {
    this.#life = new AbortController();
    this.#database = new AlertDatabase(join(this.#folder, "alerts.db"), silentLogger);
    const database = this.#database.connection;
    this.#outbox = new OutboxTable(database, outbox_max, settings);
    const common = { database, outbox: this.#outbox, settings, clock: this.clock, logger: silentLogger };
    this.#loops = createChannelWorkers({
      ...common,
      channels: this.channels(this.#life.signal),
      random: () => 0,
    }).loops;
    for (const loop of this.#loops) loop.start();
  }

  add(channel: string, ...messages: readonly Message[]): void {
    this.#database.transaction("soon", () => {
      for (const message of messages) this.#outbox.add(channel, message, "text", true, this.clock.now());
    });
    for (const loop of this.#loops) loop.wake();
  }

  /** What a dead process wrote is there, and its answers are lost. */
  kill(): void {
    const dead = this.#loops;
    this.#life.abort();
    this.#database.close();
    this.open();
    // its timers must not go on; what it would write has no file any more
    for (const loop of dead) void loop.stop();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await setImmediate();
  }

  /** In steps at which timers fire: what they send bears the time of the step's end. */
  async pass(time_ms: number, step_ms = 1 * s): Promise<void> {
    await this.settle();
    for (let left = time_ms; left > 0; left -= step_ms) {
      this.clock.advance(Math.min(step_ms, left));
      await this.settle();
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#database.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** The most messages to one target of a channel in any window of its budget. */
  most(channel: string, window_ms: number): number {
    const times = this.sent.filter((one) => one.channel === channel).map(({ at }) => at);
    return Math.max(0, ...times.map((end) => times.filter((at) => at > end - window_ms && at <= end).length));
  }
}

const warning = (number: number, site = number % 3): Message =>
  fireMessage({
    alert: `w${number}`,
    severity: "warning",
    site: { zh: `法院${site}`, en: `Court ${site}` },
    name: { zh: "水位低", en: "Tank low" },
  });

let outboxes: Outboxes;
afterEach(() => outboxes.end());

describe("a storm of 10,000 alerts", () => {
  beforeEach(() => {
    outboxes = new Outboxes({ "wecom-bot": [bot], "tencent-sms": [sms, equal] });
  });

  it("stays within every budget, and the fire among them goes first", async () => {
    const storm = Array.from({ length: 8_999 }, (_, number) => warning(number));
    for (const channel of ["wecom-bot", "tencent-sms"]) {
      outboxes.add(channel, ...storm.slice(0, 5_000), fireMessage({ alert: "fire" }), ...storm.slice(5_000));
    }
    await outboxes.settle();
    for (const channel of ["wecom-bot", "tencent-sms"]) {
      const [first] = outboxes.sent.filter((one) => one.channel === channel);
      expect(first?.message.alert).toBe("fire");
    }
    await outboxes.pass(120 * s, 10 * s);
    outboxes.add("wecom-bot", ...Array.from({ length: 1_000 }, (_, number) => warning(10_000 + number)));
    await outboxes.pass(300 * s, 10 * s);
    expect(outboxes.outbox.counts()).toEqual([
      { channel: "tencent-sms", state: "sent", count: 9_000 },
      { channel: "wecom-bot", state: "sent", count: 10_000 },
    ]);
    expect(outboxes.most("wecom-bot", bot.window_ms)).toBeLessThanOrEqual(20);
    expect(outboxes.most("tencent-sms", sms.window_ms)).toBeLessThanOrEqual(50);
    expect(outboxes.sent.length).toBeLessThan(60);
  });

  it("does not shut a late fire out of a full outbox, nor out of a spent budget", async () => {
    outboxes.add("wecom-bot", ...Array.from({ length: 9_500 }, (_, number) => warning(number)));
    await outboxes.settle();
    const before = outboxes.sent.length;
    outboxes.add("wecom-bot", fireMessage({ alert: "fire" }));
    await outboxes.settle();
    expect(outboxes.sent[before]?.message.alert).toBe("fire");
  });

  it("sends fires of which there are too many in one last message, and none is left out", async () => {
    outboxes.add("wecom-bot", ...Array.from({ length: 100 }, (_, number) => fireMessage({ alert: `f${number}` })));
    for (let turn = 0; turn < 10; turn++) await outboxes.settle();
    expect(outboxes.sent.map(({ message }) => message.alert)).toEqual([
      ...Array.from({ length: 19 }, (_, number) => `f${number}`),
      "digest-f19",
    ]);
    expect(outboxes.sent[19]?.message.name).toEqual({ zh: "81条告警", en: "81 alerts" });
    expect(outboxes.outbox.counts()).toMatchObject([{ state: "sent", count: 100 }]);
  });
});

describe("a message of the same text", () => {
  it("waits until the vendor takes it again, and holds up no other", async () => {
    outboxes = new Outboxes({ "tencent-sms": [equal] });
    const target = { id: "li", phone: "13900000000" };
    outboxes.add(
      "tencent-sms",
      fireMessage({ alert: "a" }),
      fireMessage({ alert: "a", about: "cleared" }),
      fireMessage({ alert: "b" }),
      fireMessage({ alert: "a", target }),
    );
    await outboxes.settle();
    expect(outboxes.sent.map(({ message, target: to }) => `${to} ${message.alert}`).toSorted()).toEqual([
      "li a",
      "wang-qiang a",
      "wang-qiang b",
    ]);
    await outboxes.pass(30 * s);
    expect(outboxes.sent.at(-1)?.message).toMatchObject({ alert: "a", about: "cleared" });
  });
});

type Act =
  | { readonly kind: "alerts"; readonly of: "warnings" | "fires"; readonly count: number }
  | { readonly kind: "pass"; readonly time_ms: number }
  | { readonly kind: "kill" }
  | { readonly kind: "refuse" }
  | { readonly kind: "accept" };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("alerts" as const),
    of: fc.constantFrom("warnings" as const, "fires" as const),
    count: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({
    kind: fc.constant("pass" as const),
    time_ms: fc.integer({ min: 1, max: 40 }).map((time_s) => time_s * s),
  }),
  fc.record({ kind: fc.constant("kill" as const) }),
  fc.record({ kind: fc.constant("refuse" as const) }),
  fc.record({ kind: fc.constant("accept" as const) }),
);

describe("an outbox that is killed at any moment", () => {
  beforeEach(() => {
    outboxes = new Outboxes({ "wecom-bot": [{ messages: 5, window_ms: 60 * s }] });
  });

  it("loses no notification, keeps to its budget, and repeats only what was under way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
        const world = new Outboxes({ "wecom-bot": [{ messages: 5, window_ms: 60 * s }] });
        let number = 0;
        try {
          for (const one of acts) {
            if (one.kind === "kill") world.kill();
            else if (one.kind === "pass") await world.pass(one.time_ms);
            else if (one.kind === "refuse") {
              world.answer = () => ({ ok: false, retryable: true, code: "45009", detail: "full" });
            } else if (one.kind === "accept") world.answer = () => ({ ok: true });
            else {
              const make = one.of === "fires" ? (id: number) => fireMessage({ alert: `f${id}` }) : warning;
              world.add("wecom-bot", ...Array.from({ length: one.count }, () => make(number++)));
            }
          }
          world.answer = () => ({ ok: true });
          await world.pass(700 * s);
          expect(world.outbox.list({ states: ["pending", "failed"] })).toEqual([]);
          expect(world.outbox.list({ limit: 100_000 })).toHaveLength(number);
          expect(world.most("wecom-bot", 60 * s)).toBeLessThanOrEqual(5);
        } finally {
          await world.end();
        }
      }),
      { numRuns: 30 },
    );
  }, 120_000);

  it("sends what was under way once more as it was, and nothing else again", async () => {
    const cuts = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    for (const cut of cuts) {
      const world = new Outboxes({ "wecom-bot": [bot] });
      try {
        world.add(
          "wecom-bot",
          ...Array.from({ length: 30 }, (_, number) => warning(number)),
          fireMessage({ alert: "fire" }),
        );
        for (let turn = 0; turn < cut; turn++) await setImmediate();
        world.kill();
        await world.pass(60 * s, 5 * s);
        const answered = world.sent.filter(({ wasCut }) => !wasCut).map(({ message }) => message.alert);
        expect(new Set(answered).size, `cut after ${cut} turns`).toBe(answered.length);
        for (const { message } of world.sent.filter(({ wasCut }) => wasCut)) expect(answered).toContain(message.alert);
        expect(world.outbox.counts()).toMatchObject([{ state: "sent", count: 31 }]);
      } finally {
        await world.end();
      }
    }
  });
});
