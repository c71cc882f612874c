import { createHmac } from "node:crypto";
import { bodyOf, inTurn, startVendorServer, type VendorAnswer, type VendorServer } from "./vendor-server.ts";

export interface FakeBot extends VendorServer {
  /** A webhook, as a configuration takes it. */
  readonly webhook: string;
  /** The bodies of the messages that were let through to the group, also those that were then refused. */
  readonly messages: readonly Record<string, unknown>[];
  /** How the next ones are answered; the last stays. */
  respondWith(...answers: readonly VendorAnswer[]): void;
}

interface Options {
  /** The secret of the bot's security setting; without it none is asked for. */
  readonly secret?: string;
  readonly now: () => number;
}

/** The group bot of DingTalk: the signature stands in the address, its timestamp in milliseconds, within an hour. */
export async function startFakeDingtalk({ secret, now }: Options): Promise<FakeBot> {
  return startBot("/robot/send?access_token=demo", ({ query, body }) => {
    if (query.get("access_token") !== "demo") return refused(300005, "token is not exist");
    const timestamp = query.get("timestamp");
    if (secret !== undefined) {
      const sign = createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
      if (query.get("sign") !== sign) return refused(310000, "sign not match");
      if (Math.abs(Number(timestamp) - now()) > 3_600_000) return refused(310000, "invalid timestamp");
    }
    const message = bodyOf(body);
    if (message === undefined) return refused(40035, "缺少参数 json");
    if (message["msgtype"] !== "markdown" && message["msgtype"] !== "text") return refused(400105, "不支持的消息类型");
    return { message, taken: { errcode: 0, errmsg: "ok" } };
  });
  function refused(errcode: number, errmsg: string): { body: object } {
    return { body: { errcode, errmsg } };
  }
}

/** The group bot of Feishu: the signature stands in the body, its timestamp in seconds, within an hour. */
export async function startFakeFeishu({ secret, now }: Options): Promise<FakeBot> {
  return startBot("/open-apis/bot/v2/hook/demo", ({ path, body }) => {
    if (!path.endsWith("/demo")) return refused(19001, "param invalid: incoming webhook access token invalid");
    const message = bodyOf(body);
    if (message === undefined) return refused(9499, "Bad Request");
    if (secret !== undefined) {
      const { timestamp, sign } = message;
      const expected = createHmac("sha256", `${String(timestamp)}\n${secret}`).digest("base64");
      if (sign !== expected || Math.abs(Number(timestamp) * 1_000 - now()) > 3_600_000) {
        return refused(19021, "sign match fail or timestamp is not within one hour from current time");
      }
    }
    const { msg_type, content } = message;
    if (msg_type !== "text" || typeof (content as { text?: unknown } | undefined)?.text !== "string") {
      return refused(9499, "Bad Request");
    }
    return { message, taken: { StatusCode: 0, StatusMessage: "success", code: 0, data: {}, msg: "success" } };
  });
  function refused(code: number, msg: string): { body: object } {
    return { body: { code, msg, data: {} } };
  }
}

async function startBot(
  webhook: string,
  judge: (
    request: Parameters<Parameters<typeof startVendorServer>[0]>[0],
  ) => { readonly body: object } | { readonly message: Record<string, unknown>; readonly taken: object },
): Promise<FakeBot> {
  const messages: Record<string, unknown>[] = [];
  let next = inTurn<VendorAnswer>([]);
  const server = await startVendorServer((request) => {
    const verdict = judge(request);
    if ("body" in verdict) return verdict;
    messages.push(verdict.message);
    return next() ?? { body: verdict.taken };
  });
  return {
    ...server,
    webhook: `${server.url}${webhook}`,
    messages,
    respondWith: (...answers) => (next = inTurn(answers)),
  };
}
