import { ManualClock } from "@gengfu/shared/time/clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeTencent, type FakeTencent } from "../../../../test/support/fake-tencent.ts";
import type { Channel, Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { tencentSmsSettings } from "./settings.ts";
import { createTencentSms } from "./tencent-sms.ts";

const never = new AbortController().signal;

// requests, answers and codes: https://cloud.tencent.com/document/api/382/55981 and /55976 (2021-01-11)
describe("Tencent SMS", () => {
  let tencent: FakeTencent;
  beforeEach(async () => {
    tencent = await startFakeTencent();
  });
  afterEach(() => tencent.stop());

  const open = (about: object = {}): Channel =>
    createTencentSms(
      tencentSmsSettings.parse({
        secret_id: tencent.secretId,
        secret_key: tencent.secretKey,
        app_id: 1400006666,
        sign_name: "更夫",
        template_id: 1110,
        base: tencent.url,
        ...about,
      }),
      new ManualClock(),
    );
  const send = async (about: object = {}): Promise<Delivery | undefined> =>
    open(about).notifier?.send(fireMessage(), never);

  it("calls SendSms, signed, with the template's variables in their order", async () => {
    expect(await send()).toEqual({ ok: true, id: "5000:1" });
    expect(tencent.requests).toEqual([
      {
        PhoneNumberSet: ["13800000000"],
        SmsSdkAppId: "1400006666",
        SignName: "更夫",
        TemplateId: "1110",
        TemplateParamSet: ["伊通县人民法院", "消防控制主机", "火警/Fire", "01-01 08:00"],
        SessionContext: "0123456789abcdef",
      },
    ]);
  });

  it.each([
    ["LimitExceeded.PhoneNumberThirtySecondLimit", true],
    ["LimitExceeded.DeliveryFrequencyLimit", true],
    ["FailedOperation.InsufficientBalanceInSmsPackage", true],
    ["FailedOperation.PhoneNumberInBlacklist", false],
    ["FailedOperation.SignatureIncorrectOrUnapproved", false],
    ["InvalidParameterValue.IncorrectPhoneNumber", false],
  ])("takes %s of the number for a refusal; worth another try: %s", async (code, retryable) => {
    tencent.respondWith({ code });
    expect(await send()).toMatchObject({ ok: false, retryable, code });
  });

  it.each([
    ["InternalError.Timeout", true],
    ["RequestLimitExceeded", true],
    ["UnauthorizedOperation.SdkAppIdIsDisabled", false],
  ])("takes the error %s of the request for a refusal; worth another try: %s", async (error, retryable) => {
    tencent.respondWith({ error });
    expect(await send()).toMatchObject({ ok: false, retryable, code: error });
  });

  it("is refused for good with a wrong key", async () => {
    expect(await send({ secret_key: "wrong" })).toMatchObject({
      retryable: false,
      code: "AuthFailure.SignatureFailure",
    });
  });

  it("is worth another try when nobody listens", async () => {
    await tencent.stop();
    expect(await send()).toMatchObject({ ok: false, retryable: true, code: "unreachable" });
  });

  it("tells what became of messages, by number, and nothing of those on their way", async () => {
    tencent.fates.set("5000:1", { status: "SUCCESS", description: "DELIVRD" });
    tencent.fates.set("5000:2", { status: "FAIL", description: "UNDELIV" });
    const sentAt = Date.UTC(2026, 0, 1);
    const awaited = ["5000:1", "5000:2", "5000:3"].map((vendorId, id) => ({
      id,
      vendorId,
      phone: "13800000000",
      sentAt,
    }));
    expect(await open().receipts?.poll(awaited, never)).toEqual([
      { id: 0, state: "delivered", code: "DELIVRD" },
      { id: 1, state: "undelivered", code: "UNDELIV" },
    ]);
    expect(tencent.pulls).toMatchObject([{ PhoneNumber: "+8613800000000", SmsSdkAppId: "1400006666", Offset: 0 }]);
  });

  it("is not configured without settings, and still says what it would send", () => {
    const channel = createTencentSms(undefined, new ManualClock());
    expect(channel.notifier).toBeNull();
    expect(channel.render(fireMessage())).toBe("【更夫】伊通县人民法院，消防控制主机，火警/Fire，01-01 08:00");
  });

  it("has a README whose sample is a configuration", () => {
    const names = { SECRET_ID: "i", SECRET_KEY: "k", APP_ID: "1400006666", SIGN_NAME: "更夫", TEMPLATE_ID: "1110" };
    const env = Object.fromEntries(Object.entries(names).map(([name, value]) => [`TENCENT_SMS_${name}`, value]));
    expect(readSample(import.meta.dirname, "tencent_sms", tencentSmsSettings, env)).toMatchObject({
      app_id: "1400006666",
      template_variables: ["site", "where", "name", "time"],
    });
  });
});
