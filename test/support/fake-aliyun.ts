import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface AliyunRequest {
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
  readonly action: string | null;
  readonly version: string | null;
  readonly phoneNumbers: string | null;
  readonly signName: string | null;
  readonly templateCode: string | null;
  readonly templateParam: Readonly<Record<string, unknown>>;
  readonly outId: string | null;
  readonly accessKeyId: string;
}

/** A question what became of a message. */
export interface AliyunQuery {
  readonly phoneNumber: string | null;
  readonly bizId: string | null;
  readonly sendDate: string | null;
}

export interface AliyunAnswer {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly delay_ms?: number;
  /** What else stands in the answer. */
  readonly body?: object;
}

export interface FakeAliyun {
  /** An endpoint, as a configuration takes it: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The calls that were well-formed and well signed, also those that were then refused. */
  readonly requests: readonly AliyunRequest[];
  /** What QuerySendDetails was asked. */
  readonly queries: readonly AliyunQuery[];
  /** What became of each message by its BizId: 1 on its way, 2 failed, 3 delivered. */
  readonly fates: Map<string, { readonly sendStatus: number; readonly errCode: string }>;
  /** How the next ones are answered, one answer for each; the last stays. */
  respondWith(...answers: readonly AliyunAnswer[]): void;
  stop(): Promise<void>;
}

/**
 * Aliyun's `SendSms` and `QuerySendDetails`: RPC calls whose parameters stand in the query or in a form, signed with ACS3-HMAC-SHA256. A wrong
 * signature or a missing parameter is refused as the vendor does.
 */
export async function startFakeAliyun(
  { accessKeyId, accessKeySecret } = { accessKeyId: "demo-id", accessKeySecret: "demo-secret" },
): Promise<FakeAliyun> {
  const requests: AliyunRequest[] = [];
  const queries: AliyunQuery[] = [];
  const fates: FakeAliyun["fates"] = new Map();
  let answers: AliyunAnswer[] = [{}];
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status = 200, code = "OK", message = code, delay_ms = 0, body = { BizId: "900619746936498440^0" } }) => {
        const send = (): void => {
          response.writeHead(status, { "content-type": "application/json;charset=utf-8" });
          response.end(JSON.stringify({ RequestId: "fake", Message: message, Code: code, ...body }));
        };
        if (delay_ms === 0) send();
        else setTimeout(send, delay_ms).unref();
      },
    );
  });

  async function answer(request: IncomingMessage): Promise<AliyunAnswer> {
    const at = performance.now();
    const { searchParams } = new URL(request.url ?? "/", "http://aliyun");
    const body = await text(request);
    const refused = checkSignature(request, searchParams, body, accessKeyId, accessKeySecret);
    if (refused !== undefined) return refused;
    const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
    const parameters = new Map([...searchParams, ...(form ? new URLSearchParams(body) : [])]);
    const header = (name: string): string | null => request.headers[name]?.toString() ?? null;
    const parameter = (name: string): string | null => parameters.get(name) ?? null;
    const action = header("x-acs-action") ?? parameter("Action");
    if (action === "QuerySendDetails") return details(parameter);
    if (action !== "SendSms") return { status: 404, code: "InvalidAction.NotFound" };
    for (const name of ["PhoneNumbers", "SignName", "TemplateCode"]) {
      if (!parameters.get(name)) return { status: 400, code: `Missing${name}`, message: `${name} is mandatory` };
    }
    const templateParam = parseParam(parameter("TemplateParam"));
    if (templateParam === undefined) return { code: "isv.INVALID_JSON_PARAM" };
    requests.push({
      at,
      action,
      version: header("x-acs-version") ?? parameter("Version"),
      phoneNumbers: parameter("PhoneNumbers"),
      signName: parameter("SignName"),
      templateCode: parameter("TemplateCode"),
      templateParam,
      outId: parameter("OutId"),
      accessKeyId,
    });
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  }

  function details(parameter: (name: string) => string | null): AliyunAnswer {
    for (const name of ["PhoneNumber", "SendDate", "PageSize", "CurrentPage"]) {
      if (!parameter(name)) return { status: 400, code: `Missing${name}`, message: `${name} is mandatory` };
    }
    const [phoneNumber, bizId, sendDate] = [parameter("PhoneNumber"), parameter("BizId"), parameter("SendDate")];
    queries.push({ phoneNumber, bizId, sendDate });
    const fate = fates.get(bizId ?? "");
    const detail = { PhoneNum: phoneNumber, SendStatus: fate?.sendStatus ?? 1, ErrCode: fate?.errCode ?? "" };
    return { body: { TotalCount: "1", SmsSendDetailDTOs: { SmsSendDetailDTO: [detail] } } };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    accessKeyId,
    accessKeySecret,
    requests,
    queries,
    fates,
    respondWith: (...next) => (answers = [...next]),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parseParam(json: string | null): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json ?? "{}");
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    // answered as the vendor answers it
    return undefined;
  }
}

/** ACS3-HMAC-SHA256, as the vendor describes it; undefined where the signature is right. */
function checkSignature(
  request: IncomingMessage,
  query: URLSearchParams,
  body: string,
  accessKeyId: string,
  accessKeySecret: string,
): AliyunAnswer | undefined {
  const match = /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? "",
  );
  if (match === null) return { status: 400, code: "MissingAuthorization" };
  const [, id, signedHeaders = "", signature] = match;
  if (id !== accessKeyId) return { status: 404, code: "InvalidAccessKeyId.NotFound" };
  const hash = (content: string): string => createHash("sha256").update(content).digest("hex");
  const canonicalQuery = [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join("&");
  const headers = signedHeaders.split(";").map((name) => `${name}:${request.headers[name]?.toString().trim() ?? ""}\n`);
  const canonical = [request.method, "/", canonicalQuery, headers.join(""), signedHeaders, hash(body)].join("\n");
  const expected = createHmac("sha256", accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
    .digest("hex");
  return signature === expected ? undefined : { status: 400, code: "SignatureDoesNotMatch" };
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
