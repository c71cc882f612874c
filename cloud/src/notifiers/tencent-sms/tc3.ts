import { createHash, createHmac } from "node:crypto";

export interface Tc3Request {
  readonly host: string;
  /** The vendor's name of the service, such as `sms`. */
  readonly service: string;
  readonly body: string;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

export interface Tc3Key {
  readonly id: string;
  readonly key: string;
}

export const tc3ContentType = "application/json; charset=utf-8";

/**
 * The `Authorization` of a POST to `/`, by TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/382/52067. The vendor's SDK
 * takes the service from the host's first label, and so can't be sent through a proxy; it also costs 30 MB of memory.
 */
export function signTc3({ host, service, body, timestamp }: Tc3Request, { id, key }: Tc3Key): string {
  const date = new Date(timestamp * 1_000).toISOString().slice(0, 10);
  const signed = "content-type;host";
  const headers = `content-type:${tc3ContentType}\nhost:${host}\n`;
  const scope = `${date}/${service}/tc3_request`;
  const canonical = ["POST", "/", "", headers, signed, sha256(body)].join("\n");
  const text = ["TC3-HMAC-SHA256", timestamp, scope, sha256(canonical)].join("\n");
  const signing = hmac(hmac(hmac(`TC3${key}`, date), service), "tc3_request");
  const signature = hmac(signing, text).toString("hex");
  return `TC3-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: string | Buffer, content: string): Buffer {
  return createHmac("sha256", key).update(content).digest();
}
