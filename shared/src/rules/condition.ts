import type { Condition } from "../model/rule.ts";

/** Conditions on the values of a series; the others are on silence. */
export type ValueCondition = Extract<Condition, { type: "contact" | "above" | "below" }>;
export type SilenceCondition = Exclude<Condition, ValueCondition>;

export function isValueCondition(condition: Condition): condition is ValueCondition {
  return condition.type === "contact" || condition.type === "above" || condition.type === "below";
}

/** What a value means to a condition, its duration left aside. */
export function judge(condition: ValueCondition, value: number): "active" | "inside" | "inactive" {
  switch (condition.type) {
    case "contact":
      return (value !== 0) === condition.closed ? "active" : "inactive";
    case "above":
      if (value > condition.limit) return "active";
      return value < (condition.clear ?? condition.limit) ? "inactive" : "inside";
    case "below":
      if (value < condition.limit) return "active";
      return value > (condition.clear ?? condition.limit) ? "inactive" : "inside";
  }
}
