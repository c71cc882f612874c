import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeAliyun, type FakeAliyun } from "../../../../test/support/fake-aliyun.ts";
import type { Delivery } from "../channel.ts";
import { fireMessage } from "../fixture.ts";
import { readSample } from "../readme-sample.ts";
import { createAliyunSms } from "./aliyun-sms.ts";
import { aliyunSmsSettings } from "./settings.ts";

const never = new AbortController().signal;

describe("Aliyun SMS", () => {
  let aliyun: FakeAliyun;
  beforeEach(async () => {
    aliyun = await startFakeAliyun();
  });
  afterEach(() => aliyun.stop());

  const settingsFor = (about: object = {}) =>
    aliyunSmsSettings.parse({
      endpoint: aliyun.url,
      access_key_id: aliyun.accessKeyId,
      access_key_secret: aliyun.accessKeySecret,
      sign_name: "更夫",
      template_code: "SMS_123456789",
      ...about,
    });
  const send = (about: object = {}): Promise<Delivery> | undefined =>
    createAliyunSms(settingsFor(about)).notifier?.send(fireMessage(), never);

  it("calls SendSms, signed, with the template's variables", async () => {
    expect(await send()).toEqual({ ok: true, id: "900619746936498440^0" });
    expect(aliyun.requests).toHaveLength(1);
    expect(aliyun.requests[0]).toMatchObject({
      action: "SendSms",
      version: "2017-05-25",
      phoneNumbers: "13800000000",
      signName: "更夫",
      templateCode: "SMS_123456789",
      templateParam: { site: "伊通县人民法院", where: "消防控制主机", alert: "火警/Fire", time: "01-01 08:00" },
      outId: "0123456789abcdef",
    });
  });

  it.each([
    ["isv.BUSINESS_LIMIT_CONTROL", true],
    ["isv.DAY_LIMIT_CONTROL", true],
    ["isp.SYSTEM_ERROR", true],
    ["isp.RAM_PERMISSION_DENY", false],
    ["isv.SMS_TEMPLATE_ILLEGAL", false],
    ["isv.MOBILE_NUMBER_ILLEGAL", false],
  ])("takes %s, answered with 200, for a refusal; worth another try: %s", async (code, retryable) => {
    aliyun.respondWith({ code });
    expect(await send()).toMatchObject({ ok: false, retryable, code });
  });

  it.each([
    [400, "Throttling.User", true],
    [400, "InvalidParameter", false],
    [503, "ServiceUnavailable", true],
    [500, "Whatever", true],
  ])("takes status %i with %s for a refusal; worth another try: %s", async (status, code, retryable) => {
    aliyun.respondWith({ status, code });
    expect(await send()).toMatchObject({ ok: false, retryable, code });
  });

  it("is refused for good with a wrong secret", async () => {
    expect(await send({ access_key_secret: "wrong" })).toMatchObject({
      ok: false,
      retryable: false,
      code: "SignatureDoesNotMatch",
    });
    expect(aliyun.requests).toHaveLength(0);
  });

  // https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-querysenddetails
  it("tells what became of messages by QuerySendDetails, and nothing of those on their way", async () => {
    aliyun.fates.set("a^0", { sendStatus: 3, errCode: "DELIVERED" });
    aliyun.fates.set("b^0", { sendStatus: 2, errCode: "MK:0001" });
    // by the vendor's clock it is the second already
    const sentAt = Date.UTC(2026, 0, 1, 17);
    const awaited = ["a^0", "b^0", "c^0"].map((vendorId, id) => ({ id, vendorId, phone: "13800000000", sentAt }));
    expect(await createAliyunSms(settingsFor()).receipts?.poll(awaited, never)).toEqual([
      { id: 0, state: "delivered", code: "DELIVERED" },
      { id: 1, state: "undelivered", code: "MK:0001" },
    ]);
    expect(aliyun.queries[0]).toEqual({ phoneNumber: "13800000000", bizId: "a^0", sendDate: "20260102" });
  });

  it("takes the endpoint as a bare host, too", async () => {
    // nobody speaks TLS there: what matters is that it was tried, and is worth another try
    expect(await send({ endpoint: aliyun.url.replace("http://", "") })).toMatchObject({ ok: false, retryable: true });
    expect(aliyun.requests).toHaveLength(0);
  });

  it("is worth another try when nobody listens", async () => {
    const notifier = createAliyunSms(settingsFor()).notifier;
    await aliyun.stop();
    expect(await notifier?.send(fireMessage(), never)).toMatchObject({
      ok: false,
      retryable: true,
      code: "unreachable",
    });
  });

  it("is not configured without settings, and still says what it would send", () => {
    const sms = createAliyunSms(undefined);
    expect(sms.notifier).toBeNull();
    expect(sms.render(fireMessage())).toBe("【更夫】伊通县人民法院，消防控制主机，火警/Fire，01-01 08:00");
  });
});

it("the README's sample is a configuration", () => {
  const names = ["ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SIGN_NAME", "TEMPLATE_CODE"];
  const env = Object.fromEntries(names.map((name) => [`ALIYUN_SMS_${name}`, name.toLowerCase()]));
  expect(readSample(import.meta.dirname, "aliyun_sms", aliyunSmsSettings, env)).toMatchObject({
    access_key_id: "access_key_id",
    template_variables: { site: "site", where: "where", alert: "name", time: "time" },
    endpoint: "dysmsapi.aliyuncs.com",
  });
});
