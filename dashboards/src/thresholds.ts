import type { Threshold } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Condition, Rule, Severity } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";

/** Red: someone must act. Orange: watch it. Green: within its limits. Blue: nothing states limits for it. */
export const colours = { bad: "red", watch: "orange", good: "green", neutral: "blue", unknown: "#6e6e6e" } as const;

export interface Series {
  readonly device: string;
  readonly kind: string;
  readonly channel: string | null;
}

type Limit = Extract<Condition, { type: "above" | "below" }>;

/**
 * The coloured bands of a series, from the rules that judge it: red where a critical rule fires, orange where a lesser
 * one does and between `limit` and `clear`, where an alert that fired still stands. Steps are in the kind's unit,
 * ascending, the first without a lower end. Grafana colours from a step's value on (>=), rules fire beyond it (>): at
 * the very limit the screen is the stricter of the two for `above`.
 */
export function thresholdsOf(site: Site, series: Series): Threshold[] {
  const limits = site.rules.flatMap(({ when, severity }) => (judges(when, series) ? [{ when, severity }] : []));
  if (limits.length === 0) return [{ value: null, color: colours.neutral }];
  const edges = new Set(limits.flatMap(({ when }) => [when.limit, when.clear ?? when.limit]));
  const values = [...edges].sort((a, b) => a - b);
  const steps: Threshold[] = [];
  for (const [index, lower] of [null, ...values].entries()) {
    const upper = values[index];
    const color = worst(limits.map((limit) => colourWithin(limit, lower, upper)));
    if (steps.at(-1)?.color !== color) steps.push({ value: lower, color });
  }
  return steps;
}

/** The limits of a series in few words, such as `≥ 1.5 m` or `≤ 85 °C`; empty where no rule states any. */
export function limitWords(site: Site, series: Series, unit: string): string {
  const words = site.rules.flatMap(({ when }) =>
    judges(when, series) ? [`${when.type === "below" ? "≥" : "≤"} ${when.limit} ${unit}`] : [],
  );
  return [...new Set(words)].join(", ");
}

/** The contact's value that its rule fires on, and how grave that is; closed and unjudged where no rule says. */
export function alarmOf(site: Site, series: Series): { value: 0 | 1; severity: Severity | null } {
  const rule = site.rules.find(({ when }) => when.type === "contact" && covers(when, series));
  if (rule?.when.type !== "contact") return { value: 1, severity: null };
  return { value: rule.when.closed ? 1 : 0, severity: rule.severity };
}

/** After how long without a reading a line is drawn as broken: what the rule on silent devices says, else 10 min. */
export function silence_ms(site: Site): number {
  const after = site.rules.flatMap(({ when }) => (when.type === "device_silent" ? [when.after] : []));
  return after.length === 0 ? 600_000 : Math.min(...after);
}

function judges(when: Condition, series: Series): when is Limit {
  return (when.type === "above" || when.type === "below") && when.kind === series.kind && covers(when, series);
}

function covers(when: { device?: string | undefined; channel?: string | undefined }, series: Series): boolean {
  if (when.device !== undefined && when.device !== series.device) return false;
  return when.channel === undefined || when.channel === series.channel;
}

type Colour = "bad" | "watch" | "good";

/** The colour of one rule within a band that no edge of a rule divides. */
function colourWithin(
  { when, severity }: { when: Limit; severity: Rule["severity"] },
  lower: number | null,
  upper: number | undefined,
): Colour {
  const clear = when.clear ?? when.limit;
  const beyond = (edge: number): boolean =>
    when.type === "above" ? lower !== null && lower >= edge : upper !== undefined && upper <= edge;
  if (beyond(when.limit)) return severity === "critical" ? "bad" : "watch";
  return beyond(clear) ? "watch" : "good";
}

function worst(found: readonly Colour[]): string {
  const order = ["bad", "watch", "good"] as const;
  return colours[order.find((colour) => found.includes(colour)) ?? "good"];
}
