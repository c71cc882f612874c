import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTextDisplayOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type SpecialValueMap,
  SpecialValueMatch,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMap,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Site } from "@gengfu/shared/model/site";
import type { Text } from "@gengfu/shared/model/text";
import { influxDatasource } from "./influx.ts";
import { labelOf, type NamedSeries } from "./names.ts";
import { limitWords, thresholdsOf } from "./thresholds.ts";
import { both, bothOf } from "./words.ts";

/** The width of Grafana's grid, in columns. */
export const columns = 24;

/** Metres as they are: Grafana's own unit turns 0.96 m into 960.00 mm, beside limits that are stated in metres. */
export const metres = "suffix:m";

export const noData = both("无数据", "No data");

/**
 * Text sizes of the wall, pixels of a 1080p screen. On one of 55 inches a pixel is 0.63 mm, so names are 20 mm and
 * values 45 mm high: legible at five metres, where 15 mm is the least (1/300 of the distance).
 */
export const wallText = { titleSize: 32, valueSize: 72 } as const;

/** Values that are words in two languages, which stand on one line of a tile that takes a quarter of the wall. */
export const wallWords = { titleSize: 32, valueSize: 52 } as const;

/** One big value on a wall, the newest of its query; what has no data says so instead of vanishing. */
export function tile(title: string): StatBuilder {
  return stat(title)
    .text(textOf(wallText))
    .colorMode(BigValueColorMode.Background)
    .justifyMode(BigValueJustifyMode.Center)
    .wideLayout(false);
}

export function textOf(size: { titleSize: number; valueSize: number }): VizTextDisplayOptionsBuilder {
  return new VizTextDisplayOptionsBuilder().titleSize(size.titleSize).valueSize(size.valueSize);
}

export function stat(title: string): StatBuilder {
  return new StatBuilder()
    .title(title)
    .datasource(influxDatasource)
    .noValue(noData)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.ValueAndName)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

/** Lines over time; broken where nothing came for longer than `broken_ms`. */
export function lines(title: string, unit: string, broken_ms?: number): TimeSeriesBuilder {
  const panel = new TimeSeriesBuilder()
    .title(title)
    .datasource(influxDatasource)
    .unit(unit)
    .noValue(noData)
    .lineWidth(2)
    .fillOpacity(5)
    .showPoints(VisibilityMode.Auto)
    .legend(legend(["lastNotNull", "min", "max"]));
  return broken_ms === undefined ? panel : panel.insertNulls(broken_ms);
}

/** Bars over time, one for each bucket, stacked. */
export function bars(title: string, calcs: readonly string[] = ["lastNotNull", "sum"]): TimeSeriesBuilder {
  return new TimeSeriesBuilder()
    .title(title)
    .datasource(influxDatasource)
    .noValue(noData)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(70)
    .lineWidth(1)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"))
    .legend(legend(calcs));
}

export function rows(title: string): TableBuilder {
  return new TableBuilder().title(title).datasource(influxDatasource).noValue(noData).showHeader(true);
}

export function legend(calcs: readonly string[]): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .calcs([...calcs]);
}

export function thresholds(steps: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

export function byThresholds(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Thresholds);
}

/** Words and colours for the values 0 and 1. */
export function mapping(zero: { text: string; color: string }, one: { text: string; color: string }): ValueMap {
  return { type: MappingType.ValueToText, options: { "0": { ...zero, index: 0 }, "1": { ...one, index: 1 } } };
}

interface Overridable {
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
}

/** How a series is shown: its limits drawn as lines (on a graph) or told in words after its name (where no axis shows). */
interface SeriesLook {
  readonly drawn?: boolean;
  /** The unit of the limits in words; without it they aren't told. */
  readonly told?: string;
  /** False where what is shown isn't the measure itself but a sum or a slope: then scale and limits don't apply. */
  readonly judged?: boolean;
}

/** Gives the series that the site file names their name, scale and limits. */
export function nameSeries<Panel extends Overridable>(
  panel: Panel,
  site: Site,
  named: readonly NamedSeries[],
  { drawn = false, told, judged = true }: SeriesLook = {},
): Panel {
  for (const one of named) {
    const limits = told === undefined ? "" : limitWords(site, one, told);
    const name: DynamicConfigValue = { id: "displayName", value: limits === "" ? one.name : `${one.name} ${limits}` };
    panel.overrideByName(labelOf(one), judged ? [name, ...limitsOf(site, one, drawn)] : [name]);
  }
  return panel;
}

function limitsOf(site: Site, { measure, ...series }: NamedSeries, drawn: boolean): DynamicConfigValue[] {
  const steps = thresholdsOf(site, series);
  const found: DynamicConfigValue[] = [{ id: "thresholds", value: { mode: ThresholdsMode.Absolute, steps } }];
  if (measure.min !== undefined) found.push({ id: "min", value: measure.min });
  if (measure.max !== undefined) found.push({ id: "max", value: measure.max });
  if (drawn && steps.length > 1) {
    found.push({ id: "custom.thresholdsStyle", value: { mode: GraphThresholdsStyleMode.Dashed } });
  }
  return found;
}

interface Named {
  readonly id: string;
  readonly name: Text;
}

/** Gives series named by an id (a checkpoint, a gateway) the name that people know. */
export function nameIds<Panel extends Overridable>(panel: Panel, named: readonly Named[]): Panel {
  for (const { id, name } of named) panel.overrideByName(id, [{ id: "displayName", value: bothOf(name) }]);
  return panel;
}

/** A guard whose card nobody registered has no name. */
export const unknownGuard: SpecialValueMap = {
  type: MappingType.SpecialValue,
  options: { match: SpecialValueMatch.NullAndNan, result: { text: both("未登记的卡", "Unregistered card") } },
};

/** The same for ids that stand in the rows of a table. */
export function namesOf(named: readonly Named[]): ValueMap {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(named.map(({ id, name }, index) => [id, { text: bothOf(name), index }])),
  };
}
