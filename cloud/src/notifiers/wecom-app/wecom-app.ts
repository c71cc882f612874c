import type { Clock } from "@gengfu/shared/time/clock";
import type { Channel, Delivery, Message, Notifier } from "../channel.ts";
import { deliveryOf, parseObject, request } from "../http-post.ts";
import { plainText } from "../message-text.ts";
import type { WecomAppSettings } from "./settings.ts";

/** Of a text message: https://developer.work.weixin.qq.com/document/path/90236 */
export const text_bytes_max = 2_048;
/** An application may tell a member 30 times a minute and 1,000 times an hour; what is beyond is dropped without a word. */
const budgets = [
  { messages: 30, window_ms: 60_000 },
  { messages: 1_000, window_ms: 3_600_000 },
] as const;
/** A token is renewed so long before it ends. */
const renewBefore_ms = 60_000;
/** WeCom itself drops a message that comes again within so long, so that one that is sent again after a kill isn't seen twice. */
const duplicates_s = 1_800;

/** Token missing, invalid, expired. */
const tokenCodes: ReadonlySet<string> = new Set(["41001", "40014", "42001"]);
/** `errcode`s that the same message will always get; any other passes by itself, such as -1 (busy) and 45009 (too many). */
const final: ReadonlySet<number> = new Set([
  40001, 40003, 40008, 40013, 40035, 40056, 40058, 41011, 44004, 45002, 48002, 60011, 60020, 81013, 301002,
]);
const fields = { codes: ["errcode"], details: ["errmsg"], final };

type Failure = Extract<Delivery, { ok: false }>;

/** Messages of an application of WeCom (企业微信应用消息), one to each person. Without settings it is not configured. */
export function createWecomApp(settings: WecomAppSettings | undefined, clock: Pick<Clock, "monotonic">): Channel {
  return {
    name: "wecom-app",
    audience: "people",
    concurrency: 2,
    budgets,
    render: (message) => plainText(message, text_bytes_max),
    notifier: settings === undefined ? null : new WecomApp(settings, clock),
  };
}

class WecomApp implements Notifier {
  readonly #settings: WecomAppSettings;
  readonly #clock: Pick<Clock, "monotonic">;
  #token: { readonly value: string; readonly until: number } | undefined;
  /** Those who need a token at the same time wait for the same one. */
  #asking: Promise<string | Failure> | undefined;

  constructor(settings: WecomAppSettings, clock: Pick<Clock, "monotonic">) {
    this.#settings = settings;
    this.#clock = clock;
  }

  async send(message: Message, signal: AbortSignal): Promise<Delivery> {
    const user = this.#settings.users[message.target.id];
    if (user === undefined) {
      return { ok: false, retryable: false, code: "no_user", detail: `users has no one for ${message.target.id}` };
    }
    const first = await this.#sendTo(user, message, signal);
    if (first.ok || !tokenCodes.has(first.code)) return first;
    // tokens also end before their time; with a new one the very same message may pass
    this.#token = undefined;
    return this.#sendTo(user, message, signal);
  }

  async #sendTo(user: string, message: Message, signal: AbortSignal): Promise<Delivery> {
    const token = await this.#tokenOf(signal);
    if (typeof token !== "string") return token;
    const url = new URL("/cgi-bin/message/send", this.#settings.base);
    url.searchParams.set("access_token", token);
    const body = JSON.stringify({
      touser: user,
      msgtype: "text",
      agentid: this.#settings.agent_id,
      text: { content: plainText(message, text_bytes_max) },
      enable_duplicate_check: 1,
      duplicate_check_interval: duplicates_s,
    });
    const answer = await request({ url, body }, signal);
    if ("ok" in answer) return answer;
    const delivery = deliveryOf(answer.text, fields);
    const { invaliduser, unlicenseduser, msgid } = parseObject(answer.text) ?? {};
    if (!delivery.ok) return delivery;
    // taken, and yet for nobody
    const nobody = [invaliduser, unlicenseduser].find((list) => typeof list === "string" && list !== "");
    if (nobody !== undefined) {
      return { ok: false, retryable: false, code: "invaliduser", detail: `WeCom knows no licensed user ${user}` };
    }
    return { ok: true, ...(typeof msgid === "string" ? { id: msgid } : {}) };
  }

  async #tokenOf(signal: AbortSignal): Promise<string | Failure> {
    if (this.#token !== undefined && this.#clock.monotonic() < this.#token.until) return this.#token.value;
    this.#asking ??= this.#askToken(signal).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askToken(signal: AbortSignal): Promise<string | Failure> {
    const { base, corp_id, corp_secret } = this.#settings;
    const url = new URL("/cgi-bin/gettoken", base);
    url.searchParams.set("corpid", corp_id);
    url.searchParams.set("corpsecret", corp_secret);
    const answer = await request({ url, method: "GET" }, signal);
    if ("ok" in answer) return answer;
    const delivery = deliveryOf(answer.text, fields);
    if (!delivery.ok) return delivery;
    const { access_token, expires_in } = parseObject(answer.text) ?? {};
    if (typeof access_token !== "string" || typeof expires_in !== "number") {
      return { ok: false, retryable: true, code: "no_token", detail: "the answer has no access_token" };
    }
    this.#token = { value: access_token, until: this.#clock.monotonic() + expires_in * 1_000 - renewBefore_ms };
    return access_token;
  }
}
