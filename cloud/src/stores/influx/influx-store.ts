import { deviceKinds, kinds, type Detail, type Kind, type StoredReading } from "@gengfu/shared/model/reading";
import { readingsLimit } from "../store.ts";
import type { ReadingRow, ReadingsQuery, Rejection, SeriesPoint, SeriesQuery, Store, WriteResult } from "../store.ts";
import { InfluxClient, quoteName, quoteString, type InfluxRow } from "./influx-client.ts";
import { readingLine } from "./lines.ts";
import { writeApart } from "./refused-lines.ts";
import type { InfluxSettings } from "./settings.ts";
import type { SiteFacts } from "../../site-facts.ts";

export interface RejectedLine {
  readonly line: string;
  readonly reason: string;
}

/** Kinds that are points. */
const pointKinds: readonly Kind[] = [...deviceKinds, "state"];
/** Columns of a row that are no part of a reading's detail. */
const notDetail = new Set(["time", "site", "gateway", "device", "channel", "checkpoint", "seq", "value"]);

/**
 * InfluxDB as a store: 1.x, 2.x or 3.x, written in line protocol, asked in InfluxQL. What a point can't say (epoch,
 * receivedAt, clock) it gives back as null; kinds quarantine and gap are no points and not kept.
 */
export class InfluxStore implements Store {
  readonly #client: InfluxClient;
  readonly #facts: SiteFacts;

  constructor(settings: InfluxSettings, facts: SiteFacts) {
    this.#client = new InfluxClient(settings);
    this.#facts = facts;
  }

  async write(readings: readonly StoredReading[]): Promise<WriteResult> {
    const written: StoredReading[] = [];
    const lines: string[] = [];
    for (const reading of readings) {
      const line = readingLine(reading, this.#facts);
      if (line === undefined) continue;
      written.push(reading);
      lines.push(line);
    }
    const refused = await this.#writeLines(lines);
    const rejected: Rejection[] = [...refused].map(([index, reason]) => ({
      reading: written[index] as StoredReading,
      reason,
    }));
    return { rejected };
  }

  /** Writes points of other measurements, made by `alertLine` and `gatewayStatusLine`. Throws as `write` does. */
  async writeLines(lines: readonly string[]): Promise<RejectedLine[]> {
    const refused = await this.#writeLines(lines);
    return [...refused].map(([index, reason]) => ({ line: lines[index] as string, reason }));
  }

  async readings(query: ReadingsQuery): Promise<ReadingRow[]> {
    const limit = Math.min(query.limit ?? readingsLimit.standard, readingsLimit.max);
    const wanted = query.kind === undefined ? pointKinds : pointKinds.filter((kind) => kind === query.kind);
    const found = await Promise.all(
      wanted.map(async (kind) => {
        const rows = await this.#client.query(
          `SELECT * FROM ${quoteName(kind)}${this.#where(query)} ORDER BY time DESC LIMIT ${limit}`,
        );
        return rows.map((row) => readingOf(kind, row));
      }),
    );
    return found
      .flat()
      .sort((a, b) => b.at - a.at || b.seq - a.seq)
      .slice(0, limit);
  }

  async series({ kind, every, ...query }: SeriesQuery): Promise<SeriesPoint[]> {
    if (!kinds.includes(kind)) return [];
    const rows = await this.#client.query(
      `SELECT min("value") AS "min", mean("value") AS "mean", max("value") AS "max", count("value") AS "count"
       FROM ${quoteName(kind)}${this.#where(query)} GROUP BY time(${every}ms) fill(none) LIMIT ${readingsLimit.max}`,
    );
    return rows.map((row) => ({
      at: Number(row["time"]),
      min: Number(row["min"]),
      mean: Number(row["mean"]),
      max: Number(row["max"]),
      count: Number(row["count"]),
    }));
  }

  /** There is nothing to end: a request under way ends by its timeout. */
  async close(): Promise<void> {}

  /** The reasons of those that InfluxDB will never take, by index. */
  async #writeLines(lines: readonly string[]): Promise<Map<number, string>> {
    if (lines.length === 0) return new Map();
    const answer = await this.#client.write(lines);
    if (answer.kind === "stored") return new Map();
    // lines that are alike side by side: sorted, they are in order of measurement and tags
    const order = lines.map((_, index) => index).sort((a, b) => ((lines[a] as string) < (lines[b] as string) ? -1 : 1));
    const refused = await writeApart(
      order.map((index) => lines[index] as string),
      (part) => this.#client.write(part),
    );
    return new Map([...refused].map(([position, reason]) => [order[position] as number, reason]));
  }

  #where({ device, channel, from, to }: Pick<ReadingsQuery, "device" | "channel" | "from" | "to">): string {
    const sites = this.#facts.sites.map((site) => `"site" = ${quoteString(site)}`).join(" OR ");
    const terms = [`(${sites})`];
    if (device !== undefined) terms.push(`"device" = ${quoteString(device)}`);
    if (channel !== undefined) terms.push(`"channel" = ${quoteString(channel)}`);
    if (from !== undefined) terms.push(`time >= ${from}ms`);
    if (to !== undefined) terms.push(`time < ${to}ms`);
    return ` WHERE ${terms.join(" AND ")}`;
  }
}

function readingOf(kind: Kind, row: InfluxRow): ReadingRow {
  const detail = Object.entries(row).filter(([name, value]) => value !== null && !notDetail.has(name));
  const text = (name: string): string => String(row[name] ?? "");
  return {
    gateway: text("gateway"),
    epoch: null,
    seq: Number(row["seq"]),
    device: text("device"),
    kind,
    channel: text("channel") === "-" ? null : text("channel"),
    at: Number(row["time"]),
    receivedAt: null,
    clock: null,
    value: typeof row["value"] === "number" ? row["value"] : null,
    detail: detail.length === 0 ? null : (Object.fromEntries(detail) as Detail),
  };
}
