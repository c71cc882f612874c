import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { silentLogger } from "@gengfu/shared/logging";
import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AlertDatabase } from "../alerts/alert-database.ts";
import { createChannelWorkers, type ChannelLoop } from "./channel-workers.ts";
import type { Awaited, Channel, Receipt } from "./channel.ts";
import { fakeChannel, fireMessage, type FakeChannel } from "./fixture.ts";
import { outbox_max, OutboxTable } from "./outbox-table.ts";
import { receiptEvery_ms } from "./receipt-poller.ts";
import { notificationSettings } from "./settings.ts";

const s = 1_000;
const refused = { ok: false, retryable: false, code: "isv.AMOUNT", detail: "no" } as const;
const away = { ok: false, retryable: true, code: "unreachable", detail: "ECONNREFUSED" } as const;

describe("what a channel does not bring through", () => {
  let folder: string;
  let database: AlertDatabase;
  let outbox: OutboxTable;
  let loops: readonly ChannelLoop[] = [];
  const clock = new ManualClock();
  const asked: (readonly Awaited[])[] = [];
  let receipts: readonly Receipt[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-failover-"));
    database = new AlertDatabase(join(folder, "alerts.db"), silentLogger);
    asked.length = 0;
    receipts = [];
  });
  afterEach(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
    database.close();
    rmSync(folder, { recursive: true });
  });

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await setImmediate();
  };
  const pass = async (time_ms: number): Promise<void> => {
    for (let left = time_ms; left > 0; left -= 1 * s) {
      clock.advance(1 * s);
      await settle();
    }
  };
  const sms = (name: string, about: Partial<Channel> = {}): FakeChannel =>
    fakeChannel(name, { audience: "people", ...about });
  const withReceipts = (name: string): FakeChannel =>
    sms(name, { receipts: { poll: async (awaited) => (asked.push(awaited), receipts) } });

  function start(...channels: readonly FakeChannel[]): void {
    const settings = notificationSettings.parse({});
    outbox = new OutboxTable(database.connection, outbox_max, settings);
    const common = { settings, clock, logger: silentLogger, random: () => 0 };
    ({ loops } = createChannelWorkers({ channels, database: database.connection, outbox, ...common }));
    for (const loop of loops) loop.start();
  }
  async function tell(channel: string, about: object = {}): Promise<void> {
    outbox.add(channel, fireMessage(about), "text", true, clock.now());
    for (const loop of loops) loop.wake();
    await settle();
  }

  it("goes through the next one that is configured and of its sort, which knows for whom it stands in", async () => {
    const [first, second] = [sms("aliyun-sms"), sms("wecom-app")];
    first.respondWith(refused);
    start(fakeChannel("wecom-bot"), first, sms("tencent-sms", { notifier: null }), second, fakeChannel("dingtalk-bot"));
    await tell("aliyun-sms");
    expect(second.messages.map(({ target }) => target.id)).toEqual(["wang-qiang"]);
    expect(outbox.list({})).toMatchObject([
      { channel: "wecom-app", state: "sent", insteadOf: "aliyun-sms" },
      { channel: "aliyun-sms", state: "failed", code: "isv.AMOUNT", insteadOf: null },
    ]);
  });

  it("stays failed where no other is left", async () => {
    const last = sms("wecom-app");
    last.respondWith(refused);
    start(sms("aliyun-sms"), last);
    await tell("wecom-app");
    expect(outbox.list({})).toMatchObject([{ channel: "wecom-app", state: "failed" }]);
  });

  it("is not told twice by a channel that has it already", async () => {
    const [first, second] = [sms("aliyun-sms"), sms("tencent-sms")];
    first.respondWith(refused);
    start(first, second);
    await tell("tencent-sms");
    await tell("aliyun-sms");
    expect(second.messages).toHaveLength(1);
  });

  it("of a group goes to the other group", async () => {
    const [first, second] = [fakeChannel("wecom-bot"), fakeChannel("dingtalk-bot")];
    first.respondWith(refused);
    start(first, second);
    await tell("wecom-bot", { target: { id: "wecom-bot", phone: null } });
    expect(second.messages.map(({ target }) => target.id)).toEqual(["dingtalk-bot"]);
  });

  it("is passed on when it is critical and was not taken in time, and still tried", async () => {
    const [first, second] = [sms("aliyun-sms"), sms("tencent-sms")];
    first.respondWith(away);
    start(first, second);
    await tell("aliyun-sms", { alert: "fire" });
    await tell("aliyun-sms", { alert: "water", severity: "warning" });
    await pass(119 * s);
    expect(second.messages).toEqual([]);
    await pass(1 * s);
    expect(second.messages.map(({ alert }) => alert)).toEqual(["fire"]);
    first.respondWith({ ok: true });
    await pass(300 * s);
    expect(outbox.counts()).toEqual([
      { channel: "aliyun-sms", state: "sent", count: 2 },
      { channel: "tencent-sms", state: "sent", count: 1 },
    ]);
  });

  it("is known by its receipt, which is asked for by the vendor's number", async () => {
    const first = withReceipts("aliyun-sms");
    first.respondWith({ ok: true, id: "9006^0" });
    start(first, sms("tencent-sms"));
    await tell("aliyun-sms");
    expect(outbox.list({})).toMatchObject([{ state: "sent", vendorId: "9006^0", receipt: "awaited" }]);
    const [{ id } = { id: 0 }] = outbox.list({});
    receipts = [{ id, state: "delivered", code: "DELIVERED" }];
    await pass(receiptEvery_ms);
    expect(asked).toMatchObject([[{ vendorId: "9006^0", phone: "13800000000" }]]);
    await pass(300 * s);
    expect(asked).toHaveLength(1);
    expect(outbox.list({})).toMatchObject([{ receipt: "delivered", receiptCode: "DELIVERED" }]);
  });

  it("is asked for often at first, and rarely when it is late", async () => {
    const first = withReceipts("aliyun-sms");
    first.respondWith({ ok: true, id: "1" });
    start(first);
    await tell("aliyun-sms");
    await pass(600 * s);
    const often = asked.length;
    expect(often).toBeGreaterThan(35);
    await pass(600 * s);
    expect(asked.length - often).toBe(1);
  });

  it.each<[string, Receipt["state"] | null, number]>([
    ["at once when the operator could not deliver it", "undelivered", receiptEvery_ms],
    ["when no receipt came in time", null, 120 * s],
  ])("is passed on %s", async (_, state, after_ms) => {
    const [first, second] = [withReceipts("aliyun-sms"), sms("tencent-sms")];
    first.respondWith({ ok: true, id: "1" });
    start(first, second);
    await tell("aliyun-sms");
    const [{ id } = { id: 0 }] = outbox.list({});
    receipts = state === null ? [] : [{ id, state, code: "MK:0001" }];
    await pass(after_ms - 1 * s);
    expect(second.messages).toEqual([]);
    await pass(1 * s);
    expect(second.messages).toHaveLength(1);
  });
});
