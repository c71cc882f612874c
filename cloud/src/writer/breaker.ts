/**
 * The circuit breaker of a store. Closed: the store works, and a failure is tried again soon. Open: it failed again and
 * again, and is left alone for a while. Half open: one try decides which of the two it is.
 */
export type BreakerState = "closed" | "open" | "half_open";

export interface Breaker {
  readonly state: BreakerState;
  /** In a row. */
  readonly failures: number;
}

export type BreakerEvent = "succeeded" | "failed" | "waited";

export const closedBreaker: Breaker = { state: "closed", failures: 0 };

/** Failures in a row that open it. */
const failures_max = 5;

const transitions: Record<BreakerState, Record<BreakerEvent, (failures: number) => BreakerState>> = {
  closed: {
    succeeded: () => "closed",
    failed: (failures) => (failures >= failures_max ? "open" : "closed"),
    waited: () => "closed",
  },
  open: { succeeded: () => "closed", failed: () => "open", waited: () => "half_open" },
  half_open: { succeeded: () => "closed", failed: () => "open", waited: () => "half_open" },
};

export function stepBreaker(breaker: Breaker, event: BreakerEvent): Breaker {
  const failures = event === "succeeded" ? 0 : event === "failed" ? breaker.failures + 1 : breaker.failures;
  return { state: transitions[breaker.state][event](failures), failures };
}
