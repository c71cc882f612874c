import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AlertDatabase } from "../alerts/alert-database.ts";
import type { ChannelWorker } from "./channel-worker.ts";
import { createChannelWorkers } from "./channel-workers.ts";
import type { Channel, Message } from "./channel.ts";
import { fakeChannel, fireMessage, type FakeChannel } from "./fixture.ts";
import { OutboxTable } from "./outbox-table.ts";
import { notificationSettings } from "./settings.ts";

const s = 1_000;
const name = "wecom-bot";

describe("the worker of a channel", () => {
  let folder: string;
  let database: AlertDatabase;
  let outbox: OutboxTable;
  let worker: ChannelWorker | undefined;
  const clock = new ManualClock();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-outbox-"));
    database = new AlertDatabase(join(folder, "alerts.db"), silentLogger);
    outbox = new OutboxTable(database.connection);
  });
  afterEach(async () => {
    await worker?.stop();
    database.close();
    rmSync(folder, { recursive: true });
  });

  const add = (alert: string, about: Partial<Message> = {}): string =>
    outbox.add(name, fireMessage({ alert, ...about }), "text", true, clock.now());
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await setImmediate();
  };
  function startWorker(about: Partial<Channel> = {}): FakeChannel {
    const channel = fakeChannel(name, about);
    const settings = notificationSettings.parse({});
    const common = { settings, clock, logger: silentLogger, random: () => 0 };
    const { workers } = createChannelWorkers({ channels: [channel], database: database.connection, outbox, ...common });
    worker = workers[0];
    worker?.start();
    return channel;
  }
  const alertsOf = (channel: FakeChannel): string[] => channel.messages.map(({ alert }) => alert);

  it("sends what waits, the most urgent first", async () => {
    add("w1", { severity: "warning" });
    add("c1");
    add("i1", { severity: "info" });
    add("c2");
    const channel = startWorker();
    await settle();
    expect(alertsOf(channel)).toEqual(["c1", "c2", "w1", "i1"]);
    expect(outbox.counts()).toEqual([{ channel: name, state: "sent", count: 4 }]);
  });

  it("has a bounded number under way", async () => {
    for (let count = 0; count < 5; count++) add(`a${count}`);
    const channel = fakeChannel(name);
    channel.respondWith("hang");
    startWorker({ concurrency: 2, notifier: channel.notifier });
    await settle();
    expect(channel.messages).toHaveLength(2);
  });

  it("keeps to the vendor's budget, with a part of it for what is critical", async () => {
    for (let count = 0; count < 3; count++) add(`w${count}`, { severity: "warning" });
    const channel = startWorker({ budgets: [{ messages: 4, window_ms: 60 * s }] });
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1", "w2"]);
    clock.advance(30 * s);
    add("w3", { severity: "warning" });
    add("c0");
    worker?.wake();
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1", "w2", "c0"]);
    clock.advance(30 * s);
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1", "w2", "c0", "w3"]);
  });

  it("puts what is not critical into one message when the budget is short, and says how many and which", async () => {
    const water = { zh: "水位低", en: "Tank low" };
    for (let count = 0; count < 3; count++) add(`w${count}`, { severity: "warning" });
    for (let count = 3; count < 5; count++) add(`w${count}`, { severity: "warning", name: water });
    const channel = startWorker({ budgets: [{ messages: 4, window_ms: 60 * s }] });
    await settle();
    expect(channel.messages.map(({ text }) => text.zh)).toEqual(["共5条告警：火警3条，水位低2条"]);
    expect(channel.messages[0]?.text.en).toBe("5 alerts: Fire (3), Tank low (2)");
    expect(outbox.list({}).map(({ state, group }) => [state, group])).toEqual(
      Array.from({ length: 5 }, () => ["sent", 1]),
    );
  });

  it("tells many alerts of one site in one message, and the fire alone and first", async () => {
    const channel = startWorker();
    for (let count = 0; count < 40; count++) add(`w${count}`, { severity: "warning" });
    add("c0");
    worker?.wake();
    await settle();
    expect(alertsOf(channel)).toEqual(["c0", "w0", "w1", "w2", "w3", "w4"]);
    clock.advance(30 * s);
    await settle();
    expect(channel.messages.slice(6).map(({ name }) => name.zh)).toEqual(["35条告警"]);
  });

  it("leaves a channel that is out alone for a while, and tries it with one message", async () => {
    const channel = startWorker({ concurrency: 3 });
    channel.respondWith({ ok: false, retryable: true, code: "unreachable", detail: "ECONNREFUSED" });
    for (let count = 0; count < 3; count++) add(`c${count}`);
    worker?.wake();
    await settle();
    clock.advance(1 * s);
    await settle();
    expect(worker?.stats()).toMatchObject({ breaker: "open", trouble: "unreachable: ECONNREFUSED", attempts: 6 });
    channel.respondWith({ ok: true });
    clock.advance(2 * s);
    await settle();
    expect(worker?.stats()).toMatchObject({ breaker: "closed", trouble: null });
    expect(outbox.counts()).toEqual([{ channel: name, state: "sent", count: 3 }]);
  });

  it("does not take a vendor's refusal of one message for an outage", async () => {
    const channel = startWorker({});
    channel.respondWith({ ok: false, retryable: true, code: "isv.BUSINESS_LIMIT_CONTROL", detail: "" });
    for (let count = 0; count < 8; count++) add(`c${count}`);
    worker?.wake();
    await settle();
    expect(worker?.stats()).toMatchObject({ breaker: "closed", attempts: 8 });
  });

  it("sends a message that is written twice once", async () => {
    add("a");
    add("a");
    const channel = startWorker();
    await settle();
    expect(alertsOf(channel)).toEqual(["a"]);
  });

  it("tells again of an alert that became graver, and only then", async () => {
    add("a", { severity: "warning" });
    const channel = startWorker();
    await settle();
    add("a", { severity: "info" });
    add("a");
    worker?.wake();
    await settle();
    expect(channel.messages.map(({ severity }) => severity)).toEqual(["warning", "critical"]);
  });

  it("gives up what the channel will never take, and says why", async () => {
    add("a");
    const channel = fakeChannel(name);
    channel.respondWith({ ok: false, retryable: false, code: "93000", detail: "invalid webhook url" });
    startWorker({ notifier: channel.notifier });
    await settle();
    clock.advance(3_600 * s);
    await settle();
    expect(channel.messages).toHaveLength(1);
    expect(outbox.list({})).toMatchObject([
      { state: "failed", attempts: 1, code: "93000", detail: "invalid webhook url" },
    ]);
  });

  it("leaves what is under way in the outbox when it stops", async () => {
    add("a");
    const channel = fakeChannel(name);
    channel.respondWith("hang", { ok: true });
    startWorker({ notifier: channel.notifier });
    await channel.got(1);
    await worker?.stop();
    expect(outbox.list({})).toMatchObject([{ state: "pending", attempts: 0 }]);
    worker?.start();
    await settle();
    expect(outbox.list({})).toMatchObject([{ state: "sent", attempts: 1 }]);
  });

  it("has an outbox with a bound, beyond which messages count as failed", () => {
    outbox = new OutboxTable(database.connection, 2);
    expect(["a", "b", "c"].map((alert) => add(alert))).toEqual(["pending", "pending", "failed"]);
    expect(outbox.list({ alert: "c" })).toMatchObject([{ state: "failed", code: "outbox_full" }]);
  });
});
