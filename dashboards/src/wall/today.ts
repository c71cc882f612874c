import type { Site } from "@gengfu/shared/model/site";
import { atSite, inRange, series, where } from "../influx.ts";
import { thresholds, tile } from "../panels.ts";
import { colours } from "../thresholds.ts";
import { both } from "../words.ts";
import type { Tile } from "../wall.ts";

export function tapsTile(): Tile {
  const name = both("今日打卡", "Taps today");
  return today(name, `SELECT count("seq") FROM "tap" ${where(inRange, atSite)}`);
}

export function checkpointsTile(site: Site): Tile {
  const name = both("今日点位", "Points today");
  const panel = today(
    name,
    `SELECT count("taps") FROM
       (SELECT count("seq") AS "taps" FROM "tap" ${where(inRange, atSite)} GROUP BY "checkpoint") ${where(inRange)}`,
  );
  return site.checkpoints.length === 0 ? panel : panel.unit(`suffix:/ ${site.checkpoints.length}`);
}

export function peopleTile(): Tile {
  const name = both("今日安检", "Screened today");
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
