import { messageOf } from "@gengfu/shared/errors";
import type { Delivery } from "./channel.ts";

const answer_bytes_max = 10_000;
/** A server may ask for patience; beyond this it is asked again all the same. */
const retryAfter_max_ms = 3_600_000;

type Failure = Extract<Delivery, { ok: false }>;

export interface HttpRequest {
  readonly url: string | URL;
  readonly method?: "GET" | "POST";
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Epoch milliseconds; only to read a `Retry-After` that is a date. */
  readonly now?: number;
}

/** One request. What was answered with 2xx is returned as text; all else is a failure. Never throws. */
export async function request(
  { url, method = "POST", body, headers, now = 0 }: HttpRequest,
  signal: AbortSignal,
): Promise<{ readonly text: string } | Failure> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }), ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: "error",
      signal,
    });
    text = (await response.text()).slice(0, answer_bytes_max);
  } catch (error) {
    return { ok: false, retryable: true, code: "unreachable", detail: reasonOf(error) };
  }
  const { status } = response;
  if (response.ok) return { text };
  const retryable = status >= 500 || status === 408 || status === 429;
  const asked_ms = retryable ? retryAfterOf(response.headers.get("retry-after"), now) : undefined;
  return {
    ok: false,
    retryable,
    code: `http_${status}`,
    detail: text,
    ...(asked_ms === undefined ? {} : { retry_after_ms: asked_ms }),
  };
}

/** A JSON object; undefined for anything else, such as a proxy's page. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === "object" && answer !== null && !Array.isArray(answer) ? { ...answer } : undefined;
  } catch {
    // what it said instead goes into the delivery's detail
    return undefined;
  }
}

/**
 * Vendors answer 200 also when they refuse: only code 0 means that the message was taken. `final` are the codes that the same
 * message will always get; any other passes by itself.
 */
export function deliveryOf(
  text: string,
  {
    codes,
    details,
    final,
    retryAfter = {},
  }: {
    /** Fields that may hold the code; the first that is there counts. */
    readonly codes: readonly string[];
    readonly details: readonly string[];
    readonly final: ReadonlySet<number>;
    /** Codes after which to leave the vendor alone, in milliseconds. */
    readonly retryAfter?: Readonly<Record<number, number>>;
  },
): Delivery {
  const answer = parseObject(text) ?? {};
  const code = codes.map((name) => answer[name]).find((value) => typeof value === "number");
  if (code === undefined) return { ok: false, retryable: true, code: "no_errcode", detail: text };
  if (code === 0) return { ok: true };
  const detail = details.map((name) => answer[name]).find((value) => typeof value === "string") ?? text;
  const wait_ms = retryAfter[code];
  return {
    ok: false,
    retryable: !final.has(code),
    code: String(code),
    detail,
    ...(wait_ms === undefined ? {} : { retry_after_ms: wait_ms }),
  };
}

/** fetch hides the reason in the cause; the address stays out, since it may hold a key. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error);
}

/** Seconds or a date, by RFC 9110, 10.2.3. */
function retryAfterOf(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const wait_ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(wait_ms) || wait_ms <= 0 ? undefined : Math.min(wait_ms, retryAfter_max_ms);
}
