import { HttpError, InfluxDB } from "@influxdata/influxdb-client";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import type { InfluxSettings } from "./settings.ts";

/** What InfluxDB made of some lines. Where it refused, those that were good may be stored or not. */
export type WriteAnswer =
  | { readonly kind: "stored" }
  | { readonly kind: "refused"; readonly reason: string; readonly dropped: number | undefined };

export type InfluxValue = string | number | boolean | null;
export type InfluxRow = Readonly<Record<string, InfluxValue>>;

/** Answers that are about the lines and not about the server: too large, malformed, or in conflict with what is there. */
const aboutTheLines = new Set([400, 413, 422]);
const reasonLength_max = 500;

const remedies: Readonly<Record<number, string>> = {
  401: "it doesn't accept the token or password: correct `token`, or `username` and `password`",
  403: "the user or token may not write there: grant it the right to write",
  404: "it has no such database, bucket or organisation: create it, or correct `database`, or `bucket` and `org`",
};

/** InfluxDB's two doors: line protocol in, InfluxQL out. Of its retries and buffers none is used: the log has both. */
export class InfluxClient {
  readonly #settings: InfluxSettings;
  readonly #influx: InfluxDB;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(settings: InfluxSettings) {
    const { url, token, username, password, timeout } = settings;
    this.#settings = settings;
    // 1.x takes a user by Basic only; what the client calls a token gets 401 there
    this.#headers =
      username === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
    this.#influx = new InfluxDB({
      url,
      timeout,
      headers: { ...this.#headers },
      ...(token === undefined ? {} : { token }),
    });
    if (token !== undefined) this.#headers = { authorization: `Token ${token}` };
  }

  /** Throws GengfuError `store_unavailable` where nothing is known about the lines. */
  async write(lines: readonly string[]): Promise<WriteAnswer> {
    const answer = await this.#send(lines);
    if (answer !== "no database") return answer;
    await this.#createDatabase();
    const second = await this.#send(lines);
    if (second !== "no database") return second;
    throw unavailable(404, `database ${this.#settings.database} not found, though it was just made`, undefined);
  }

  /** Rows of a query in InfluxQL, times in epoch milliseconds. Throws `store_unavailable` or `store_rejected`. */
  async query(q: string): Promise<InfluxRow[]> {
    const { url, database, bucket, retention_policy, timeout } = this.#settings;
    const body = new URLSearchParams({ q, epoch: "ms", db: database ?? bucket ?? "" });
    if (retention_policy !== undefined) body.set("rp", retention_policy);
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${url.replace(/\/$/, "")}/query`, {
        method: "POST",
        body,
        headers: this.#headers,
        signal: AbortSignal.timeout(timeout),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw unavailable(undefined, messageOf(error), error);
    }
    const answer = parseAnswer(text);
    if (status === 400) throw rejected(answer.error ?? text);
    if (status !== 200) throw unavailable(status, answer.error ?? text, undefined);
    return (answer.results ?? []).flatMap(({ error, series = [] }) => {
      if (error?.startsWith("database not found") === true) return [];
      if (error !== undefined) throw rejected(error);
      return series.flatMap(({ columns, values = [] }) =>
        values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]))),
      );
    });
  }

  async #send(lines: readonly string[]): Promise<WriteAnswer | "no database"> {
    const { database, retention_policy, org = "", bucket = "" } = this.#settings;
    const api = this.#influx.getWriteApi(org, bucket, "ns", {
      batchSize: lines.length + 1,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      flushInterval: 0,
      maxRetries: 0,
      // the error is ours to handle; without this the client prints it
      async writeFailed(error) {
        throw error;
      },
    });
    if (database !== undefined) {
      const policy = retention_policy === undefined ? "" : `&rp=${encodeURIComponent(retention_policy)}`;
      api.path = `/write?db=${encodeURIComponent(database)}${policy}&precision=ns`;
    }
    try {
      api.writeRecords([...lines]);
      await api.flush();
      return { kind: "stored" };
    } catch (error) {
      if (!(error instanceof HttpError)) throw unavailable(undefined, messageOf(error), error);
      const reason = reasonOf(error);
      if (error.statusCode === 404 && database !== undefined && /database not found/i.test(reason))
        return "no database";
      if (!aboutTheLines.has(error.statusCode)) throw unavailable(error.statusCode, reason, error);
      const dropped = /\bdropped=(\d+)/.exec(reason)?.[1];
      return { kind: "refused", reason, dropped: dropped === undefined ? undefined : Number(dropped) };
    } finally {
      await api.close();
    }
  }

  async #createDatabase(): Promise<void> {
    await this.query(`CREATE DATABASE ${quoteName(this.#settings.database ?? "")}`);
  }
}

/** A name in InfluxQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}"`;
}

/** A string in InfluxQL. */
export function quoteString(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`)}'`;
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values?: readonly (readonly InfluxValue[])[];
    }[];
  }[];
}

function parseAnswer(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    // a proxy's page, or an answer that broke off; whoever reads the error sees it as it is
    return { error: text };
  }
}

function reasonOf(error: HttpError): string {
  return (error.message || error.body || error.statusMessage || "no reason given").slice(0, reasonLength_max);
}

function unavailable(status: number | undefined, reason: string, cause: unknown): GengfuError {
  const remedy = status === undefined ? undefined : remedies[status];
  const short = reason.trim().slice(0, reasonLength_max);
  const message =
    status === undefined
      ? `InfluxDB can't be reached: ${short}`
      : `InfluxDB answered ${status}${remedy === undefined ? "" : `, ${remedy}`} (${short})`;
  return new GengfuError("store_unavailable", message, { cause, retryable: true, context: { status, remedy } });
}

function rejected(reason: string): GengfuError {
  return new GengfuError("store_rejected", `InfluxDB refused a query: ${reason.slice(0, reasonLength_max)}`);
}
