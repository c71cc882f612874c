import { createHmac } from "node:crypto";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Channel, Delivery, Message } from "../channel.ts";
import { request } from "../http-post.ts";
import { plainText } from "../message-text.ts";
import type { WebhookSettings } from "./settings.ts";

/** Version of the body, which only grows. */
export const webhookVersion = 1;
const text_bytes_max = 8_000;

/** Posts messages as signed JSON to any receiver. Without settings it is not configured. */
export function createWebhook(settings: WebhookSettings | undefined, clock: Pick<Clock, "now">): Channel {
  return {
    name: "webhook",
    audience: "group",
    concurrency: 4,
    budgets: [],
    render: (message) => plainText(message, text_bytes_max),
    notifier:
      settings === undefined ? null : { send: (message, signal) => post(settings, message, clock.now(), signal) },
  };
}

async function post(
  { url, secret }: WebhookSettings,
  message: Message,
  now: number,
  signal: AbortSignal,
): Promise<Delivery> {
  const { alert, severity, about, site, name, where, text, advice, at, time } = message;
  const body = JSON.stringify({
    version: webhookVersion,
    alert,
    severity,
    about,
    site,
    name,
    where,
    text,
    advice,
    at,
    time,
  });
  const timestamp = Math.floor(now / 1_000);
  const headers = {
    "x-gengfu-delivery": `${alert}/${about}/${severity}`,
    "x-gengfu-timestamp": String(timestamp),
    "x-gengfu-signature": `sha256=${signWebhook(timestamp, body, secret)}`,
  };
  const answer = await request({ url, body, headers, now }, signal);
  return "ok" in answer ? answer : { ok: true };
}

/** HMAC-SHA256 in hex over the timestamp in seconds, a full stop and the body, under the secret. */
export function signWebhook(timestamp: number, body: string, secret: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
