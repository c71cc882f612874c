import { alertId, type Effect, type Subject } from "./effect.ts";

/** An alert that is pending or raised. */
export interface Held extends Subject {
  readonly alert: string;
  /** Since when the condition holds. */
  readonly since: number;
  /** `since` and the rule's `for`: when it counts as raised. */
  readonly raisedAt: number;
  /** When to raise it if nothing contradicts: `for` counted from when the reading was handled, since what follows on it in a backlog may show that it did not last. */
  readonly due: number;
  readonly value: number;
}

/** `onset`: the time that the reading tells, by which the alert is named; `since`: from when on it counts. */
export function hold(
  subject: Subject,
  { onset, since, now, for_ms, value }: { onset: number; since: number; now: number; for_ms: number; value: number },
): Held {
  return {
    ...subject,
    alert: alertId(subject, onset),
    since,
    raisedAt: since + for_ms,
    due: now + for_ms,
    value,
  };
}

export function effectOf(kind: Effect["kind"], held: Held, at: number, value: number | null): Effect {
  const { due: _due, raisedAt: _raisedAt, since, ...about } = held;
  return { ...about, kind, onset: since, at, value };
}
