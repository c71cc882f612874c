import { messageOf } from "@gengfu/shared/errors";
import type { Text } from "@gengfu/shared/model/text";
import type { Channel, Delivery, Message } from "../channel.ts";
import type { WecomBotSettings } from "./settings.ts";

/** WeCom refuses markdown beyond this: https://developer.work.weixin.qq.com/document/path/91770 */
export const markdown_bytes_max = 4_096;
/** A bot takes 20 messages a minute. */
const budget = { messages: 20, window_ms: 60_000 };
const answer_bytes_max = 10_000;

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
    budgets: [budget],
    render: renderMarkdown,
    notifier: settings === undefined ? null : { send: (message, signal) => post(settings.url, message, signal) },
  };
}

async function post(url: string, message: Message, signal: AbortSignal): Promise<Delivery> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ msgtype: "markdown", markdown: { content: renderMarkdown(message) } }),
      redirect: "error",
      signal,
    });
    body = (await response.text()).slice(0, answer_bytes_max);
  } catch (error) {
    return { ok: false, retryable: true, code: "unreachable", detail: reasonOf(error) };
  }
  if (response.status !== 200) {
    const retryable = response.status >= 500 || response.status === 408 || response.status === 429;
    return { ok: false, retryable, code: `http_${response.status}`, detail: body };
  }
  return readAnswer(body);
}

/** WeCom answers 200 also when it refuses: only `errcode` 0 means that the message was taken. */
function readAnswer(body: string): Delivery {
  const answer = parse(body);
  if (typeof answer?.errcode !== "number") {
    return { ok: false, retryable: true, code: "no_errcode", detail: body };
  }
  if (answer.errcode === 0) return { ok: true };
  const detail = typeof answer.errmsg === "string" ? answer.errmsg : body;
  return { ok: false, retryable: !final.has(answer.errcode), code: String(answer.errcode), detail };
}

function parse(body: string): { readonly errcode?: unknown; readonly errmsg?: unknown } | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    // a proxy's page, say: what it said goes into the delivery's detail
    return undefined;
  }
}

/** fetch hides the reason in the cause; the address stays out, since it holds the bot's key. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error);
}

/** Chinese first, since that is what must be left when a long text is cut. */
export function renderMarkdown(message: Message): string {
  const colour = message.about === "cleared" ? "info" : message.severity === "info" ? "comment" : "warning";
  const part = (language: keyof Text, when: string, todo: string): string[] => [
    `**<font color="${colour}">${message.name[language]}</font>** ${message.site[language]}`,
    message.text[language],
    `${when}${message.time}`,
    ...(message.advice === null ? [] : [`${todo}${message.advice[language]}`]),
  ];
  const chinese = part("zh", "时间：", "处置：");
  const english = part("en", "Time: ", "What to do: ");
  return cutToBytes([...chinese, "", ...english].join("\n"), markdown_bytes_max);
}

/** The text, or as much of it as fits, never cut amid a character. */
export function cutToBytes(text: string, bytes_max: number): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= bytes_max) return text;
  const mark = Buffer.byteLength("…", "utf8");
  let end = bytes_max - mark;
  // bytes that go on with a character begin with the bits 10
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}
