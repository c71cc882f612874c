import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeDingtalk, type FakeBot } from "../../../../test/support/fake-group-bots.ts";
import type { Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { createDingtalkBot, markdown_bytes_max } from "./dingtalk-bot.ts";
import { dingtalkBotSettings } from "./settings.ts";

const never = new AbortController().signal;
const secret = "SECdemo+/=";

// signature, body and codes: https://open.dingtalk.com/document/robots/customize-robot-security-settings
describe("the DingTalk bot", () => {
  const clock = new ManualClock();
  let dingtalk: FakeBot;
  beforeEach(async () => {
    dingtalk = await startFakeDingtalk({ secret, now: () => clock.now() });
  });
  afterEach(() => dingtalk.stop());

  const send = async (about: object = {}): Promise<Delivery | undefined> =>
    createDingtalkBot({ url: dingtalk.webhook, secret, ...about }, clock).notifier?.send(fireMessage(), never);

  it("posts signed markdown, Chinese first, then English", async () => {
    expect(await send()).toEqual({ ok: true });
    expect(dingtalk.messages).toMatchObject([
      { msgtype: "markdown", markdown: { title: "火警 伊通县人民法院 / Fire, Yitong County Court" } },
    ]);
    const text = (dingtalk.messages[0]?.["markdown"] as { text: string } | undefined)?.text;
    expect(text).toMatch(/^\*\*火警\*\* 伊通县人民法院\n\n火警：消防控制主机 火警触点闭合\n\n/);
    expect(text).toMatch(/\*\*Fire\*\* Yitong County Court/);
  });

  it("is refused for good with a wrong secret, and without one where one is asked for", async () => {
    const refused = { ok: false, retryable: false, code: "310000", detail: "sign not match" };
    expect(await send({ secret: "SECother" })).toEqual(refused);
    expect(await createDingtalkBot({ url: dingtalk.webhook }, clock).notifier?.send(fireMessage(), never)).toEqual(
      refused,
    );
  });

  it.each([
    [410100, true, 600_000],
    [130101, true, 600_000],
    [-1, true, undefined],
    [400102, false, undefined],
  ])("takes errcode %i for a refusal; worth another try: %s", async (errcode, retryable, retry_after_ms) => {
    dingtalk.respondWith({ body: { errcode, errmsg: "no" } });
    const delivery = await send();
    expect(delivery).toMatchObject({ ok: false, retryable, code: String(errcode), detail: "no" });
    if (retry_after_ms !== undefined) expect(delivery).toMatchObject({ retry_after_ms });
  });

  it("keeps within DingTalk's bytes", () => {
    const long = "消".repeat(20_000);
    const text = createDingtalkBot(undefined, clock).render(fireMessage({ text: { zh: long, en: long } }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(markdown_bytes_max);
  });

  it("has a README whose sample is a configuration", () => {
    const env = { DINGTALK_BOT_URL: "https://oapi.dingtalk.com/robot/send?access_token=x", DINGTALK_BOT_SECRET: "SEC" };
    expect(readSample(import.meta.dirname, "dingtalk_bot", dingtalkBotSettings, env)).toMatchObject({ secret: "SEC" });
  });
});
