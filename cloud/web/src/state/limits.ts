import type { Kind } from "@gengfu/shared/model/reading";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Measure, Rule, Site } from "../api/types.ts";

/** A limit that a rule puts on a series. */
export interface Limit {
  readonly rule: string;
  readonly severity: Severity;
  readonly side: "above" | "below";
  readonly value: number;
}

interface Series {
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
}

/** The limits of a series, the tightest of each side and severity being drawn by who draws. */
export function limitsOf(rules: readonly Rule[], series: Series): Limit[] {
  return rules.flatMap(({ id, severity, when }): Limit[] =>
    (when.type === "above" || when.type === "below") && when.limit !== null && concerns(when, series)
      ? [{ rule: id, severity, side: when.type, value: when.limit }]
      : [],
  );
}

/** The worst limit that a value breaks. */
export function brokenLimit(limits: readonly Limit[], value: number | null): Limit | null {
  if (value === null) return null;
  const order: readonly Severity[] = ["critical", "warning", "info"];
  const broken = limits.filter(({ side, value: at }) => (side === "above" ? value > at : value < at));
  return broken.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))[0] ?? null;
}

/** What a contact's state means by the rules: null where no rule speaks of it. */
export function contactRule(rules: readonly Rule[], series: Series): { severity: Severity; closed: boolean } | null {
  const rule = rules.find(({ when }) => when.type === "contact" && concerns(when, series));
  return rule === undefined ? null : { severity: rule.severity, closed: rule.when.closed ?? true };
}

/** The scale that a series is drawn on: as the site says, else wide enough for its limits and its value. */
export function scaleOf(
  measure: Pick<Measure, "min" | "max">,
  limits: readonly Limit[],
  value: number | null,
): [number, number] {
  const values = [...limits.map((limit) => limit.value), ...(value === null ? [] : [value])];
  const min = measure.min ?? Math.min(0, ...values);
  const max = measure.max ?? Math.max(min + 1, ...values.map((one) => one * 1.25));
  return max > min ? [min, max] : [min, min + 1];
}

/** Where on a scale a value stands, 0 to 1; what lies beyond it sticks to its end. */
export function shareOf(value: number, [min, max]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}

export function measuresOf(site: Site, kind: Kind): { device: string; measure: Measure }[] {
  return site.devices.flatMap(({ id, measures }) =>
    measures.filter((measure) => measure.kind === kind).map((measure) => ({ device: id, measure })),
  );
}

function concerns(when: Rule["when"], { device, kind, channel }: Series): boolean {
  return (
    (when.kind === null || when.kind === kind) &&
    (when.device === null || when.device === device) &&
    (when.channel === null || when.channel === channel)
  );
}
