import { createHmac } from "node:crypto";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Channel, Delivery, Message } from "../channel.ts";
import { deliveryOf, request } from "../http-post.ts";
import { plainText } from "../message-text.ts";
import type { FeishuBotSettings } from "./settings.ts";

/** Feishu refuses a request beyond 20 KB; what stands around the text, and its escapes, have their room, too. */
export const text_bytes_max = 8_000;
/** A bot takes 100 requests a minute and 5 a second. */
const budgets = [
  { messages: 100, window_ms: 60_000 },
  { messages: 5, window_ms: 1_000 },
] as const;

/**
 * Codes that the same message will always get: a bad request, a webhook that is no more, an address, a keyword or a signature
 * that the bot's security settings don't let through. Any other passes by itself, such as 11232 (too many).
 */
const final: ReadonlySet<number> = new Set([9499, 19001, 19002, 19021, 19022, 19024]);

/** The group bot of Feishu (飞书群机器人). Without settings it is not configured. */
export function createFeishuBot(settings: FeishuBotSettings | undefined, clock: Pick<Clock, "now">): Channel {
  return {
    name: "feishu-bot",
    audience: "group",
    concurrency: 2,
    budgets,
    render: renderText,
    notifier:
      settings === undefined ? null : { send: (message, signal) => post(settings, message, clock.now(), signal) },
  };
}

async function post(
  { url, secret }: FeishuBotSettings,
  message: Message,
  now: number,
  signal: AbortSignal,
): Promise<Delivery> {
  const timestamp = Math.floor(now / 1_000);
  const signature = secret === undefined ? {} : { timestamp: String(timestamp), sign: signFeishu(timestamp, secret) };
  const body = JSON.stringify({ ...signature, msg_type: "text", content: { text: renderText(message) } });
  const answer = await request({ url, body }, signal);
  if ("ok" in answer) return answer;
  return deliveryOf(answer.text, { codes: ["code", "StatusCode"], details: ["msg", "StatusMessage"], final });
}

/** The signature of the bot's security setting 签名校验: an empty text under a key made of both; `timestamp` in seconds. */
export function signFeishu(timestamp: number, secret: string): string {
  return createHmac("sha256", `${timestamp}\n${secret}`).digest("base64");
}

function renderText(message: Message): string {
  return plainText(message, text_bytes_max);
}
