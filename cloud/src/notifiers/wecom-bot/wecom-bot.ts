import type { Channel, Delivery, Message } from "../channel.ts";
import { deliveryOf, request } from "../http-post.ts";
import { cutToBytes, linesOf } from "../message-text.ts";
import type { WecomBotSettings } from "./settings.ts";

/** WeCom refuses markdown beyond this: https://developer.work.weixin.qq.com/document/path/91770 */
export const markdown_bytes_max = 4_096;
const window_ms = 60_000;

/**
 * `errcode`s that the same message will always get: invalid type, invalid argument, empty, too long, and a webhook that
 * is no more. Any other passes by itself, such as -1 (busy) and 45009 (too many in a minute).
 */
const final: ReadonlySet<number> = new Set([40008, 40035, 40058, 44004, 45002, 93000]);

/** The group bot of WeCom (企业微信群机器人). Without settings it is not configured. */
export function createWecomBot(settings: WecomBotSettings | undefined): Channel {
  return {
    name: "wecom-bot",
    audience: "group",
    concurrency: 2,
    budgets: settings === undefined ? [] : [{ messages: settings.per_minute, window_ms }],
    render: renderMarkdown,
    notifier: settings === undefined ? null : { send: (message, signal) => post(settings.url, message, signal) },
  };
}

async function post(url: string, message: Message, signal: AbortSignal): Promise<Delivery> {
  const body = JSON.stringify({ msgtype: "markdown", markdown: { content: renderMarkdown(message) } });
  const answer = await request({ url, body }, signal);
  return "ok" in answer ? answer : deliveryOf(answer.text, { codes: ["errcode"], details: ["errmsg"], final });
}

/** Chinese first, since that is what must be left when a long text is cut. */
export function renderMarkdown(message: Message): string {
  const colour = message.about === "cleared" ? "info" : message.severity === "info" ? "comment" : "warning";
  const title = (name: string): string => `**<font color="${colour}">${name}</font>**`;
  const lines = [...linesOf(message, "zh", title), "", ...linesOf(message, "en", title)];
  return cutToBytes(lines.join("\n"), markdown_bytes_max);
}
