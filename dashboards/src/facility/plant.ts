import { Celsius, Kilopascals } from "@grafana/grafana-foundation-sdk/units";
import type { Site } from "@gengfu/shared/model/site";
import type { Figures } from "../figures.ts";
import type { Placed } from "../facility.ts";
import { atSite, inRange, ofDevice, oneOf, series, where } from "../influx.ts";
import { idsOfType, seriesAlias, seriesOfKind } from "../names.ts";
import { bars, byThresholds, lines, metres, nameSeries, stat, thresholds } from "../panels.ts";
import { colours, silence_ms } from "../thresholds.ts";
import { both } from "../words.ts";

/** Days that panels of one bar a day look back, today included. */
const fortnight = "now-13d/d";

export function tankPanels(site: Site, figures: Figures): Placed[] {
  const tanks = seriesOfKind(site, "level");
  const level = lines(both("水箱液位", "Tank level"), metres, silence_ms(site))
    .decimals(2)
    .withTarget(means("level", ""));
  const refill = bars(both("每日补水量（液位）", "Refilled per day (level)"))
    .unit(metres)
    .decimals(2)
    .description(
      both(
        `十分钟均值上升不小于 ${figures.refill_step_m} m 的部分之和。`,
        `The rises of the ten-minute mean that are at least ${figures.refill_step_m} m, added up.`,
      ),
    )
    .timeFrom(fortnight)
    .withTarget(
      series(
        "A",
        `SELECT sum("rise") FROM
           (SELECT non_negative_difference(mean("value")) AS "rise" FROM "level" ${where(inRange, atSite, ofDevice)}
            GROUP BY time(10m), "device", "channel")
         ${where(inRange, `"rise" >= ${figures.refill_step_m}`)}
         GROUP BY time(1d), "device", "channel" fill(0) ${clockOf(site)}`,
        seriesAlias,
      ),
    );
  const slope = bars(both("夜间液位变化", "Night slope"), ["lastNotNull", "min"])
    .unit("suffix:m/h")
    .decimals(3)
    .description(
      both(
        `当地零点至六点每小时变化的中位数：无人用水时仍下降即疑似渗漏；低于 -${figures.night_leak_m_per_h} m/h 标红。`,
        `Median change per hour between midnight and six by the site's clock: a tank that sinks while nobody draws ` +
          `water is likely to leak; red below -${figures.night_leak_m_per_h} m/h.`,
      ),
    )
    .timeFrom(fortnight)
    .colorScheme(byThresholds())
    .thresholds(
      thresholds([
        { value: null, color: colours.bad },
        { value: -figures.night_leak_m_per_h, color: colours.good },
      ]),
    )
    .withTarget(series("A", nightSlope(site), seriesAlias));
  return [
    { panel: nameSeries(level, site, tanks, { drawn: true }), width: 24, height: 9 },
    { panel: nameSeries(refill, site, tanks, { judged: false }), width: 12, height: 8 },
    { panel: nameSeries(slope, site, tanks, { judged: false }), width: 12, height: 8 },
  ];
}

/**
 * The first of a day's four quarters, by the site's clock, is the night; the median of its hourly changes doesn't mind
 * one refill. `tz()` goes into the subquery too: it shifts the buckets of its own statement only.
 */
function nightSlope(site: Site): string {
  const hourly = `SELECT derivative(mean("value"), 1h) AS "step" FROM "level" ${where(inRange, atSite, ofDevice)}
    GROUP BY time(1h), "device", "channel"`;
  const quarters = `SELECT median("step") AS "slope" FROM (${hourly}) ${where(inRange)}
    GROUP BY time(6h), "device", "channel" ${clockOf(site)}`;
  return `SELECT first("slope") FROM (${quarters}) ${where(inRange)}
    GROUP BY time(1d), "device", "channel" ${clockOf(site)}`;
}

export function boilerPanels(site: Site): Placed[] {
  const temperatures = seriesOfKind(site, "temperature", "boiler");
  const pressures = seriesOfKind(site, "pressure", "boiler");
  const ids = idsOfType(site, "boiler");
  const boilers = ids.length === 0 ? "" : oneOf("device", ids);
  const temperature = lines(both("锅炉供回水温度", "Boiler supply and return"), Celsius, silence_ms(site))
    .decimals(1)
    .withTarget(means("temperature", boilers));
  const pressure = lines(both("锅炉压力", "Boiler pressure"), Kilopascals, silence_ms(site))
    .decimals(0)
    .withTarget(means("pressure", boilers));
  const now = stat(both("当前温度", "Temperature now"))
    .unit(Celsius)
    .decimals(1)
    .withTarget(
      series(
        "A",
        `SELECT last("value") FROM "temperature" ${where(inRange, atSite, ofDevice, boilers)} GROUP BY "device", "channel"`,
        seriesAlias,
      ),
    );
  return [
    { panel: nameSeries(temperature, site, temperatures, { drawn: true }), width: 12, height: 9 },
    { panel: nameSeries(pressure, site, pressures, { drawn: true }), width: 8, height: 9 },
    { panel: nameSeries(now, site, temperatures), width: 4, height: 9 },
  ];
}

function means(kind: string, narrowed: string) {
  return series(
    "A",
    `SELECT mean("value") FROM "${kind}" ${where(inRange, atSite, ofDevice, narrowed)}
     GROUP BY time($__interval), "device", "channel" fill(none)`,
    seriesAlias,
  );
}

/** Days begin at midnight of the site. */
export function clockOf(site: Site): string {
  return `tz('${site.time_zone}')`;
}
