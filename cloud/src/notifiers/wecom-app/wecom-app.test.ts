import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeWecomApp, type FakeWecomApp } from "../../../../test/support/fake-wecom-app.ts";
import type { Delivery, Message, Notifier } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { wecomAppSettings } from "./settings.ts";
import { createWecomApp, text_bytes_max } from "./wecom-app.ts";

const contentOf = (message: Record<string, unknown> | undefined): string =>
  (message?.["text"] as { content: string } | undefined)?.content ?? "";
const never = new AbortController().signal;

// requests, answers and codes: https://developer.work.weixin.qq.com/document/path/90236 and /91039, /90313
describe("the WeCom application", () => {
  let wecom: FakeWecomApp;
  let clock: ManualClock;
  let notifier: Notifier;
  beforeEach(async () => {
    wecom = await startFakeWecomApp();
    clock = new ManualClock();
    notifier = open();
  });
  afterEach(() => wecom.stop());

  function open(about: object = {}): Notifier {
    const settings = wecomAppSettings.parse({
      corp_id: wecom.corpId,
      corp_secret: wecom.corpSecret,
      agent_id: "1000002",
      users: { "wang-qiang": "WangQiang", "li-na": "LiNa" },
      base: wecom.url,
      ...about,
    });
    const { notifier: made } = createWecomApp(settings, clock);
    if (made === null) throw new Error("it is configured");
    return made;
  }
  const send = (about: Partial<Message> = {}): Promise<Delivery> => notifier.send(fireMessage(about), never);

  it("tells the person, with the application's number, and asks WeCom to drop what comes twice", async () => {
    expect(await send()).toEqual({ ok: true, id: "msg-1" });
    expect(wecom.messages).toMatchObject([
      { touser: "WangQiang", msgtype: "text", agentid: 1000002, enable_duplicate_check: 1 },
    ]);
    const content = contentOf(wecom.messages[0]);
    expect(content).toMatch(/^火警 伊通县人民法院\n火警：消防控制主机 火警触点闭合\n时间：2026-01-01 08:00:00\n/);
    expect(content).toContain("Fire: Fire panel, Fire contact closed");
  });

  it("keeps within WeCom's bytes", async () => {
    const long = "消".repeat(2_000);
    await send({ text: { zh: long, en: long } });
    expect(Buffer.byteLength(contentOf(wecom.messages[0]))).toBeLessThanOrEqual(text_bytes_max);
  });

  it("keeps its token until a minute before the end, and asks once for many", async () => {
    await Promise.all([send(), send(), send()]);
    clock.advance(7_139_000);
    await send();
    expect(wecom.tokens).toBe(1);
    clock.advance(1_000);
    await send();
    expect(wecom.tokens).toBe(2);
  });

  it.each([42001, 40014] as const)(
    "renews its token when WeCom says %i, and sends the message again",
    async (errcode) => {
      await send();
      wecom.revoke(errcode);
      expect(await send()).toMatchObject({ ok: true });
      expect(wecom.tokens).toBe(2);
    },
  );

  it("does not renew for ever", async () => {
    wecom.respondWith({ body: { errcode: 42001, errmsg: "access_token expired" } });
    expect(await send()).toMatchObject({ ok: false, retryable: true, code: "42001" });
    expect(wecom.tokens).toBe(2);
  });

  it("takes a user that WeCom doesn't know for a refusal for good, though it answers 0", async () => {
    expect(await send({ target: { id: "li-na", phone: "1" } })).toMatchObject({
      ok: false,
      retryable: false,
      code: "invaliduser",
    });
  });

  it("refuses whom the settings don't name, without asking", async () => {
    expect(await send({ target: { id: "zhao", phone: "1" } })).toMatchObject({ retryable: false, code: "no_user" });
    expect(wecom.tokens).toBe(0);
  });

  it.each([
    [45009, true],
    [-1, true],
    [60020, false],
    [81013, false],
  ])("takes errcode %i for a refusal; worth another try: %s", async (errcode, retryable) => {
    wecom.respondWith({ body: { errcode, errmsg: "no" } });
    expect(await send()).toEqual({ ok: false, retryable, code: String(errcode), detail: "no" });
  });

  it("is refused for good with a wrong secret", async () => {
    notifier = open({ corp_secret: "wrong" });
    expect(await send()).toMatchObject({ ok: false, retryable: false, code: "40001" });
  });

  it("is worth another try when nobody listens, and tells no secret", async () => {
    await wecom.stop();
    const delivery = await send();
    expect(delivery).toMatchObject({ ok: false, retryable: true, code: "unreachable" });
    expect(JSON.stringify(delivery)).not.toContain("demo-secret");
  });

  it("has a README whose sample is a configuration", () => {
    const env = { WECOM_CORP_ID: "ww", WECOM_APP_SECRET: "s", WECOM_AGENT_ID: "1000002" };
    expect(readSample(import.meta.dirname, "wecom_app", wecomAppSettings, env)).toMatchObject({
      agent_id: 1000002,
      users: { "wang-qiang": "WangQiang" },
    });
  });
});
