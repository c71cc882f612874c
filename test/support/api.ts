import { IntervalSet, type Interval } from "@gengfu/shared/intervals";
import { z } from "zod";

/** The rows as interfaces promise them; what else stands in them is nobody's business here. */
const reading = z.object({
  gateway: z.string(),
  seq: z.int(),
  device: z.string(),
  channel: z.string().nullable(),
  kind: z.string(),
  at: z.int(),
  value: z.number().nullable(),
});
export type ReadingRow = z.output<typeof reading> & Readonly<Record<string, unknown>>;

const alert = z.object({
  id: z.string(),
  rule: z.string(),
  severity: z.string(),
  state: z.string(),
  device: z.string().nullable(),
  site: z.string(),
  raisedAt: z.int().nullable(),
  acknowledgedAt: z.int().nullable(),
  acknowledgedBy: z.string().nullable(),
  clearedAt: z.int().nullable(),
  message: z.string(),
});
export type AlertRow = z.output<typeof alert>;

const interval = z.tuple([z.int(), z.int()]);
const gateway = z.object({
  id: z.string(),
  connected: z.boolean(),
  backlog: z.int().nullable(),
  received: z.array(interval),
  missing: z.array(interval),
  unused: z.array(interval),
});
export type GatewayRow = z.output<typeof gateway>;

const quarantined = z.object({
  at: z.int(),
  device: z.string(),
  topic: z.string(),
  code: z.string(),
  message: z.string(),
  path: z.string(),
  payload: z.string(),
});
export type QuarantineRow = z.output<typeof quarantined>;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: unknown;
}

/** The numbers of a gateway's readings that are accounted for: received, or set apart when it died and not used. */
export function settledOf({ received, unused }: Pick<GatewayRow, "received" | "unused">): readonly Interval[] {
  return new IntervalSet([...received, ...unused]).intervals;
}

/** The API as a stranger's client sees it. */
export class Api {
  readonly #base: string;
  readonly #token: string | undefined;

  constructor(base: string, token: string | undefined) {
    this.#base = base;
    this.#token = token;
  }

  /** As in `http://127.0.0.1:8080/api/v1`. */
  get base(): string {
    return this.#base;
  }

  /** Any call, with whatever answer comes. */
  async call(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    return { status: response.status, type, body: /json/.test(type) ? (JSON.parse(text) as unknown) : text };
  }

  async readings(query = ""): Promise<ReadingRow[]> {
    return (await this.#get(`/readings${query}`, z.object({ readings: z.array(reading.loose()) }))).readings;
  }

  async alerts(query = ""): Promise<AlertRow[]> {
    return (await this.#get(`/alerts${query}`, z.object({ alerts: z.array(alert) }))).alerts;
  }

  async gateways(): Promise<GatewayRow[]> {
    return (await this.#get("/gateways", z.object({ gateways: z.array(gateway) }))).gateways;
  }

  async quarantine(): Promise<QuarantineRow[]> {
    return (await this.#get("/quarantine", z.object({ quarantine: z.array(quarantined) }))).quarantine;
  }

  async acknowledge(id: string, by: string, note = ""): Promise<AlertRow> {
    const { status, body } = await this.call("POST", `/alerts/${encodeURIComponent(id)}/acknowledge`, { by, note });
    if (status !== 200) throw new Error(`acknowledging answered ${status}: ${JSON.stringify(body)}`);
    return alert.parse(body);
  }

  async #get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
    const { status, body } = await this.call("GET", path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
    return schema.parse(body);
  }
}
