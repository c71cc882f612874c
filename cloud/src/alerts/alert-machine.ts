import type { Alert, AlertState, StepKind } from "./alert.ts";

/** The states as the machine sees them: `settled` is cleared and acknowledged, to people both are `cleared`. */
export const alertPhases = ["pending", "firing", "acknowledged", "cleared", "settled", "closed"] as const;
export type AlertPhase = (typeof alertPhases)[number];

export const alertEvents = ["raise", "clear", "acknowledge", "close"] as const;
export type AlertEvent = (typeof alertEvents)[number];

export type AlertTransition =
  | { readonly to: AlertPhase; readonly steps: readonly StepKind[] }
  /** It did not last, and leaves no trace. */
  | { readonly to: "gone" }
  | { readonly to: "same" }
  | { readonly to: "refused"; readonly because: string };

const same: AlertTransition = { to: "same" };
const refuse = (because: string): AlertTransition => ({ to: "refused", because });
const notFiring = refuse("this alert is pending: it does not fire yet, and vanishes if its condition does not last");

/** Total: every phase has an answer to everything that can happen. */
export const alertTransitions: Readonly<Record<AlertPhase, Readonly<Record<AlertEvent, AlertTransition>>>> = {
  pending: {
    raise: { to: "firing", steps: ["raised"] },
    clear: { to: "gone" },
    acknowledge: notFiring,
    close: notFiring,
  },
  firing: {
    raise: same,
    clear: { to: "cleared", steps: ["cleared"] },
    acknowledge: { to: "acknowledged", steps: ["acknowledged"] },
    close: refuse(
      "this alert fires and nobody has acknowledged it: acknowledge it first, then close it with its cause",
    ),
  },
  acknowledged: {
    raise: same,
    clear: { to: "settled", steps: ["cleared"] },
    acknowledge: same,
    close: { to: "closed", steps: ["closed"] },
  },
  // nobody has seen it: who acknowledges it now has nothing left to do
  cleared: {
    raise: same,
    clear: same,
    acknowledge: { to: "closed", steps: ["acknowledged", "closed"] },
    close: { to: "closed", steps: ["acknowledged", "closed"] },
  },
  settled: {
    raise: same,
    clear: same,
    acknowledge: same,
    close: { to: "closed", steps: ["closed"] },
  },
  closed: { raise: same, clear: same, acknowledge: same, close: same },
};

export function phaseOf(alert: Pick<Alert, "state" | "acknowledgedAt">): AlertPhase {
  return alert.state === "cleared" && alert.acknowledgedAt !== null ? "settled" : alert.state;
}

/** What happens to an alert: who, when (epoch milliseconds), and what they said. */
export interface Happening {
  readonly event: AlertEvent;
  readonly at: number;
  readonly who: string;
  readonly note: string | null;
}

export interface NewStep {
  readonly what: StepKind;
  readonly at: number;
  readonly who: string;
  readonly note: string | null;
  readonly state: AlertState;
}

export type Outcome =
  | { readonly kind: "changed"; readonly alert: Alert; readonly steps: readonly NewStep[] }
  | { readonly kind: "gone" }
  | { readonly kind: "same" }
  | { readonly kind: "refused"; readonly because: string };

/** Pure: the alert as it is after what happened, and the steps to write down. */
export function happen(alert: Alert, happening: Happening): Outcome {
  const transition = alertTransitions[phaseOf(alert)][happening.event];
  if (transition.to === "gone" || transition.to === "same") return { kind: transition.to };
  if (transition.to === "refused") return { kind: "refused", because: transition.because };
  const state: AlertState = transition.to === "settled" ? "cleared" : transition.to;
  const { at, who, note } = happening;
  const changed = transition.steps.reduce<Alert>((before, what) => ({ ...before, ...marks[what](happening) }), alert);
  return {
    kind: "changed",
    alert: { ...changed, state },
    steps: transition.steps.map((what) => ({ what, at, who, note, state })),
  };
}

const marks: Record<StepKind, (happening: Happening) => Partial<Alert>> = {
  raised: ({ at }) => ({ raisedAt: at }),
  acknowledged: ({ at, who }) => ({ acknowledgedAt: at, acknowledgedBy: who }),
  cleared: ({ at }) => ({ clearedAt: at }),
  closed: ({ at, who, note, event }) => ({ closedAt: at, closedBy: who, cause: event === "close" ? note : null }),
};
