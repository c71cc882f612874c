import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder as BarGaugeBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import { Celsius, Kilopascals } from "@grafana/grafana-foundation-sdk/units";
import type { Site } from "@gengfu/shared/model/site";
import { atSite, influxDatasource, inRange, oneOf, series, where } from "../influx.ts";
import { idsOfType, seriesAlias, seriesOfKind } from "../names.ts";
import { byThresholds, metres, nameSeries, noData, textOf, tile, wallText } from "../panels.ts";
import { both } from "../words.ts";
import type { Tile } from "../wall.ts";

export function tankGauge(site: Site): Tile {
  const panel = new BarGaugeBuilder()
    .title(both("水箱液位", "Tank level"))
    .datasource(influxDatasource)
    .unit(metres)
    .decimals(2)
    .min(0)
    .noValue(noData)
    .displayMode(BarGaugeDisplayMode.Basic)
    .namePlacement(BarGaugeNamePlacement.Top)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(true)
    .colorScheme(byThresholds())
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .text(textOf(wallText))
    .withTarget(newest("level", ""));
  return nameSeries(panel, site, seriesOfKind(site, "level"), { told: "m" });
}

export function boilerTiles(site: Site): Tile {
  const panel = tile(both("锅炉温度", "Boiler temperature")).unit(Celsius).decimals(1);
  panel.graphMode(BigValueGraphMode.Area).withTarget(newest("temperature", boilers(site)));
  return nameSeries(panel, site, seriesOfKind(site, "temperature", "boiler"), { told: "°C" });
}

export function pressureTiles(site: Site): Tile {
  const panel = tile(both("锅炉压力", "Boiler pressure")).unit(Kilopascals).decimals(0);
  panel.graphMode(BigValueGraphMode.Area).withTarget(newest("pressure", boilers(site)));
  return nameSeries(panel, site, seriesOfKind(site, "pressure", "boiler"), { told: "kPa" });
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
