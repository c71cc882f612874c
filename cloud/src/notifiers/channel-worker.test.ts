import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AlertDatabase } from "../alerts/alert-database.ts";
import { ChannelWorker } from "./channel-worker.ts";
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
    const { notifier } = channel;
    if (notifier === null) throw new Error("the fake has a notifier");
    const settings = notificationSettings.parse({});
    worker = new ChannelWorker({ channel, notifier, outbox, settings, clock, logger: silentLogger, random: () => 0 });
    worker.start();
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

  it("keeps to the vendor's rate, but never holds back what is critical", async () => {
    for (let count = 0; count < 3; count++) add(`w${count}`, { severity: "warning" });
    const channel = startWorker({ rate: { messages: 2, window_ms: 60 * s } });
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1"]);
    clock.advance(30 * s);
    add("c0");
    worker?.wake();
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1", "c0"]);
    clock.advance(30 * s);
    await settle();
    expect(alertsOf(channel)).toEqual(["w0", "w1", "c0", "w2"]);
  });

  it("sends a message that is written twice once", async () => {
    add("a");
    add("a");
    const channel = startWorker();
    await settle();
    expect(alertsOf(channel)).toEqual(["a"]);
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
