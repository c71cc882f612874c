import type { Severity } from "@gengfu/shared/model/rule";
import type { Alert } from "../api/types.ts";

const rankOfSeverity: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** Open: somebody still has something to do. */
export function isOpen({ state }: Alert): boolean {
  return state === "firing" || state === "acknowledged" || state === "cleared";
}

/** What raised it still holds. */
export function isActive({ state }: Alert): boolean {
  return state === "firing" || state === "acknowledged";
}

/** Nobody has said yet that they see to it. */
export function isUnanswered(alert: Alert): boolean {
  return isOpen(alert) && alert.acknowledgedAt === null;
}

/** What was acknowledged or has cleared may be closed with its cause. */
export function isClosable(alert: Alert): boolean {
  return alert.state === "acknowledged" || (alert.state === "cleared" && alert.acknowledgedAt !== null);
}

/** Firing before acknowledged before cleared; within these the worst first, then the newest. */
export function inOrderOfUrgency(alerts: Iterable<Alert>): Alert[] {
  const stage = (alert: Alert): number => (alert.state === "firing" ? 0 : isActive(alert) ? 1 : 2);
  return [...alerts].sort(
    (a, b) =>
      stage(a) - stage(b) ||
      rankOfSeverity[a.severity] - rankOfSeverity[b.severity] ||
      b.raisedAt - a.raisedAt ||
      (a.id < b.id ? -1 : 1),
  );
}

/**
 * The newer of two versions of an alert. An alert only ever moves on, and each move leaves a time; so an event that was
 * overtaken by an answer of the API, or by another event, never turns it back.
 */
export function newerAlert(known: Alert | undefined, other: Alert): Alert {
  return known !== undefined && moves(known) > moves(other) ? known : other;
}

function moves({ state, acknowledgedAt, clearedAt, closedAt }: Alert): number {
  const times = [acknowledgedAt, clearedAt, closedAt].filter((at) => at !== null).length;
  return state === "pending" ? 0 : 1 + times;
}
