import { GengfuError } from "@gengfu/shared/errors";
import type { Clock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import { templateValues } from "../aliyun-sms/variables.ts";
import type { Awaited, Channel, Delivery, Message, Receipt } from "../channel.ts";
import { parseObject, request } from "../http-post.ts";
import type { TencentSmsSettings } from "./settings.ts";
import { signTc3, tc3ContentType } from "./tc3.ts";

/** Of one text to one number, and of all to one number in a day: https://cloud.tencent.com/document/product/382/13443 */
const budgets = [
  { messages: 1, window_ms: 30_000, equal: true },
  { messages: 50, window_ms: 86_400_000 },
] as const;
/** Statuses are looked for from so long before the message, since clocks differ. */
const before_ms = 300_000;

/** Refusals that pass by themselves, and how long they ask for patience. */
const passing: Readonly<Record<string, { readonly retry_after_ms?: number }>> = {
  "LimitExceeded.PhoneNumberThirtySecondLimit": { retry_after_ms: 30_000 },
  "LimitExceeded.PhoneNumberOneHourLimit": { retry_after_ms: 600_000 },
  "LimitExceeded.PhoneNumberDailyLimit": { retry_after_ms: 600_000 },
  "LimitExceeded.AppDailyLimit": { retry_after_ms: 600_000 },
  // someone may top the package up
  "FailedOperation.InsufficientBalanceInSmsPackage": {},
};
const passingPattern = /^(LimitExceeded|RequestLimitExceeded|InternalError|ResourceUnavailable)/;

/** What is read of answers; the interface tells more. */
const answers = {
  error: z.object({ Error: z.object({ Code: z.string(), Message: z.string() }) }),
  sent: z.object({
    SendStatusSet: z.array(z.object({ SerialNo: z.string(), Code: z.string(), Message: z.string() })).min(1),
  }),
  pulled: z.object({
    PullSmsSendStatusSet: z
      .array(z.object({ SerialNo: z.string(), ReportStatus: z.string(), Description: z.string() }))
      .nullish(),
  }),
};

type Failure = Extract<Delivery, { ok: false }>;
type WallClock = Pick<Clock, "now">;

/** Tencent Cloud's short message service, one message to each person. Without settings it is not configured. */
export function createTencentSms(settings: TencentSmsSettings | undefined, clock: WallClock): Channel {
  const render = (message: Message): string => renderSms(settings, message);
  const common = { name: "tencent-sms", audience: "people", concurrency: 4, budgets, render } as const;
  if (settings === undefined) return { ...common, notifier: null };
  const api = new SmsApi(settings, clock);
  return {
    ...common,
    notifier: { send: (message, signal) => send(api, settings, message, signal) },
    receipts: { poll: (awaited, signal) => poll(api, settings, awaited, signal) },
  };
}

/** API 3.0 of 2021-01-11. */
class SmsApi {
  readonly #settings: TencentSmsSettings;
  readonly #clock: WallClock;

  constructor(settings: TencentSmsSettings, clock: WallClock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The answer's `Response`, or why there is none. */
  async call(action: string, parameters: object, signal: AbortSignal): Promise<Record<string, unknown> | Failure> {
    const { base, region, secret_id: id, secret_key: key } = this.#settings;
    const body = JSON.stringify(parameters);
    const timestamp = Math.floor(this.#clock.now() / 1_000);
    const headers = {
      "content-type": tc3ContentType,
      authorization: signTc3({ host: new URL(base).host, service: "sms", body, timestamp }, { id, key }),
      "x-tc-action": action,
      "x-tc-version": "2021-01-11",
      "x-tc-region": region,
      "x-tc-timestamp": String(timestamp),
    };
    const answer = await request({ url: base, body, headers }, signal);
    if ("ok" in answer) return answer;
    const response = parseObject(answer.text)?.["Response"];
    if (typeof response !== "object" || response === null) return refusal(undefined, answer.text);
    const { data: failed } = answers.error.safeParse(response);
    return failed === undefined ? { ...response } : refusal(failed.Error.Code, failed.Error.Message);
  }
}

async function send(
  api: SmsApi,
  settings: TencentSmsSettings,
  message: Message,
  signal: AbortSignal,
): Promise<Delivery> {
  const parameters = {
    PhoneNumberSet: [message.target.phone ?? ""],
    SmsSdkAppId: settings.app_id,
    SignName: settings.sign_name,
    TemplateId: settings.template_id,
    TemplateParamSet: templateValues(settings.template_variables, message),
    SessionContext: message.alert,
  };
  const answer = await api.call("SendSms", parameters, signal);
  if (isFailure(answer)) return answer;
  // the request was taken; whether the message was stands with its number
  const [status] = answers.sent.safeParse(answer).data?.SendStatusSet ?? [];
  if (status?.Code !== "Ok") return refusal(status?.Code, status?.Message ?? "an answer without a status");
  return { ok: true, ...(status.SerialNo === "" ? {} : { id: status.SerialNo }) };
}

function isFailure(answer: Record<string, unknown> | Failure): answer is Failure {
  return answer["ok"] === false;
}

function refusal(code: string | undefined, detail: string): Failure {
  if (code === undefined) return { ok: false, retryable: true, code: "no_code", detail };
  const known = passing[code] ?? (passingPattern.test(code) ? {} : undefined);
  return { ok: false, retryable: known !== undefined, code, detail, ...known };
}

/**
 * What became of messages, number by number: this tells the same when it is asked again, unlike PullSmsSendStatus, which
 * tells each status once and so would lose it to a kill.
 */
async function poll(
  api: SmsApi,
  settings: TencentSmsSettings,
  awaited: readonly Awaited[],
  signal: AbortSignal,
): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const [phone, messages] of Map.groupBy(awaited, ({ phone: number }) => number ?? "")) {
    const earliest = Math.min(...messages.map(({ sentAt }) => sentAt));
    const parameters = {
      BeginTime: Math.floor((earliest - before_ms) / 1_000),
      Offset: 0,
      Limit: 100,
      PhoneNumber: /^\d{11}$/.test(phone) ? `+86${phone}` : phone,
      SmsSdkAppId: settings.app_id,
    };
    const answer = await api.call("PullSmsSendStatusByPhoneNumber", parameters, signal);
    if (isFailure(answer)) throw new GengfuError("channel_unavailable", `${answer.code}: ${answer.detail}`);
    const statuses = answers.pulled.safeParse(answer).data?.PullSmsSendStatusSet ?? [];
    for (const { id, vendorId } of messages) {
      const status = statuses.find(({ SerialNo }) => SerialNo === vendorId);
      if (status?.ReportStatus !== "SUCCESS" && status?.ReportStatus !== "FAIL") continue;
      const state = status.ReportStatus === "SUCCESS" ? "delivered" : "undelivered";
      receipts.push({ id, state, code: status.Description });
    }
  }
  return receipts;
}

/** What goes out, as far as it is known here: the words around the variables are the approved template's. */
function renderSms(settings: TencentSmsSettings | undefined, message: Message): string {
  const fields = settings?.template_variables ?? (["site", "where", "name", "time"] as const);
  return `【${settings?.sign_name ?? "更夫"}】${templateValues(fields, message).join("，")}`;
}
