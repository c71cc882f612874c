import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  type Panel,
  TimePickerBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as BarGaugeBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import { Celsius, Kilopascals, Meter } from "@grafana/grafana-foundation-sdk/units";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "./figures.ts";
import { atSite, influxDatasource, inRange, oneOf, series, table, where } from "./influx.ts";
import { idsOfType, labelOf, type NamedSeries, seriesAlias, seriesOfKind } from "./names.ts";
import { severityColours, severityNames } from "./severity.ts";
import { byThresholds, columns, mapping, nameIds, nameSeries, noData, thresholds, tile, wallText } from "./panels.ts";
import { finish, siteVariable } from "./frame.ts";
import { alarmOf, colours } from "./thresholds.ts";
import { both, bothOf } from "./words.ts";

type Tile = Builder<Panel> & { height(h: number): unknown; span(w: number): unknown };

/** How long a state stands until something new says otherwise: contacts and alerts report changes, not repeats. */
const standing = "90d";
/** A gateway's status older than this is no status. */
const fresh = "10m";

/**
 * The client's wall: the state of the fire panel, open alerts, tanks, boilers, patrol and the data path on one 1080p
 * screen without scrolling (28 rows of the grid), in values large enough to read from five metres.
 */
export function wallDashboard(site: Site, figures: Figures): Dashboard {
  const builder = new DashboardBuilder(both("更夫大屏", "Gengfu wall"))
    .uid("gengfu-wall")
    .description(
      both(
        "值班大屏：五米外可读，十秒刷新。",
        "For the wall display: legible at five metres, refreshed every ten seconds.",
      ),
    )
    .tags(["gengfu", "wall"])
    .timezone(site.time_zone)
    .time({ from: "now-24h", to: "now" })
    .refresh("10s")
    .timepicker(new TimePickerBuilder().hidden(true).refreshIntervals(["10s", "30s", "1m"]))
    .readonly()
    .withVariable(siteVariable());
  line(builder, 7, fireTiles(site));
  line(builder, 6, [
    ...(["critical", "warning", "info"] as const).map(alertTile),
    gatewayTile(site),
    lastSeenTile(site),
  ]);
  line(builder, 8, [tankGauge(site), boilerTiles(site), pressureTiles(site)], [10, 8, 6]);
  line(builder, 6, [tapsTile(), checkpointsTile(site), peopleTile(), backlogTile(site, figures)]);
  return finish(builder);
}

/** Adds one line of panels that fills the grid's width: evenly, unless widths are given. */
function line(builder: DashboardBuilder, height: number, tiles: readonly Tile[], widths?: readonly number[]): void {
  const even = Math.floor(columns / tiles.length);
  tiles.forEach((one, index) => {
    const last = index === tiles.length - 1;
    one.height(height);
    one.span(widths?.[index] ?? (last ? columns - even * index : even));
    builder.withPanel(one);
  });
}

function fireTiles(site: Site): Tile[] {
  const contacts = seriesOfKind(site, "contact", "fire_panel");
  return [...contacts.map((contact) => contactTile(site, contact)), linkTile(site)];
}

/** One contact, one tile: a contact that never reported must show as such, and not be absent. */
function contactTile(site: Site, contact: NamedSeries): Tile {
  const { value, severity } = alarmOf(site, contact);
  const quiet = { text: both("正常", "Normal"), color: colours.good };
  const alarm = { text: contact.name, color: severity === "critical" ? colours.bad : colours.watch };
  const channel = contact.channel ?? "-";
  return tile(contact.name)
    .mappings([value === 1 ? mapping(quiet, alarm) : mapping(alarm, quiet)])
    .thresholds(thresholds([{ value: null, color: colours.unknown }]))
    .timeFrom(standing)
    .hideTimeOverride(true)
    .overrideByName(labelOf(contact), [{ id: "displayName", value: contact.name }])
    .withTarget(
      series(
        "A",
        `SELECT last("value") FROM "contact"
         ${where(inRange, atSite, oneOf("device", [contact.device]), oneOf("channel", [channel]))}
         GROUP BY "device", "channel"`,
        seriesAlias,
      ),
    );
}

