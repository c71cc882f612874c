import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeWecom, type FakeWecom, type WecomAnswer } from "../../../../test/support/fake-wecom.ts";
import type { Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { wecomBotSettings } from "./settings.ts";
import { cutToBytes } from "../message-text.ts";
import { createWecomBot, markdown_bytes_max, renderMarkdown } from "./wecom-bot.ts";

const never = new AbortController().signal;

describe("the WeCom bot", () => {
  let wecom: FakeWecom;
  beforeEach(async () => {
    wecom = await startFakeWecom();
  });
  afterEach(() => wecom.stop());

  const send = (signal = never): Promise<Delivery> | undefined =>
    createWecomBot({ url: wecom.url, per_minute: 20 }).notifier?.send(fireMessage(), signal);

  it("posts one markdown message, Chinese first, then English", async () => {
    expect(await send()).toEqual({ ok: true });
    expect(wecom.requests).toHaveLength(1);
    expect(wecom.requests[0]).toMatchObject({ msgtype: "markdown", key: "demo" });
    expect(wecom.requests[0]?.content).toBe(
      [
        '**<font color="warning">火警</font>** 伊通县人民法院',
        "火警：消防控制主机 火警触点闭合",
        "时间：2026-01-01 08:00:00",
        "处置：立即现场核实。",
        "",
        '**<font color="warning">Fire</font>** Yitong County Court',
        "Fire: Fire panel, Fire contact closed",
        "Time: 2026-01-01 08:00:00",
        "What to do: Verify on the spot at once.",
      ].join("\n"),
    );
  });

  it.each<[string, WecomAnswer, boolean, string]>([
    ["a full minute", { errcode: 45009, errmsg: "api freq out of limit" }, true, "45009"],
    ["a busy system", { errcode: -1, errmsg: "system busy" }, true, "-1"],
    ["a webhook that is no more", { errcode: 93000, errmsg: "invalid webhook url" }, false, "93000"],
    ["an invalid argument", { errcode: 40058, errmsg: "invalid Request Parameter" }, false, "40058"],
    ["an error of the server", { status: 502, body: "bad gateway" }, true, "http_502"],
    ["a refusal by status", { status: 403, body: "forbidden" }, false, "http_403"],
    ["a page that isn't WeCom's", { body: "<html>log in to the network</html>" }, true, "no_errcode"],
  ])("takes %s for what it is", async (_, answer, retryable, code) => {
    wecom.respondWith(answer);
    expect(await send()).toEqual({ ok: false, retryable, code, detail: answer.errmsg ?? answer.body });
  });

  it("gives up when it is told to", async () => {
    wecom.respondWith({ delay_ms: 60_000 });
    const stop = new AbortController();
    const sent = send(stop.signal);
    stop.abort();
    expect(await sent).toMatchObject({ ok: false, retryable: true, code: "unreachable" });
  });

  it("says why when nobody listens, without the webhook's key", async () => {
    await wecom.stop();
    const delivery = await send();
    expect(delivery).toMatchObject({ ok: false, retryable: true, code: "unreachable" });
    expect(JSON.stringify(delivery)).toMatch(/ECONNREFUSED/);
    expect(JSON.stringify(delivery)).not.toContain("key=");
  });

  it("is not configured without settings, and still says what it would send", () => {
    const bot = createWecomBot(undefined);
    expect(bot.notifier).toBeNull();
    expect(bot.render(fireMessage())).toContain("火警触点闭合");
  });
});

describe("a markdown text", () => {
  it("is within WeCom's bytes, whatever the names", () => {
    const long = "消".repeat(3_000);
    const text = renderMarkdown(fireMessage({ text: { zh: long, en: long } }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(markdown_bytes_max);
    expect(text).toMatch(/消…$/);
  });

  it("is cut between characters only", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 60 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(cut).not.toContain("\ufffd");
        expect(cut === text || (cut.endsWith("…") && text.startsWith(cut.slice(0, -1)))).toBe(true);
      }),
    );
  });
});

it("the README's sample is a configuration", () => {
  const url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x";
  const sample = readSample(import.meta.dirname, "wecom_bot", wecomBotSettings, { WECOM_BOT_URL: url });
  expect(sample).toEqual({ url, per_minute: 20 });
});
