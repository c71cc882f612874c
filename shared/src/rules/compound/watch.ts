import type { Leaf, Signal } from "../../model/condition.ts";
import { fits, isPlain, kindOf, seriesIn, type SeriesName } from "../../model/rule-series.ts";
import type { Rule } from "../../model/rule.ts";
import { gatewayOf, type Site } from "../../model/site.ts";
import type { Subject } from "../effect.ts";
import { ScheduleBook } from "../schedule.ts";
import type { Expression } from "./expression.ts";

/** One condition on one series. */
export interface Leg extends SeriesName {
  readonly key: string;
  readonly condition: Leaf;
}

/** What a rule watches that looks at more than a value: what it needs to know beforehand. */
export interface CompoundWatch {
  readonly key: string;
  readonly subject: Subject;
  readonly for_ms: number;
  readonly settle_ms: number;
  readonly when: Expression;
  readonly unless: readonly Expression[];
  readonly schedule: ScheduleBook | null;
  readonly legs: readonly Leg[];
  /** The leg whose value is told. */
  readonly lead: string;
}

/** Readings of several series come by ways that differ so much. */
const settle_several_ms = 2_000;

/**
 * The watches of a rule: one for each series that its condition fits, among those that the site file lists; one in all
 * for a composition.
 */
export function compoundsOf(site: Site, rule: Rule): CompoundWatch[] {
  if (isPlain(rule)) return [];
  const { when } = rule;
  switch (when.type) {
    case "series_silent":
    case "device_silent":
    case "gateway_silent":
      return [];
    case "all":
    case "any":
    case "not":
      return [watchOf(site, rule, when, null)].filter(({ legs }) => legs.length > 0);
    default:
      return seriesIn(site)
        .filter((series) => fits({ ...when, kind: kindOf(when) }, series))
        .map((series) => watchOf(site, rule, when, series));
  }
}

function watchOf(site: Site, rule: Rule, when: Signal, only: SeriesName | null): CompoundWatch {
  const legs: Leg[] = [];
  let conditions = 0;
  const expressionOf = (signal: Signal, among: readonly SeriesName[]): Expression => {
    if (signal.type === "all" || signal.type === "any")
      return { op: signal.type, of: signal.of.map((part) => expressionOf(part, among)) };
    if (signal.type === "not") return { op: "not", of: expressionOf(signal.of, among) };
    const number = conditions++;
    const found = among
      .filter((series) => fits({ ...signal, kind: kindOf(signal) }, series))
      .map((series): Leg => ({
        ...series,
        key: `${number}/${series.device}/${series.kind}/${series.channel ?? "-"}`,
        condition: signal,
      }));
    legs.push(...found);
    const each = found.map(({ key }): Expression => ({ op: "leg", key }));
    return each.length === 1 ? (each[0] as Expression) : { op: "any", of: each };
  };
  const expression = expressionOf(when, only === null ? seriesIn(site) : [only]);
  const lead = legs[0];
  const unless = (rule.unless ?? []).map((signal) => expressionOf(signal, seriesIn(site)));
  const about = only ?? lead ?? null;
  const device = site.devices.find(({ id }) => id === about?.device);
  const gateway = device === undefined ? (site.gateways[0]?.id ?? "") : gatewayOf(site, device);
  const tail = only === null ? "" : `/${only.device}/${only.kind}/${only.channel ?? "-"}`;
  return {
    key: `compound/${site.id}/${rule.id}${tail}`,
    subject: {
      site: site.id,
      rule: rule.id,
      gateway,
      device: about?.device ?? null,
      measure: about?.kind ?? null,
      channel: about?.channel ?? null,
    },
    for_ms: rule.for,
    settle_ms: rule.settle ?? (legs.length > 1 ? settle_several_ms : 0),
    when: expression,
    unless,
    schedule: rule.active === undefined ? null : new ScheduleBook(rule.active, site),
    legs,
    lead: lead?.key ?? "",
  };
}
