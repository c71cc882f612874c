import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeFeishu, type FakeBot } from "../../../../test/support/fake-group-bots.ts";
import type { Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { createFeishuBot } from "./feishu-bot.ts";
import { feishuBotSettings } from "./settings.ts";

const never = new AbortController().signal;
const secret = "demo";

// signature, body and codes: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
describe("the Feishu bot", () => {
  const clock = new ManualClock();
  let feishu: FakeBot;
  beforeEach(async () => {
    feishu = await startFakeFeishu({ secret, now: () => clock.now() });
  });
  afterEach(() => feishu.stop());

  const send = async (about: object = {}): Promise<Delivery | undefined> =>
    createFeishuBot({ url: feishu.webhook, secret, ...about }, clock).notifier?.send(fireMessage(), never);

  it("posts signed text, Chinese first, then English", async () => {
    expect(await send()).toEqual({ ok: true });
    const [message] = feishu.messages;
    expect(message).toMatchObject({ msg_type: "text", timestamp: String(clock.now() / 1_000) });
    expect((message?.["content"] as { text: string } | undefined)?.text).toMatch(
      /^火警 伊通县人民法院\n[^]*\nFire Yitong County Court\n/,
    );
  });

  it("is refused for good with a wrong secret", async () => {
    expect(await send({ secret: "other" })).toMatchObject({ ok: false, retryable: false, code: "19021" });
  });

  it.each<[string, object, object]>([
    ["a refusal by code", { code: 19024, msg: "Key Words Not Found" }, { retryable: false, code: "19024" }],
    ["too many", { code: 11232, msg: "frequency limited" }, { retryable: true, code: "11232" }],
    ["what older bots say", { StatusCode: 9499, StatusMessage: "Bad Request" }, { retryable: false, code: "9499" }],
  ])("takes %s for what it is", async (_, body, delivery) => {
    feishu.respondWith({ body });
    expect(await send()).toMatchObject({ ok: false, ...delivery });
  });

  it("takes the yes of older bots", async () => {
    feishu.respondWith({ body: { StatusCode: 0, StatusMessage: "success" } });
    expect(await send()).toEqual({ ok: true });
  });

  it("has a README whose sample is a configuration", () => {
    const env = { FEISHU_BOT_URL: "https://open.feishu.cn/open-apis/bot/v2/hook/x", FEISHU_BOT_SECRET: "s" };
    expect(readSample(import.meta.dirname, "feishu_bot", feishuBotSettings, env)).toMatchObject({ secret: "s" });
  });
});
