import type { Condition } from "../model/condition.ts";

/** Conditions on the value that a series has now. */
export type ValueCondition = Extract<Condition, { type: "contact" | "above" | "below" | "range" }>;
/** Between the limit and the value that clears, or not known: `inside`. */
export type Verdict = "active" | "inside" | "inactive";

export function isValueCondition(condition: Condition): condition is ValueCondition {
  const { type } = condition;
  return type === "contact" || type === "above" || type === "below" || type === "range";
}

/** What a value means to a condition, its duration left aside. */
export function judge(condition: ValueCondition, value: number): Verdict {
  switch (condition.type) {
    case "contact":
      return (value !== 0) === condition.closed ? "active" : "inactive";
    case "above":
      if (value > condition.limit) return "active";
      return value < (condition.clear ?? condition.limit) ? "inactive" : "inside";
    case "below":
      if (value < condition.limit) return "active";
      return value > (condition.clear ?? condition.limit) ? "inactive" : "inside";
    case "range": {
      const { low, high, margin } = condition;
      if (value < low || value > high) return "active";
      if (margin === 0) return "inactive";
      return value > low + margin && value < high - margin ? "inactive" : "inside";
    }
  }
}
