import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "./figures.ts";
import { deviceVariable, finish, siteVariable } from "./frame.ts";
import { boilerPanels, tankPanels } from "./facility/plant.ts";
import { alertPanels, patrolPanels, screeningPanels } from "./facility/people.ts";
import { dataPathPanels, devicePanels } from "./facility/devices.ts";
import { both } from "./words.ts";

/** A panel and its share of the line that it stands on, in columns of 24. */
export interface Placed {
  readonly panel: Builder<Panel> & { height(h: number): unknown; span(w: number): unknown };
  readonly width: number;
  readonly height: number;
}

/** What maintenance and the on-call manager look into: every series with its history and its limits. */
export function facilityDashboard(site: Site, figures: Figures): Dashboard {
  const builder = new DashboardBuilder(both("设施运行", "Facility"))
    .uid("gengfu-facility")
    .description(
      both("水箱、锅炉、巡更、安检、设备与数据链路。", "Tanks, boilers, patrol, screening, devices and the data path."),
    )
    .tags(["gengfu", "facility"])
    .timezone(site.time_zone)
    .time({ from: "now-24h", to: "now" })
    .refresh("1m")
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .withVariable(siteVariable())
    .withVariable(deviceVariable());
  section(builder, both("水箱", "Tanks"), tankPanels(site, figures));
  section(builder, both("锅炉", "Boilers"), boilerPanels(site));
  section(builder, both("巡更", "Patrol"), patrolPanels(site));
  section(builder, both("安检门", "Screening gate"), screeningPanels(site));
  section(builder, both("告警", "Alerts"), alertPanels());
  section(builder, both("设备健康", "Device health"), devicePanels(site, figures));
  section(builder, both("数据链路", "Data path"), dataPathPanels(site, figures));
  return finish(builder);
}

function section(builder: DashboardBuilder, title: string, panels: readonly Placed[]): void {
  builder.withRow(new RowBuilder(title));
  for (const { panel, width, height } of panels) {
    panel.height(height);
    panel.span(width);
    builder.withPanel(panel);
  }
}
