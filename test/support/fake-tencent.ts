import { createHash, createHmac } from "node:crypto";
import { bodyOf, inTurn, startVendorServer, type VendorRequest, type VendorServer } from "./vendor-server.ts";

export interface TencentAnswer {
  /** The number's own code; `Ok` where it was taken. */
  readonly code?: string;
  /** Of the whole request: then there are no codes of numbers. */
  readonly error?: string;
}

export interface FakeTencent extends VendorServer {
  readonly secretId: string;
  readonly secretKey: string;
  /** Well-signed SendSms. */
  readonly requests: readonly Record<string, unknown>[];
  /** Well-signed PullSmsSendStatusByPhoneNumber. */
  readonly pulls: readonly Record<string, unknown>[];
  /** What became of messages, by SerialNo. */
  readonly fates: Map<string, { readonly status: "SUCCESS" | "FAIL"; readonly description: string }>;
  /** How the next ones are answered; the last stays. */
  respondWith(...answers: readonly TencentAnswer[]): void;
}

/** Tencent Cloud's SMS, API 3.0 of 2021-01-11: JSON signed with TC3-HMAC-SHA256. */
export async function startFakeTencent(): Promise<FakeTencent> {
  const [secretId, secretKey] = ["demo-id", "demo-key"];
  const requests: Record<string, unknown>[] = [];
  const pulls: Record<string, unknown>[] = [];
  const fates: FakeTencent["fates"] = new Map();
  let next = inTurn<TencentAnswer>([]);
  const error = (code: string): object => ({ Response: { Error: { Code: code, Message: code }, RequestId: "fake" } });
  const server = await startVendorServer((request) => {
    const refused = checkSignature(request, secretId, secretKey);
    if (refused !== undefined) return { body: error(refused) };
    const { "x-tc-action": action, "x-tc-version": version } = request.headers;
    const parameters = bodyOf(request.body);
    if (version !== "2021-01-11" || parameters === undefined) return { body: error("InvalidParameter") };
    if (action === "PullSmsSendStatusByPhoneNumber") {
      pulls.push(parameters);
      const set = [...fates].map(([SerialNo, { status, description }]) => ({
        SerialNo,
        PhoneNumber: parameters["PhoneNumber"],
        ReportStatus: status,
        Description: description,
      }));
      return { body: { Response: { PullSmsSendStatusSet: set, RequestId: "fake" } } };
    }
    if (action !== "SendSms") return { body: error("InvalidAction") };
    for (const name of ["PhoneNumberSet", "SmsSdkAppId", "TemplateId"]) {
      if (!(name in parameters)) return { body: error("MissingParameter") };
    }
    requests.push(parameters);
    const { code = "Ok", error: whole } = next() ?? {};
    if (whole !== undefined) return { body: error(whole) };
    const [PhoneNumber] = parameters["PhoneNumberSet"] as string[];
    const SerialNo = code === "Ok" ? `5000:${requests.length}` : "";
    const status = { SerialNo, PhoneNumber, Fee: Number(code === "Ok"), SessionContext: "", Code: code, Message: code };
    return { body: { Response: { SendStatusSet: [status], RequestId: "fake" } } };
  });
  return {
    ...server,
    secretId,
    secretKey,
    requests,
    pulls,
    fates,
    respondWith: (...answers) => (next = inTurn(answers)),
  };
}

/** TC3-HMAC-SHA256, as the vendor describes it: https://cloud.tencent.com/document/api/382/52067 */
function checkSignature({ method, headers, body }: VendorRequest, id: string, key: string): string | undefined {
  const match =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/(\d{4}-\d\d-\d\d)\/sms\/tc3_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (match === null) return "AuthFailure.InvalidAuthorization";
  const [, sentId, date = "", signedHeaders = "", signature] = match;
  if (sentId !== id) return "AuthFailure.SecretIdNotFound";
  const sha = (content: string): string => createHash("sha256").update(content).digest("hex");
  const hmac = (secret: string | Buffer, content: string): Buffer =>
    createHmac("sha256", secret).update(content).digest();
  const lines = signedHeaders.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, "/", "", lines.join(""), signedHeaders, sha(body)].join("\n");
  const timestamp = String(headers["x-tc-timestamp"]);
  const text = ["TC3-HMAC-SHA256", timestamp, `${date}/sms/tc3_request`, sha(canonical)].join("\n");
  const signing = hmac(hmac(hmac(`TC3${key}`, date), "sms"), "tc3_request");
  return signature === hmac(signing, text).toString("hex") ? undefined : "AuthFailure.SignatureFailure";
}
