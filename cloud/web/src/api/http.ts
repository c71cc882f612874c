import { Fields } from "./decode.ts";

/** Why a call to the service failed, as far as someone at the screen can act on it. */
export const failures = [
  "unreachable",
  "timeout",
  "unauthorised",
  "forbidden",
  "invalid",
  "not_found",
  "conflict",
  "too_many",
  "server",
] as const;
export type Failure = (typeof failures)[number];

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly failure: Failure;
  /** What the service itself said (RFC 9457 `detail`), for the one who looks closer. */
  readonly detail: string | null;

  constructor(failure: Failure, detail: string | null, cause?: unknown) {
    super(detail ?? failure, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.detail = detail;
  }
}

export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | null>>;
  readonly signal?: AbortSignal;
  readonly timeout_ms?: number;
}

export interface Http {
  /** The answer's JSON, undefined where it has no body. Throws ApiError, or the signal's reason where the caller aborted. */
  call(path: string, call?: Call): Promise<unknown>;
}

export interface HttpOptions {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly base: string;
  /** Told the service's clock (the `Date` header, epoch milliseconds, whole seconds) with each answer. */
  readonly onServerTime?: (at: number) => void;
}

const timeout_ms_standard = 10_000;

export function createHttp({ fetch, base, onServerTime }: HttpOptions): Http {
  return {
    async call(path, { method = "GET", body, query, signal, timeout_ms = timeout_ms_standard } = {}) {
      const timeout = AbortSignal.timeout(timeout_ms);
      const ended = signal === undefined ? timeout : either(signal, timeout);
      let response: Response;
      let content: string;
      try {
        response = await fetch(base + path + queryOf(query), {
          method,
          credentials: "same-origin",
          cache: "no-store",
          headers: {
            accept: "application/json",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          signal: ended,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        content = await response.text();
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw new ApiError(timeout.aborted ? "timeout" : "unreachable", null, error);
      }
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) onServerTime?.(date);
      const answer = parse(content);
      if (!response.ok) throw new ApiError(failureOf(response.status), detailOf(answer));
      if (answer === undefined && content !== "") throw new ApiError("server", "the answer is not JSON");
      return answer;
    },
  };
}

export function failureOf(status: number): Failure {
  switch (status) {
    case 401:
      return "unauthorised";
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 429:
      return "too_many";
    default:
      return status >= 400 && status < 500 ? "invalid" : "server";
  }
}

/** `AbortSignal.any` came to Safari with 17.4 only. */
function either(first: AbortSignal, second: AbortSignal): AbortSignal {
  const controller = new AbortController();
  for (const signal of [first, second]) {
    if (signal.aborted) controller.abort(signal.reason);
    else
      signal.addEventListener("abort", () => controller.abort(signal.reason), {
        once: true,
        signal: controller.signal,
      });
  }
  return controller.signal;
}

function queryOf(query: Call["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]): [string, string][] =>
    value === null ? [] : [[key, String(value)]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function parse(content: string): unknown {
  if (content === "") return undefined;
  try {
    return JSON.parse(content);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function detailOf(problem: unknown): string | null {
  const fields = new Fields(problem);
  return fields.text("detail") ?? fields.text("title");
}
