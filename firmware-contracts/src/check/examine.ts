import type { Text } from "@gengfu/shared/model/text";
import type { CheckRule, Problem, Severity } from "./finding.ts";
import type { CheckMode, Observation } from "./observation.ts";
import { connectionRules } from "./rules-connection.ts";
import { numberRules } from "./rules-number.ts";
import { topicRules } from "./rules-topic.ts";
import { trialRules } from "./rules-trial.ts";
import { unitRules } from "./rules-unit.ts";
import { viewOf } from "./view.ts";

/** Every rule, in the order of the report. */
export const checkRules: readonly CheckRule[] = [
  ...connectionRules,
  ...topicRules,
  ...numberRules,
  ...unitRules,
  ...trialRules,
];

export interface RuleReport {
  readonly rule: string;
  readonly title: Text;
  readonly verdict: "holds" | "not_seen" | Severity;
  /** How often it was looked at. */
  readonly seen: number;
  /** One for each piece of advice: how often, and what was seen first. */
  readonly problems: readonly (Problem & { readonly count: number })[];
}

export interface DeviceReport {
  /** Null for publishes on topics of no device. */
  readonly device: string | null;
  readonly readings: number;
  /** Whether no rule is broken. */
  readonly conforms: boolean;
  readonly rules: readonly RuleReport[];
}

/** Holds what was seen of a device against every rule. */
export function examine(mode: CheckMode, device: string | null, observations: readonly Observation[]): DeviceReport {
  const view = viewOf(mode, device, observations);
  const rules = checkRules.map(({ id, title, examine }): RuleReport => {
    const { seen, problems } = examine(view);
    return { rule: id, title, verdict: verdictOf(seen, problems), seen, problems: together(problems) };
  });
  return {
    device,
    readings: view.readings.length,
    conforms: rules.every(({ verdict }) => verdict !== "broken"),
    rules,
  };
}

function verdictOf(seen: number, problems: readonly Problem[]): RuleReport["verdict"] {
  if (problems.some(({ severity }) => severity === "broken")) return "broken";
  if (problems.length > 0) return "advice";
  return seen > 0 ? "holds" : "not_seen";
}

function together(problems: readonly Problem[]): RuleReport["problems"] {
  const groups = Map.groupBy(problems, ({ severity, advice }) => `${severity} ${advice.en}`);
  return [...groups.values()].flatMap((group) => group.slice(0, 1).map((first) => ({ ...first, count: group.length })));
}
