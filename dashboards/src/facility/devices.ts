import { VisibilityMode } from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { DecibelMilliWatt, DurationSeconds, Short, Volt } from "@grafana/grafana-foundation-sdk/units";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "../figures.ts";
import type { Placed } from "../facility.ts";
import { atSite, influxDatasource, inRange, ofDevice, series, table, where } from "../influx.ts";
import { bars, legend, lines, mapping, nameIds, namesOf, noData, rows, thresholds } from "../panels.ts";
import { colours } from "../thresholds.ts";
import { both } from "../words.ts";

export function devicePanels(site: Site, figures: Figures): Placed[] {
  const battery = lines(both("电池电压", "Battery"), Volt)
    .decimals(2)
    .thresholds(
      thresholds([
        { value: null, color: colours.bad },
        { value: figures.battery_low_volts, color: colours.good },
      ]),
    )
    .withTarget(status("battery_volts"));
  const signal = lines(both("信号强度", "Signal (RSSI)"), DecibelMilliWatt)
    .decimals(0)
    .thresholds(
      thresholds([
        { value: null, color: colours.watch },
        { value: figures.rssi_weak_dbm, color: colours.good },
      ]),
    )
    .withTarget(status("rssi_dbm"));
  const online = timeline(both("设备在线", "Devices online"), [
    { text: both("离线", "Offline"), color: colours.bad },
    { text: both("在线", "Online"), color: colours.good },
  ]).withTarget(
    series("A", `SELECT "value" FROM "state" ${where(inRange, atSite, ofDevice)} GROUP BY "device"`, "$tag_device"),
  );
  const uptime = both("运行时长", "Uptime");
  const latest = rows(both("设备最近状态", "Latest status of devices"))
    .timeFrom("7d")
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: { device: 0, battery_volts: 1, rssi_dbm: 2, uptime_seconds: 3, firmware: 4 },
        renameByName: {
          device: both("设备", "Device"),
          battery_volts: both("电池", "Battery"),
          rssi_dbm: both("信号", "Signal"),
          uptime_seconds: uptime,
          firmware: both("固件", "Firmware"),
        },
      },
    })
    .overrideByName(both("设备", "Device"), [{ id: "mappings", value: [namesOf(site.devices)] }])
    .overrideByName(both("电池", "Battery"), [{ id: "unit", value: Volt }])
    .overrideByName(both("信号", "Signal"), [{ id: "unit", value: DecibelMilliWatt }])
    .overrideByName(uptime, [{ id: "unit", value: DurationSeconds }])
    .withTarget(
      table(
        "A",
        `SELECT last("battery_volts") AS "battery_volts", last("rssi_dbm") AS "rssi_dbm",
           last("uptime_seconds") AS "uptime_seconds", last("firmware") AS "firmware"
         FROM "status" ${where(inRange, atSite, ofDevice)} GROUP BY "device"`,
      ),
    );
  return [
    { panel: nameIds(battery, site.devices), width: 12, height: 8 },
    { panel: nameIds(signal, site.devices), width: 12, height: 8 },
    { panel: nameIds(online, site.devices), width: 12, height: 9 },
    { panel: latest, width: 12, height: 9 },
  ];
}

function status(field: string) {
  return series(
    "A",
    `SELECT mean("${field}") FROM "status" ${where(inRange, atSite, ofDevice)}
     GROUP BY time($__interval), "device" fill(none)`,
    "$tag_device",
  );
}

export function dataPathPanels(site: Site, figures: Figures): Placed[] {
  const connected = timeline(both("网关连接", "Gateway connected"), [
    { text: both("断开", "Offline"), color: colours.bad },
    { text: both("已连接", "Connected"), color: colours.good },
  ]).withTarget(gateway("A", "min", "connected", "$tag_gateway"));
  const backlog = lines(both("待传数据", "Backlog"), Short)
    .decimals(0)
    .thresholds(
      thresholds([
        { value: null, color: colours.good },
        { value: figures.backlog_high, color: colours.watch },
      ]),
    )
    .withTarget(gateway("A", "max", "events", `$tag_gateway ${both("事件", "events")}`))
    .withTarget(gateway("B", "max", "samples", `$tag_gateway ${both("采样", "samples")}`));
  const lost = lines(both("丢弃与隔离", "Dropped and quarantined"), Short)
    .decimals(0)
    .description(
      both(
        "丢弃：网关到达上限时舍去的读数；隔离：不合约定、留待查看的报文。",
        "Dropped: readings that a gateway let go at its bound. Quarantined: messages that broke the contract.",
      ),
    )
    .withTarget(gateway("A", "max", "dropped", `$tag_gateway ${both("丢弃", "dropped")}`))
    .withTarget(gateway("B", "max", "quarantined", `$tag_gateway ${both("隔离", "quarantined")}`));
  const stored = bars(both("入库读数", "Readings stored"), ["sum"])
    .decimals(0)
    .withTarget(
      series(
        "A",
        `SELECT count("seq") FROM "tap", "level", "temperature", "pressure", "contact", "count", "status"
         ${where(inRange, atSite, ofDevice)} GROUP BY time($__interval) fill(none)`,
        "$m",
      ),
    );
  return [
    { panel: nameIds(connected, site.gateways), width: 12, height: 7 },
    { panel: backlog, width: 12, height: 7 },
    { panel: lost, width: 12, height: 8 },
    { panel: stored, width: 12, height: 8 },
  ];
}

function gateway(refId: string, aggregate: string, field: string, alias: string) {
  return series(
    refId,
    `SELECT ${aggregate}("${field}") FROM "gateway_status" ${where(inRange, atSite)}
     GROUP BY time($__interval), "gateway" fill(none)`,
    alias,
  );
}

function timeline(title: string, [zero, one]: [{ text: string; color: string }, { text: string; color: string }]) {
  return new StateTimelineBuilder()
    .title(title)
    .datasource(influxDatasource)
    .noValue(noData)
    .mappings([mapping(zero, one)])
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .legend(legend([]));
}
