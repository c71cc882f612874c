import type { Text } from "@gengfu/shared/model/text";
import type { DeviceView } from "./view.ts";

/** `broken` is against the contract; `advice` works, but will hurt one day. */
export type Severity = "broken" | "advice";

export interface Problem {
  readonly severity: Severity;
  /** What was seen: values, not words. */
  readonly found: string;
  readonly advice: Text;
}

/** A rule of the contract as the checker looks for it. */
export interface CheckRule {
  /** Stable; part of the JSON report. */
  readonly id: string;
  readonly title: Text;
  /** How often it could have been broken; 0 where there was nothing to see. And what was. */
  readonly examine: (view: DeviceView) => { readonly seen: number; readonly problems: readonly Problem[] };
}

export function broken(found: string, advice: Text): Problem {
  return { severity: "broken", found, advice };
}

export function advice(found: string, text: Text): Problem {
  return { severity: "advice", found, advice: text };
}
