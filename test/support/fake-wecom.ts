import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface WecomRequest {
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
  /** The key in the webhook's address. */
  readonly key: string | null;
  readonly msgtype: string;
  readonly content: string;
}

export interface WecomAnswer {
  readonly status?: number;
  readonly errcode?: number;
  readonly errmsg?: string;
  /** Sent as it is, instead of WeCom's JSON. */
  readonly body?: string;
  readonly delay_ms?: number;
}

export interface FakeWecom {
  /** A webhook, as a configuration takes it. */
  readonly url: string;
  /** The messages that came, also those that were then refused. */
  readonly requests: readonly WecomRequest[];
  /** How the next ones are answered, one answer for each; the last stays. */
  respondWith(...answers: readonly WecomAnswer[]): void;
  stop(): Promise<void>;
}

const limits = { text: 2_048, markdown: 4_096 } as const;

/** WeCom's group bot: takes `text` and `markdown` within their lengths, and answers 200 with an `errcode`. */
export async function startFakeWecom(): Promise<FakeWecom> {
  const requests: WecomRequest[] = [];
  let answers: WecomAnswer[] = [{}];
  const server = createServer((request, response) => {
    void answer(request).then(({ status = 200, body, errcode = 0, errmsg = "ok", delay_ms = 0 }) => {
      const send = (): void => {
        response.writeHead(status, { "content-type": "application/json; charset=UTF-8" });
        response.end(body ?? JSON.stringify({ errcode, errmsg }));
      };
      if (delay_ms === 0) send();
      else setTimeout(send, delay_ms).unref();
    });
  });

  async function answer(request: IncomingMessage): Promise<WecomAnswer> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://wecom");
    const at = performance.now();
    const body = await text(request);
    if (request.method !== "POST" || pathname !== "/cgi-bin/webhook/send") return { status: 404, body: "not found" };
    let message: { msgtype?: unknown; text?: { content?: unknown }; markdown?: { content?: unknown } };
    try {
      message = JSON.parse(body) as typeof message;
    } catch {
      // what WeCom says to a body that is no JSON
      return { errcode: 47001, errmsg: "data format error" };
    }
    const { msgtype } = message;
    if (msgtype !== "text" && msgtype !== "markdown") return { errcode: 40008, errmsg: "invalid message type" };
    const content = message[msgtype]?.content;
    if (typeof content !== "string" || content === "") return { errcode: 44004, errmsg: "empty content" };
    if (Buffer.byteLength(content) > limits[msgtype])
      return { errcode: 40058, errmsg: `${msgtype}.content exceed max length` };
    requests.push({ at, key: searchParams.get("key"), msgtype, content });
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/cgi-bin/webhook/send?key=demo`,
    requests,
    respondWith: (...next) => (answers = [...next]),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
