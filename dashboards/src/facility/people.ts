import { PanelBuilder as BarChartBuilder } from "@grafana/grafana-foundation-sdk/barchart";
import { VizOrientation } from "@grafana/grafana-foundation-sdk/common";
import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Site } from "@gengfu/shared/model/site";
import type { Placed } from "../facility.ts";
import { atSite, influxDatasource, inRange, ofDevice, series, table, where } from "../influx.ts";
import { seriesAlias, seriesOfKind } from "../names.ts";
import { bars, nameIds, nameSeries, namesOf, noData, rows, stat, unknownGuard } from "../panels.ts";
import { severityColours, severityNames } from "../severity.ts";
import { both, bothOf } from "../words.ts";
import { clockOf } from "./plant.ts";

const fortnight = "now-13d/d";

export function patrolPanels(site: Site): Placed[] {
  const perCheckpoint = bars(both("各点位每日打卡", "Taps per checkpoint and day"))
    .decimals(0)
    .timeFrom(fortnight)
    .withTarget(
      series(
        "A",
        `SELECT count("seq") FROM "tap" ${where(inRange, atSite, ofDevice)}
         GROUP BY time(1d), "checkpoint" fill(0) ${clockOf(site)}`,
        "$tag_checkpoint",
      ),
    );
  // the guard is a field, by which InfluxQL can't group: the taps are counted here
  const perGuard = new BarChartBuilder()
    .title(both("各保安打卡次数", "Taps per guard"))
    .datasource(influxDatasource)
    .noValue(noData)
    .decimals(0)
    .orientation(VizOrientation.Horizontal)
    .withTransformation({
      id: "groupBy",
      options: {
        fields: {
          guard_name: { aggregations: [], operation: "groupby" },
          seq: { aggregations: ["count"], operation: "aggregate" },
        },
      },
    })
    .overrideByName("guard_name", [{ id: "mappings", value: [unknownGuard] }])
    .overrideByName("seq (count)", [{ id: "displayName", value: both("打卡次数", "Taps") }])
    .withTarget(
      table(
        "A",
        `SELECT "guard_name", "seq" FROM "tap" ${where(inRange, atSite, ofDevice)} ORDER BY time DESC LIMIT 10000`,
      ),
    );
  const latest = rows(both("最近打卡", "Latest taps"))
    .withTransformation({
      id: "organize",
      options: {
        indexByName: { Time: 0, checkpoint: 1, guard_name: 2, card: 3, device: 4 },
        renameByName: {
          Time: both("时间", "Time"),
          checkpoint: both("点位", "Checkpoint"),
          guard_name: both("保安", "Guard"),
          card: both("卡号", "Card"),
          device: both("读卡器", "Reader"),
        },
      },
    })
    .overrideByName(both("点位", "Checkpoint"), [{ id: "mappings", value: [namesOf(site.checkpoints)] }])
    .overrideByName(both("保安", "Guard"), [{ id: "mappings", value: [unknownGuard] }])
    .overrideByName(both("读卡器", "Reader"), [{ id: "mappings", value: [namesOf(site.devices)] }])
    .withTarget(
      table(
        "A",
        `SELECT "checkpoint", "guard_name", "card", "device" FROM "tap" ${where(inRange, atSite, ofDevice)}
         ORDER BY time DESC LIMIT 100`,
      ),
    );
  return [
    { panel: nameIds(perCheckpoint, site.checkpoints), width: 12, height: 9 },
    { panel: perGuard, width: 12, height: 9 },
    { panel: latest, width: 24, height: 10 },
  ];
}

/**
 * The gate counts up for each boot, so the people of a stretch are the sum of its rises; a restart's fall is left out,
 * and with it at most what passed before the first reading after it.
 */
export function screeningPanels(site: Site): Placed[] {
  const gates = seriesOfKind(site, "count");
  const perDay = bars(both("每日安检人次", "People screened per day"))
    .decimals(0)
    .timeFrom(fortnight)
    .withTarget(series("A", people(`GROUP BY time(1d), "device", "channel" fill(0) ${clockOf(site)}`), seriesAlias));
  const perHour = bars(both("每小时安检人次", "People screened per hour"))
    .decimals(0)
    .withTarget(series("A", people(`GROUP BY time(1h), "device", "channel" fill(0) ${clockOf(site)}`), seriesAlias));
  const today = stat(both("今日安检人次", "People screened today"))
    .noValue("0")
    .decimals(0)
    .timeFrom("now/d")
    .withTarget(series("A", people('GROUP BY "device", "channel"'), seriesAlias));
  return [
    { panel: nameSeries(perDay, site, gates, { judged: false }), width: 10, height: 8 },
    { panel: nameSeries(perHour, site, gates, { judged: false }), width: 10, height: 8 },
    { panel: nameSeries(today, site, gates, { judged: false }), width: 4, height: 8 },
  ];
}

function people(grouping: string): string {
  return `SELECT sum("people") FROM
    (SELECT non_negative_difference("value") AS "people" FROM "count" ${where(inRange, atSite, ofDevice)}
     GROUP BY "device", "channel") ${where(inRange)} ${grouping}`;
}

export function alertPanels(): Placed[] {
  const severity = both("级别", "Severity");
  const latest = rows(both("最近告警变化", "Latest changes of alerts"))
    .timeFrom("7d")
    .withTransformation({
      id: "organize",
      options: {
        indexByName: { Time: 0, severity: 1, rule: 2, state: 3, value: 4, id: 5 },
        renameByName: {
          Time: both("时间", "Time"),
          severity,
          rule: both("规则", "Rule"),
          state: both("状态", "State"),
          value: both("数值", "Value"),
          id: both("编号", "Id"),
        },
      },
    })
    .overrideByName(severity, [
      {
        id: "mappings",
        value: [
          {
            type: MappingType.ValueToText,
            options: Object.fromEntries(
              (["critical", "warning", "info"] as const).map((one, index) => [
                one,
                { text: bothOf(severityNames[one]), color: severityColours[one], index },
              ]),
            ),
          },
        ],
      },
      { id: "custom.cellOptions", value: { type: "color-text" } },
    ])
    .withTarget(
      table(
        "A",
        `SELECT "severity", "rule", "state", "value", "id" FROM "alert" ${where(inRange)} ORDER BY time DESC LIMIT 200`,
      ),
    );
  return [{ panel: latest, width: 24, height: 9 }];
}
