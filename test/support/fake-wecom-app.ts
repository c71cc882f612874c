import { bodyOf, inTurn, startVendorServer, type VendorAnswer, type VendorServer } from "./vendor-server.ts";

export interface FakeWecomApp extends VendorServer {
  readonly corpId: string;
  readonly corpSecret: string;
  /** Messages that came with a token that is good, also those that were then refused. */
  readonly messages: readonly Record<string, unknown>[];
  /** How often a token was asked for. */
  readonly tokens: number;
  /** From now on tokens that were given before are answered with this errcode: 42001 expired, 40014 invalid. */
  revoke(errcode: 40014 | 42001): void;
  /** How the next messages are answered; the last stays. */
  respondWith(...answers: readonly VendorAnswer[]): void;
}

/** `gettoken` and `message/send` of an application of WeCom; it knows the user `WangQiang` only. */
export async function startFakeWecomApp(): Promise<FakeWecomApp> {
  const [corpId, corpSecret] = ["ww-demo", "demo-secret"];
  const messages: Record<string, unknown>[] = [];
  let tokens = 0;
  let revoked: { readonly upTo: number; readonly errcode: number } = { upTo: 0, errcode: 40014 };
  let next = inTurn<VendorAnswer>([]);
  const said = (errcode: number, errmsg: string, more: object = {}): VendorAnswer => ({
    body: { errcode, errmsg, ...more },
  });
  const server = await startVendorServer(({ method, path, query, body }) => {
    if (method === "GET" && path === "/cgi-bin/gettoken") {
      if (query.get("corpid") !== corpId) return said(40013, "invalid corpid");
      if (query.get("corpsecret") !== corpSecret) return said(40001, "invalid credential");
      tokens++;
      return said(0, "ok", { access_token: `token-${tokens}`, expires_in: 7_200 });
    }
    if (method !== "POST" || path !== "/cgi-bin/message/send") return { status: 404, body: "not found" };
    const token = /^token-(\d+)$/.exec(query.get("access_token") ?? "");
    if (token === null) return said(41001, "access_token missing");
    if (Number(token[1]) <= revoked.upTo) return said(revoked.errcode, "invalid access_token");
    const message = bodyOf(body);
    if (message === undefined) return said(47001, "data format error");
    const content = (message["text"] as { content?: unknown } | undefined)?.content;
    if (message["msgtype"] !== "text" || typeof content !== "string") return said(40008, "invalid message type");
    if (typeof message["agentid"] !== "number") return said(40056, "invalid agentid");
    messages.push(message);
    const answer = next();
    if (answer !== undefined) return answer;
    if (message["touser"] !== "WangQiang") return said(0, "ok", { invaliduser: message["touser"], msgid: "m" });
    return said(0, "ok", { invaliduser: "", invalidparty: "", invalidtag: "", msgid: `msg-${messages.length}` });
  });
  return {
    ...server,
    corpId,
    corpSecret,
    messages,
    get tokens() {
      return tokens;
    },
    revoke: (errcode) => (revoked = { upTo: tokens, errcode }),
    respondWith: (...answers) => (next = inTurn(answers)),
  };
}
