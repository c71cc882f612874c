import type dysmsapi from "@alicloud/dysmsapi20170525";
import type openApi from "@alicloud/openapi-core";
import { createRequire } from "node:module";
import { messageOf } from "@gengfu/shared/errors";
import type { Awaited, Channel, Delivery, Message, Receipt } from "../channel.ts";
import type { AliyunSmsSettings } from "./settings.ts";
import { standardVariables, templateParams } from "./variables.ts";

// the SDK is CommonJS with a `default` of its own, which importers unwrap differently; required, it is what it says
const require = createRequire(import.meta.url);
const {
  default: Client,
  QuerySendDetailsRequest,
  SendSmsRequest,
} = require("@alicloud/dysmsapi20170525") as typeof dysmsapi;
const { $OpenApiUtil } = require("@alicloud/openapi-core") as typeof openApi;

type SmsClient = InstanceType<typeof Client>;

/** The stage around the notifier has its own limit; these keep sockets from outliving it for long. */
const connectTimeout_ms = 5_000;
const readTimeout_ms = 10_000;

/** Beyond it the vendor refuses a number for a template: https://help.aliyun.com/zh/sms/user-guide/configure-sms-throttling */
const budget = { messages: 50, window_ms: 86_400_000 };

/** Refusals that pass by themselves, beside troubles of the platform (`isp.`) and throttling. */
const passing: Readonly<Record<string, { readonly retry_after_ms?: number }>> = {
  "isv.BUSINESS_LIMIT_CONTROL": {},
  "isv.DAY_LIMIT_CONTROL": { retry_after_ms: 600_000 },
  "isv.MONTH_LIMIT_CONTROL": { retry_after_ms: 600_000 },
  // someone may top the account up
  "isv.AMOUNT_NOT_ENOUGH": {},
  "isv.OUT_OF_SERVICE": {},
  InternalError: {},
  ServiceUnavailable: {},
};
const passingPattern = /^(Throttling|isp\.(?!RAM_PERMISSION_DENY))/;

/** Aliyun's short message service, one message to each person. Without settings it is not configured. */
export function createAliyunSms(settings: AliyunSmsSettings | undefined): Channel {
  const render = (message: Message): string => renderSms(settings, message);
  const common = { name: "aliyun-sms", audience: "people", concurrency: 4, budgets: [budget], render } as const;
  if (settings === undefined) return { ...common, notifier: null };
  const client = createClient(settings);
  return {
    ...common,
    notifier: {
      async send(message) {
        try {
          const { body } = await client.sendSms(requestFor(settings, message));
          return deliveryOf(body?.code, body?.message, body?.bizId);
        } catch (error) {
          return deliveryOfError(error);
        }
      },
    },
    receipts: { poll: (awaited, signal) => poll(client, awaited, signal) },
  };
}

function createClient(settings: AliyunSmsSettings): SmsClient {
  const { protocol, host } = parseEndpoint(settings.endpoint);
  return new Client(
    new $OpenApiUtil.Config({
      accessKeyId: settings.access_key_id,
      accessKeySecret: settings.access_key_secret,
      endpoint: host,
      protocol,
      connectTimeout: connectTimeout_ms,
      readTimeout: readTimeout_ms,
    }),
  );
}

/** `SendStatus` of QuerySendDetails; 1 is a message that is still on its way. */
const receiptStates: Readonly<Record<number, Receipt["state"]>> = { 2: "undelivered", 3: "delivered" };

/** What became of messages, one by one: the interface tells of one number and one message (BizId) at a time. */
async function poll(client: SmsClient, awaited: readonly Awaited[], signal: AbortSignal): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const { id, vendorId, phone, sentAt } of awaited) {
    if (signal.aborted) break;
    const { body } = await client.querySendDetails(
      new QuerySendDetailsRequest({
        phoneNumber: phone ?? "",
        bizId: vendorId,
        sendDate: vendorDate(sentAt),
        pageSize: 10,
        currentPage: 1,
      }),
    );
    const [detail] = body?.smsSendDetailDTOs?.smsSendDetailDTO ?? [];
    const state = receiptStates[detail?.sendStatus ?? 1];
    if (state !== undefined) receipts.push({ id, state, code: detail?.errCode ?? null });
  }
  return receipts;
}

/** The day on which it was sent by the vendor's clock, as yyyyMMdd. */
function vendorDate(at: number): string {
  const day = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO("Asia/Shanghai").toPlainDate();
  return day.toString().replaceAll("-", "");
}

function requestFor(settings: AliyunSmsSettings, message: Message): dysmsapi.SendSmsRequest {
  return new SendSmsRequest({
    phoneNumbers: message.target.phone ?? "",
    signName: settings.sign_name,
    templateCode: settings.template_code,
    templateParam: JSON.stringify(templateParams(settings.template_variables, message)),
    outId: message.alert,
  });
}

/** The request was answered 200; only the code `OK` means that the message was taken. */
function deliveryOf(code: string | undefined, detail: string | undefined, id?: string): Delivery {
  if (code === "OK") return { ok: true, ...(id === undefined ? {} : { id }) };
  if (code === undefined)
    return { ok: false, retryable: true, code: "no_code", detail: detail ?? "an answer without a code" };
  const known = passing[code] ?? (passingPattern.test(code) ? {} : undefined);
  return { ok: false, retryable: known !== undefined, code, detail: detail ?? "", ...known };
}

/** What the SDK throws: an answer with status 4xx or 5xx, or no answer at all. */
function deliveryOfError(error: unknown): Delivery {
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  if (typeof statusCode !== "number" || typeof code !== "string") {
    return { ok: false, retryable: true, code: "unreachable", detail: messageOf(error) };
  }
  const delivery = deliveryOf(code === "undefined" ? `http_${statusCode}` : code, messageOf(error));
  return delivery.ok || statusCode < 500 ? delivery : { ...delivery, retryable: true };
}

function parseEndpoint(endpoint: string): { protocol: string; host: string } {
  const url = new URL(endpoint.includes("://") ? endpoint : `https://${endpoint}`);
  return { protocol: url.protocol === "http:" ? "HTTP" : "HTTPS", host: url.host };
}

/** What goes out, as far as it is known here: the words around the variables are the approved template's. */
export function renderSms(settings: AliyunSmsSettings | undefined, message: Message): string {
  const variables = settings?.template_variables ?? standardVariables;
  return `【${settings?.sign_name ?? "更夫"}】${Object.values(templateParams(variables, message)).join("，")}`;
}
