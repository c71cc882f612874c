import { createHmac } from "node:crypto";
import type { Clock } from "@gengfu/shared/time/clock";
import type { Channel, Delivery, Message } from "../channel.ts";
import { deliveryOf, request } from "../http-post.ts";
import { cutToBytes, linesOf, titleOf } from "../message-text.ts";
import type { DingtalkBotSettings } from "./settings.ts";

/** DingTalk refuses a message beyond 20,000 bytes; what stands around the text has its room, too. */
export const markdown_bytes_max = 16_000;
/** A bot takes 20 messages a minute; beyond it, it is refused for ten minutes. */
const budget = { messages: 20, window_ms: 60_000 };
const refusedFor_ms = 600_000;

/**
 * `errcode`s that the same message will always get: no JSON, wrong type of content, the group or the bot is no more, a type
 * or a content that isn't taken, and what the bot's security settings don't let through (310000).
 */
const final: ReadonlySet<number> = new Set([
  40035, 43004, 300001, 300005, 310000, 400013, 400101, 400102, 400105, 400106, 430101, 430102, 430103, 430104,
]);

/** The group bot of DingTalk (钉钉群机器人). Without settings it is not configured. */
export function createDingtalkBot(settings: DingtalkBotSettings | undefined, clock: Pick<Clock, "now">): Channel {
  return {
    name: "dingtalk-bot",
    audience: "group",
    concurrency: 2,
    budgets: [budget],
    render: renderMarkdown,
    notifier:
      settings === undefined ? null : { send: (message, signal) => post(settings, message, clock.now(), signal) },
  };
}

async function post(
  settings: DingtalkBotSettings,
  message: Message,
  now: number,
  signal: AbortSignal,
): Promise<Delivery> {
  const url = new URL(settings.url);
  if (settings.secret !== undefined) {
    url.searchParams.set("timestamp", String(now));
    url.searchParams.set("sign", signDingtalk(now, settings.secret));
  }
  const markdown = { title: titleOf(message), text: renderMarkdown(message) };
  const answer = await request({ url, body: JSON.stringify({ msgtype: "markdown", markdown }) }, signal);
  if ("ok" in answer) return answer;
  const retryAfter = { 130101: refusedFor_ms, 410100: refusedFor_ms };
  return deliveryOf(answer.text, { codes: ["errcode"], details: ["errmsg"], final, retryAfter });
}

/** The signature of the bot's security setting 加签, before it is encoded for an address; `timestamp` in milliseconds. */
export function signDingtalk(timestamp: number, secret: string): string {
  return createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
}

/** A line of DingTalk's markdown ends where an empty one follows. */
function renderMarkdown(message: Message): string {
  const title = (name: string): string => `**${name}**`;
  const lines = [...linesOf(message, "zh", title), "---", ...linesOf(message, "en", title)];
  return cutToBytes(lines.join("\n\n"), markdown_bytes_max);
}
