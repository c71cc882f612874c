import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { InfluxQuery } from "./influx.ts";

/** A query of a panel, with what Grafana would run it under. */
export interface PanelQuery {
  readonly panel: string;
  readonly query: InfluxQuery;
  /** The panel's own relative time range, such as `90d`, `now/d` or `now-13d/d`; else the dashboard's. */
  readonly range: string;
}

/** Every query of every panel, in the order of the screen. */
export function queriesOf(dashboard: Dashboard): PanelQuery[] {
  return panelsOf(dashboard).flatMap((panel) =>
    (panel.targets ?? []).filter(isInfluxQuery).map((query) => ({
      panel: panel.title ?? "",
      query,
      range: panel.timeFrom ?? dashboard.time?.from ?? "now-6h",
    })),
  );
}

/** The panels that show something: all but the headings of rows. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).flatMap((panel) => (panel.type === "row" ? [] : [panel as Panel]));
}

function isInfluxQuery(query: object): query is InfluxQuery {
  return "query" in query && "rawQuery" in query;
}

export interface Choice {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** As Grafana derives it from the range and the panel's width, such as `5m`. */
  readonly interval: string;
  /** A chosen value of each variable; `.*` for all. */
  readonly variables: Readonly<Record<"site" | "device", string>>;
}

/** The statement that Grafana sends: macros and variables replaced as its InfluxDB data source does. */
export function statementOf({ query }: InfluxQuery, { from, to, interval, variables }: Choice): string {
  return query
    .replaceAll("$timeFilter", `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll("$__interval", interval)
    .replaceAll(/\$(site|device)\b/g, (_, name: "site" | "device") => variables[name]);
}

const unit_ms: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Where a relative range begins, epoch milliseconds: `90d` or `now-90d` ago, `/d` at midnight of the zone before that.
 */
export function startOf(range: string, now: number, timeZone: string): number {
  const match = /^(?:now)?-?(?:(\d+)([mhd]))?(\/d)?$/.exec(range);
  if (match === null) throw new RangeError(`no relative range: ${range}`);
  const ago = now - Number(match[1] ?? 0) * (unit_ms[match[2] ?? "m"] ?? 0);
  if (match[3] === undefined) return ago;
  return Temporal.Instant.fromEpochMilliseconds(ago).toZonedDateTimeISO(timeZone).startOfDay().epochMilliseconds;
}
