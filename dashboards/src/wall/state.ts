import { ReduceDataOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "../figures.ts";
import { atSite, inRange, oneOf, series, table, where } from "../influx.ts";
import { idsOfType, labelOf, type NamedSeries, seriesAlias, seriesOfKind } from "../names.ts";
import { mapping, nameIds, namesOf, textOf, thresholds, tile, wallWords } from "../panels.ts";
import { severityColours, severityNames } from "../severity.ts";
import { alarmOf, colours } from "../thresholds.ts";
import { both, bothOf } from "../words.ts";
import type { Tile } from "../wall.ts";

/** How long a state stands until something new says otherwise: contacts and alerts report changes, not repeats. */
const standing = "90d";
/** A gateway's status older than this is no status. */
const fresh = "10m";

export function fireTiles(site: Site): Tile[] {
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
    .text(textOf(wallWords))
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
    .text(textOf(wallWords))
    .mappings([
      mapping(
        { text: both("离线", "Offline"), color: colours.bad },
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
 * `pending`). InfluxQL can't group by a field, so the transitions of all are fetched and the newest of each id is taken
 * here. What is counted in the end is a number of each alert, since only numbers are coloured by thresholds.
 */
export function alertTile(severity: Severity): Tile {
  const name = bothOf(severityNames[severity]);
  const last = { aggregations: ["last"], operation: "aggregate" };
  return tile(both(`未关闭告警：${severityNames[severity].zh}`, `Open alerts: ${severityNames[severity].en}`))
    .noValue("0")
    .thresholds(
      thresholds([
        { value: null, color: colours.good },
        { value: 1, color: severityColours[severity] },
      ]),
    )
    .timeFrom(standing)
    .hideTimeOverride(true)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["count"]).fields(`/^${name}$/`))
    .overrideByName("Time (count)", [{ id: "displayName", value: name }])
    .withTransformation({
      id: "groupBy",
      options: {
        fields: {
          id: { aggregations: [], operation: "groupby" },
          Time: { aggregations: ["count"], operation: "aggregate" },
          severity: last,
          state: last,
        },
      },
    })
    .withTransformation({
      id: "filterByValue",
      options: {
        filters: [
          { fieldName: "severity (last)", config: { id: "equal", options: { value: severity } } },
          { fieldName: "state (last)", config: { id: "regex", options: { value: "^(firing|acknowledged|cleared)$" } } },
        ],
        match: "all",
        type: "include",
      },
    })
    .withTarget(table("A", `SELECT "id", "severity", "state" FROM "alert" ${where(inRange)} ORDER BY time ASC`));
}

export function gatewayTile(site: Site): Tile {
  const panel = tile(both("网关", "Gateways"))
    .text(textOf(wallWords))
    .mappings([
      mapping(
        { text: both("离线", "Offline"), color: colours.bad },
        { text: both("在线", "Online"), color: colours.good },
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
export function lastSeenTile(site: Site): Tile {
  return (
    tile(both("网关最近通信", "Gateway last seen"))
      // without the number beside it, a row is called by its gateway alone
      .withTransformation({ id: "organize", options: { excludeByName: { last: true } } })
      .overrideByName("Time", [{ id: "unit", value: "dateTimeFromNow" }])
      .overrideByName("gateway", [{ id: "mappings", value: [namesOf(site.gateways)] }])
      .thresholds(thresholds([{ value: null, color: colours.neutral }]))
      .timeFrom(standing)
      .hideTimeOverride(true)
      .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs([]).fields("/^Time$/"))
      .text(textOf(wallWords))
      .withTarget(
        table(
          "A",
          `SELECT last("connected") FROM "gateway_status" ${where(inRange, atSite, '"connected" >= 1')} GROUP BY "gateway"`,
        ),
      )
  );
}

export function backlogTile(site: Site, figures: Figures): Tile {
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
  const named = site.gateways.map(({ id, name }) => ({ id, name: { zh: `${name.zh}待传`, en: `${name.en} backlog` } }));
  return nameIds(panel, named);
}
