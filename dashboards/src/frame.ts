import {
  type Dashboard,
  type DashboardBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { influxDatasource } from "./influx.ts";
import { both } from "./words.ts";

/** The sites that have written anything; all of them unless some are chosen. */
export function siteVariable(): QueryVariableBuilder {
  return tagVariable("site", both("站点", "Site"), 'SHOW TAG VALUES WITH KEY = "site"');
}

/** The devices of the chosen sites. */
export function deviceVariable(): QueryVariableBuilder {
  return tagVariable("device", both("设备", "Device"), 'SHOW TAG VALUES WITH KEY = "device" WHERE "site" =~ /^$site$/');
}

function tagVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(influxDatasource)
    .query({ query, refId: "InfluxVariableQueryEditor-VariableQuery" })
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

/** The finished dashboard; panels are numbered in their order, so that links to one of them stay good. */
export function finish(builder: DashboardBuilder): Dashboard {
  const dashboard = builder.build();
  let next = 1;
  for (const panel of dashboard.panels ?? []) panel.id = next++;
  return dashboard;
}
