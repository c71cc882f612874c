import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/dashboard";

/** The data source that provisioning/datasources/influxdb.yaml makes; panels name it by this uid. */
export const influxDatasource: DataSourceRef = { type: "influxdb", uid: "gengfu-influxdb" };

/**
 * A query of Grafana's InfluxDB data source in InfluxQL, as it stands in a dashboard's JSON: the foundation SDK has no
 * builder for it. One statement each, since Grafana reads only the first result of a response.
 */
export interface InfluxQuery extends Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef;
  readonly rawQuery: true;
  readonly query: string;
  readonly resultFormat: "time_series" | "table";
  /** Names a series; `$tag_device` and the like stand for tags, `$m` for the measurement. */
  readonly alias?: string;
}

/** A query whose rows become series, named by `alias`. */
export function series(refId: string, query: string, alias: string): Builder<Dataquery> {
  return builderOf({ ...common(refId, query), resultFormat: "time_series", alias });
}

/** A query whose rows stay rows. */
export function table(refId: string, query: string): Builder<Dataquery> {
  return builderOf({ ...common(refId, query), resultFormat: "table" });
}

/** What every query is narrowed by: the dashboard's time range and what the variables chose. */
export const inRange = "$timeFilter";
export const atSite = '"site" =~ /^$site$/';
export const ofDevice = '"device" =~ /^$device$/';

/** Only these values of a tag; the ids of the site file need no escaping in a regular expression. */
export function oneOf(tag: string, ids: readonly string[]): string {
  return `"${tag}" =~ /^(${ids.join("|")})$/`;
}

/** The parts of a WHERE clause, joined; an empty part is left out. */
export function where(...parts: readonly string[]): string {
  return `WHERE ${parts.filter((part) => part !== "").join(" AND ")}`;
}

function common(refId: string, query: string) {
  return {
    refId,
    datasource: influxDatasource,
    rawQuery: true,
    query: query.replaceAll(/\s+/g, " ").trim(),
    // the SDK's mark of a query: a function, so JSON leaves it out
    _implementsDataqueryVariant: () => undefined,
  } as const;
}

function builderOf(query: InfluxQuery): Builder<Dataquery> {
  return { build: () => query };
}
