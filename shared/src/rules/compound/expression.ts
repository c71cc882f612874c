import type { Verdict } from "../condition.ts";

/** A condition made of others; a leg is one condition on one series. */
export type Expression =
  | { readonly op: "leg"; readonly key: string }
  | { readonly op: "all" | "any"; readonly of: readonly Expression[] }
  | { readonly op: "not"; readonly of: Expression };

const opposite: Readonly<Record<Verdict, Verdict>> = { active: "inactive", inside: "inside", inactive: "active" };

/** Three-valued: what is not known (`inside`) makes unknown whatever hangs on it. */
export function evaluate(expression: Expression, legs: (key: string) => Verdict): Verdict {
  switch (expression.op) {
    case "leg":
      return legs(expression.key);
    case "not":
      return opposite[evaluate(expression.of, legs)];
    case "all":
    case "any": {
      const decides = expression.op === "all" ? "inactive" : "active";
      let verdict = expression.of.length === 0 ? "inside" : opposite[decides];
      for (const part of expression.of) {
        const one = evaluate(part, legs);
        if (one === decides) return decides;
        if (one === "inside") verdict = "inside";
      }
      return verdict;
    }
  }
}