/** Whether the panel's own device is online: a contact is only as good as its line. */
function linkTile(site: Site): Tile {
  const panels = idsOfType(site, "fire_panel");
  const named = site.devices.filter(({ id }) => panels.includes(id));
  const panel = tile(both("消防主机通信", "Fire panel link"))
    .mappings([
      mapping(
        { text: both("中断", "Offline"), color: colours.bad },
        { text: both("在线", "Online"), color: colours.good },
      ),
    ])
    .thresholds(thresholds([{ value: null, color: colours.unknown }]))
    .timeFrom(standing)
    .hideTimeOverride(true)
    .withTarget(
      series(
        "A",
        `SELECT last("value") FROM "state"
         ${where(inRange, atSite, panels.length === 0 ? "" : oneOf("device", panels))} GROUP BY "device"`,
        "$tag_device",
      ),
    );
  return nameIds(panel, named);
}

/**
 * Alerts of a severity with which somebody still has something to do: their newest state is not `closed` (nor still
 * `pending`). InfluxQL can't group by a field, so the transitions are fetched and the newest of each id is taken here.
 */
function alertTile(severity: Severity): Tile {
  const name = severityNames[severity];
  return tile(both(`未关闭告警：${name.zh}`, `Open alerts: ${name.en}`))
    .displayName(bothOf(name))
    .noValue("0")
    .thresholds(
      thresholds([
        { value: null, color: colours.good },
        { value: 1, color: severityColours[severity] },
      ]),
    )
    .timeFrom(standing)
    .hideTimeOverride(true)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["count"]).fields("/^id$/"))
    .withTransformation({
      id: "groupBy",
      options: {
        fields: {
          id: { aggregations: [], operation: "groupby" },
          state: { aggregations: ["lastNotNull"], operation: "aggregate" },
        },
      },
    })
    .withTransformation({
      id: "filterByValue",
      options: {
        filters: [
          {
            fieldName: "state (lastNotNull)",
            config: { id: "regex", options: { value: "^(firing|acknowledged|cleared)$" } },
          },
        ],
        match: "any",
        type: "include",
      },
    })
    .withTarget(
      table("A", `SELECT "id", "state" FROM "alert" ${where(inRange, `"severity" = '${severity}'`)} ORDER BY time ASC`),
    );
}

function gatewayTile(site: Site): Tile {
  const panel = tile(both("网关", "Gateways"))
    .mappings([
      mapping(
        { text: both("断开", "Offline"), color: colours.bad },
        { text: both("已连接", "Connected"), color: colours.good },
      ),
    ])
    .thresholds(thresholds([{ value: null, color: colours.unknown }]))
    .timeFrom(fresh)
    .hideTimeOverride(true)
    .withTarget(
      series(
        "A",
        `SELECT last("connected") FROM "gateway_status" ${where(inRange, atSite)} GROUP BY "gateway"`,
        "$tag_gateway",
      ),
    );
  return nameIds(panel, site.gateways);
}

/** When a gateway was last heard: the time of its newest status that was sent while it was connected. */
function lastSeenTile(site: Site): Tile {
  const panel = tile(both("网关最近通信", "Gateway last seen"))
    .unit("dateTimeFromNow")
    .textMode(BigValueTextMode.ValueAndName)
    .thresholds(thresholds([{ value: null, color: colours.neutral }]))
    .timeFrom(standing)
    .hideTimeOverride(true)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs([]).fields("/^Time$/"))
    .text(new VizTextDisplayOptionsBuilder().titleSize(wallText.titleSize).valueSize(48))
    .withTarget(
      table(
        "A",
        `SELECT last("connected") FROM "gateway_status" ${where(inRange, atSite, '"connected" >= 1')} GROUP BY "gateway"`,
      ),
    );
  return nameIds(panel, site.gateways);
}

