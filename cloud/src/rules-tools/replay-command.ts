import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "@gengfu/firmware-contracts/arguments";
import { ConfigReader, readConfig } from "@gengfu/shared/config/reader";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { formatDuration } from "@gengfu/shared/time/duration";
import { siteTime } from "../alerts/alert-text.ts";
import { readCloudConfig } from "../config.ts";
import { newestIn, openApiRecording, openStoreRecording, readingsIn } from "./recording.ts";
import { compare, episodesOf, nameOf, type Comparison } from "./replay.ts";

export const replayHelp = `Shows what changed rules would have raised, from what the cloud has recorded. Nothing is kept, nobody is told.
用云端的历史数据试运行规则，并与现行规则比较；不保存、不通知。

  npm run rules -- replay [--site FILE] [--config FILE] [--api URL --token TOKEN] [--from TIME] [--to TIME]

  --site FILE    the changed site file; without it only what the present rules raise is shown
  --config FILE  the cloud's configuration, which names the data folder and the present site files (deploy/demo/cloud.yaml)
  --api URL      ask a cloud that runs, such as http://127.0.0.1:8080; without it its embedded store is read, for which it must stand still
  --token TOKEN  for the API; GENGFU_TOKEN by default
  --from, --to   ISO 8601 by the site's clock or with a zone, such as 2026-01-05T22:00; the last seven days by default

A line for each alert, then a table: raised by both, only by the present rules (gone), only by the changed ones (new).`;

const week_ms = 7 * 86_400_000;
const marks = { both: "  both", present: "- gone", changed: "+ new " } as const;

/** Prints the comparison. */
export async function replay(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      site: { type: "string" },
      config: { type: "string", default: "deploy/demo/cloud.yaml" },
      api: { type: "string" },
      token: { type: "string", default: process.env["GENGFU_TOKEN"] ?? "" },
      from: { type: "string" },
      to: { type: "string" },
    },
  });
  const reader = new ConfigReader();
  const setup = readCloudConfig(reader, values.config);
  reader.finish();
  if (setup === undefined) throw new UsageError(`nothing was read from ${values.config}`);
  const changed = values.site === undefined ? undefined : readConfig(values.site, siteSchema);
  const present = changed === undefined ? setup.sites : setup.sites.filter(({ id }) => id === changed.id);
  const [first] = present;
  if (first === undefined)
    throw new UsageError(`--site: found the site ${changed?.id ?? "-"}, allowed: one that ${values.config} names`);
  const { api, token } = values;
  const recording =
    api === undefined ? openStoreRecording(join(setup.config.data, "store.db")) : openApiRecording(api, token);
  try {
    const newest = await newestIn(recording);
    if (newest === undefined) throw new UsageError("nothing is recorded yet");
    const to = values.to === undefined ? newest + 1 : timeOf("--to", values.to, first);
    const from = values.from === undefined ? to - week_ms : timeOf("--from", values.from, first);
    if (from >= to) throw new UsageError("--from: found a time that is not before --to");
    const variants = changed === undefined ? [present] : [present, [changed]];
    const [now = [], would = now] = await episodesOf(variants, readingsIn(recording, from, to), from, to);
    const comparisons = compare(now, would);
    print(comparisons, first, from, to);
  } finally {
    await recording.close();
  }
  return 0;
}

function print(comparisons: readonly Comparison[], site: Site, from: number, to: number): void {
  for (const { of, episode } of comparisons) {
    const lasted =
      episode.to === null ? "still stands" : formatDuration(Math.round((episode.to - episode.from) / 1_000) * 1_000);
    console.log(`${marks[of]}  ${siteTime(site, episode.from)}  ${nameOf(episode)}  ${lasted}`);
  }
  const rules = [...new Set(comparisons.map(({ episode }) => episode.rule))].sort();
  const count = (rule: string | null, ...of: Comparison["of"][]): string =>
    String(
      comparisons.filter((one) => of.includes(one.of) && (rule ?? one.episode.rule) === one.episode.rule).length,
    ).padStart(9);
  const width = Math.max(8, ...rules.map(({ length }) => length));
  console.log(`\n${siteTime(site, from)} to ${siteTime(site, to)}`);
  console.log(`${"rule".padEnd(width)}  raised now  would be     both      gone       new`);
  for (const rule of [...rules, null]) {
    const columns = [
      count(rule, "both", "present").padStart(10),
      count(rule, "both", "changed").padStart(9),
      count(rule, "both"),
      count(rule, "present"),
      count(rule, "changed"),
    ];
    console.log(`${(rule ?? "all").padEnd(width)}  ${columns.join(" ")}`);
  }
}

function timeOf(option: string, text: string, { time_zone }: Site): number {
  try {
    if (/(Z|[+-]\d{2}:\d{2})$/.test(text)) return Temporal.Instant.from(text).epochMilliseconds;
    return Temporal.PlainDateTime.from(text).toZonedDateTime(time_zone).epochMilliseconds;
  } catch {
    throw new UsageError(`${option}: found ${text}, allowed: a time such as 2026-01-05T22:00 or 2026-01-05T14:00:00Z`);
  }
}
