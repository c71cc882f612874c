import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeWecom, type FakeWecom } from "../../../test/support/fake-wecom.ts";
import { demoSite } from "../alerts/fixture.ts";
import { adviceOf } from "./advice.ts";
import type { Channel } from "./channel.ts";
import { fakeChannel } from "./fixture.ts";
import { readSample } from "./readme-sample.ts";
import { notificationSettings } from "./settings.ts";
import { sendTests } from "./test-message.ts";

const run = promisify(execFile);

describe("a test of channels", () => {
  const lines: string[] = [];
  beforeEach(() => void (lines.length = 0));
  const test = (channels: readonly Channel[], about: { channel?: string; to?: string } = {}): Promise<boolean> =>
    sendTests({
      channels,
      sites: [demoSite],
      timeout_ms: 1_000,
      clock: systemClock,
      say: (line) => lines.push(line),
      ...about,
    });

  it("sends a marked message through all that are configured, and tells what they answered", async () => {
    const [bot, sms] = [fakeChannel("wecom-bot"), fakeChannel("aliyun-sms", { audience: "people" })];
    sms.respondWith({ ok: true, id: "9^0" });
    expect(await test([bot, sms, fakeChannel("email", { notifier: null })])).toBe(true);
    expect(bot.messages).toMatchObject([{ name: { zh: "通知测试", en: "Test" }, target: { id: "wecom-bot" } }]);
    expect(sms.messages[0]?.target).toMatchObject({ id: demoSite.on_call[0], phone: expect.any(String) });
    expect(lines).toEqual([
      expect.stringMatching(/^✓ wecom-bot → wecom-bot：已被接收 \/ taken \(\d+ ms\)$/),
      expect.stringMatching(/^✓ aliyun-sms → [\w-]+：已被接收 \/ taken \(\d+ ms\)，编号 \/ id 9\^0$/),
    ]);
  });

  it("says what to do about a refusal, in both languages", async () => {
    const bot = fakeChannel("wecom-bot");
    bot.respondWith({ ok: false, retryable: false, code: "93000", detail: "invalid webhook url" });
    expect(await test([bot, fakeChannel("webhook")])).toBe(false);
    expect(lines.slice(0, 4)).toEqual([
      "✗ wecom-bot → wecom-bot：93000 invalid webhook url",
      expect.stringContaining("does not try again"),
      expect.stringContaining("重新复制地址"),
      expect.stringContaining("copy its address"),
    ]);
    expect(lines[4]).toMatch(/^✓ webhook/);
  });

  it.each<[string, readonly Channel[], { channel?: string; to?: string }, string]>([
    ["no channel is configured", [fakeChannel("email", { notifier: null })], {}, "No channel is configured"],
    ["there is no such channel", [fakeChannel("email")], { channel: "fax" }, "no channel fax"],
    [
      "the channel is not configured",
      [fakeChannel("email", { notifier: null })],
      { channel: "email" },
      "not configured",
    ],
    ["nobody has that id", [fakeChannel("email", { audience: "people" })], { to: "nobody" }, "no person nobody"],
  ])("says so when %s", async (_, channels, about, said) => {
    expect(await test(channels, about)).toBe(false);
    expect(lines.join("\n")).toContain(said);
  });

  it("has advice for codes that are known, and a way on for others", () => {
    expect(adviceOf("wecom-app", "60020").en).toContain("trusted");
    expect(adviceOf("tencent-sms", "AuthFailure.SignatureFailure").zh).toContain("密钥");
    expect(adviceOf("email", "smtp_535").zh).toContain("授权码");
    expect(adviceOf("email", "42").en).toBe(
      "Look the code 42 up in the vendor's documents, and compare cloud/src/notifiers/email/README.md.",
    );
  });
});

describe("the command", () => {
  let folder: string;
  let wecom: FakeWecom;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gengfu-notify-"));
    wecom = await startFakeWecom();
    writeFileSync(
      join(folder, "site.yaml"),
      "{ id: court, name: Court, gateways: [{ id: main, name: Main, secret: s }], devices: [{ id: tank, name: Tank, secret: s, measures: [{ kind: level }] }] }",
    );
    writeFileSync(
      join(folder, "cloud.yaml"),
      `{ data: data, sites: [site.yaml], tokens: [{ name: wall, token: long-enough }], notifications: { wecom_bot: { url: "${wecom.url}" } } }`,
    );
  });
  afterEach(async () => {
    await wecom.stop();
    rmSync(folder, { recursive: true });
  });

  const notify = async (...args: string[]): Promise<{ code: number; said: string }> => {
    try {
      const { stdout } = await run(process.execPath, [join(import.meta.dirname, "..", "notify.ts"), ...args]);
      return { code: 0, said: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, said: stdout + stderr };
    }
  };

  it("ends with 0 when the vendor took it, 2 when not, 1 when nothing could be tried", async () => {
    const file = join(folder, "cloud.yaml");
    expect(await notify("test", "--config", file)).toMatchObject({
      code: 0,
      said: expect.stringContaining("✓ wecom-bot"),
    });
    expect(wecom.requests[0]?.content).toContain("这是一条测试消息，无需处理。");
    wecom.respondWith({ errcode: 93000, errmsg: "invalid webhook url" });
    expect(await notify("test", "--config", file)).toMatchObject({ code: 2, said: expect.stringContaining("93000") });
    expect(await notify("send", "--config", file)).toMatchObject({
      code: 1,
      said: expect.stringContaining("npm run notify"),
    });
    expect(await notify("test", "--config", join(folder, "none.yaml"))).toMatchObject({ code: 1 });
  }, 60_000);
});

describe("the README's sample", () => {
  it("is a configuration, and shows the defaults", () => {
    const sample = readSample(import.meta.dirname, "", notificationSettings);
    expect(sample).toEqual(notificationSettings.parse({}));
  });
});