function tankGauge(site: Site): Tile {
  const panel = new BarGaugeBuilder()
    .title(both("水箱液位", "Tank level"))
    .datasource(influxDatasource)
    .unit(Meter)
    .decimals(2)
    .min(0)
    .noValue(noData)
    .displayMode(BarGaugeDisplayMode.Lcd)
    .namePlacement(BarGaugeNamePlacement.Top)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .colorScheme(byThresholds())
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .text(new VizTextDisplayOptionsBuilder().titleSize(wallText.titleSize).valueSize(56))
    .withTarget(newest("level", ""));
  return nameSeries(panel, site, seriesOfKind(site, "level"));
}

function boilerTiles(site: Site): Tile {
  const panel = tile(both("锅炉温度", "Boiler temperature")).unit(Celsius).decimals(1);
  panel.graphMode(BigValueGraphMode.Area).withTarget(newest("temperature", boilers(site)));
  return nameSeries(panel, site, seriesOfKind(site, "temperature", "boiler"));
}

function pressureTiles(site: Site): Tile {
  const panel = tile(both("锅炉压力", "Boiler pressure")).unit(Kilopascals).decimals(0);
  panel.graphMode(BigValueGraphMode.Area).withTarget(newest("pressure", boilers(site)));
  return nameSeries(panel, site, seriesOfKind(site, "pressure", "boiler"));
}

function boilers(site: Site): string {
  const ids = idsOfType(site, "boiler");
  return ids.length === 0 ? "" : oneOf("device", ids);
}

/** The newest value in each interval: a sparkline, and its end is the value of now and no mean. */
function newest(kind: string, narrowed: string) {
  return series(
    "A",
    `SELECT last("value") FROM "${kind}" ${where(inRange, atSite, narrowed)}
     GROUP BY time($__interval), "device", "channel" fill(none)`,
    seriesAlias,
  );
}

function tapsTile(): Tile {
  const name = both("今日打卡", "Taps today");
  return today(name, `SELECT count("seq") FROM "tap" ${where(inRange, atSite)}`);
}

function checkpointsTile(site: Site): Tile {
  const name = both("今日已巡点位", "Checkpoints visited today");
  const panel = today(
    name,
    `SELECT count("taps") FROM
       (SELECT count("seq") AS "taps" FROM "tap" ${where(inRange, atSite)} GROUP BY "checkpoint") ${where(inRange)}`,
  );
  return site.checkpoints.length === 0 ? panel : panel.unit(`suffix: / ${site.checkpoints.length}`);
}

function peopleTile(): Tile {
  const name = both("今日安检人次", "People screened today");
  return today(
    name,
    `SELECT sum("people") FROM
       (SELECT non_negative_difference("value") AS "people" FROM "count" ${where(inRange, atSite)}
        GROUP BY "device", "channel") ${where(inRange)}`,
  );
}

/** A count since midnight; no rows mean none. */
function today(name: string, query: string) {
  return tile(name)
    .noValue("0")
    .decimals(0)
    .thresholds(thresholds([{ value: null, color: colours.neutral }]))
    .timeFrom("now/d")
    .hideTimeOverride(true)
    .withTarget(series("A", query, name));
}

function backlogTile(site: Site, figures: Figures): Tile {
  const panel = tile(both("网关待传数据", "Gateway backlog"))
    .decimals(0)
    .thresholds(
      thresholds([
        { value: null, color: colours.good },
        { value: figures.backlog_high, color: colours.watch },
      ]),
    )
    .timeFrom(fresh)
    .hideTimeOverride(true)
    .withTarget(
      series(
        "A",
        `SELECT last("backlog") FROM "gateway_status" ${where(inRange, atSite)} GROUP BY "gateway"`,
        "$tag_gateway",
      ),
    );
  return nameIds(panel, site.gateways);
}
