import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  type Panel,
  TimePickerBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "./figures.ts";
import { finish, siteVariable } from "./frame.ts";
import { columns } from "./panels.ts";
import { boilerTiles, pressureTiles, tankGauge } from "./wall/plant.ts";
import { alertTile, backlogTile, fireTiles, gatewayTile, lastSeenTile } from "./wall/state.ts";
import { checkpointsTile, peopleTile, tapsTile } from "./wall/today.ts";
import { both } from "./words.ts";

export type Tile = Builder<Panel> & { height(h: number): unknown; span(w: number): unknown };

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
  const counts = (["critical", "warning", "info"] as const).map(alertTile);
  line(builder, 6, [...counts, gatewayTile(site), lastSeenTile(site)], [4, 4, 4, 6, 6]);
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
