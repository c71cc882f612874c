import type { Kind } from "@gengfu/shared/model/reading";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Text } from "@gengfu/shared/model/text";

/**
 * The states of an alert as people see them. What clears before it was acknowledged stays `cleared` until someone
 * acknowledges it, which then closes it; what was acknowledged and clears waits as `cleared` to be closed with a cause.
 */
export const alertStates = ["pending", "firing", "acknowledged", "cleared", "closed"] as const;
export type AlertState = (typeof alertStates)[number];

/** The states in which somebody still has something to do. */
export const openStates = ["firing", "acknowledged", "cleared"] as const satisfies readonly AlertState[];

/** All times are epoch milliseconds UTC. */
export interface Alert {
  /** Made from site, rule, series and onset, so that the same readings make the same alert. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: AlertState;
  readonly site: string;
  readonly gateway: string;
  /** Null where the alert is about a gateway. */
  readonly device: string | null;
  readonly channel: string | null;
  /** Null where the alert is about silence. */
  readonly kind: Kind | null;
  /** The value that raised it, in the kind's unit; null where the alert is about silence. */
  readonly value: number | null;
  /** Since when the condition holds. */
  readonly onsetAt: number;
  /** When it began to fire: `onsetAt` and what the rule's `for` adds. For a pending one, when it will. */
  readonly raisedAt: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly clearedAt: number | null;
  readonly closedAt: number | null;
  readonly closedBy: string | null;
  readonly cause: string | null;
  /** The rule's name. */
  readonly name: Text;
  /** Chinese and English in one line, for those who take one text. */
  readonly message: string;
  readonly messages: Text;
  /** What to do first. */
  readonly advice: Text | null;
  /** It came to light so late that nobody was told. */
  readonly retrospective?: boolean;
}

export const stepKinds = ["raised", "acknowledged", "cleared", "closed"] as const;
export type StepKind = (typeof stepKinds)[number];

/** What happened to an alert: append-only, never changed. */
export interface AlertStep {
  /** Counts up over all alerts; never given twice. */
  readonly id: number;
  readonly alert: string;
  /** When it happened: event time for `raised` and `cleared`, otherwise when the person did it. */
  readonly at: number;
  /** When the cloud wrote it down. */
  readonly recordedAt: number;
  readonly what: StepKind;
  /** The alert's state after it. */
  readonly state: AlertState;
  /** The person, or `gengfu` for what the rules did. */
  readonly who: string;
  /** The note of an acknowledgement, the cause of a closing. */
  readonly note: string | null;
}

/** A step with what its alert never changes: all that a point of the `alert` measurement needs. */
export interface AlertStepOfAlert extends AlertStep {
  readonly rule: string;
  readonly severity: Severity;
  readonly site: string;
  readonly gateway: string;
  readonly device: string | null;
  readonly channel: string | null;
  readonly value: number | null;
}

export interface AlertWithSteps extends Alert {
  readonly steps: readonly AlertStep[];
}

export const notificationStates = ["pending", "sent", "failed", "would_be_sent"] as const;
export type NotificationState = (typeof notificationStates)[number];

export const receiptStates = ["awaited", "delivered", "undelivered"] as const;
export type ReceiptState = (typeof receiptStates)[number];

/** One message to one target through one channel: a row of the outbox. */
export interface Notification {
  readonly id: number;
  readonly alert: string;
  readonly severity: Severity;
  /** Whether it says that the alert fires or that it cleared. */
  readonly about: "firing" | "cleared";
  /** Name of the channel, such as `wecom-bot`. */
  readonly channel: string;
  /** A person's id, or the channel's name where it speaks to a group. */
  readonly target: string;
  readonly state: NotificationState;
  /** The text as the channel sends it, or would. */
  readonly text: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly sentAt: number | null;
  /** When it is tried again, while it is pending. */
  readonly nextAttemptAt: number | null;
  /** The channel's answer to the last attempt that failed. */
  readonly code: string | null;
  readonly detail: string | null;
  /** What went out as one message has the same number here; null for what went alone. */
  readonly group: number | null;
  /** The channel that did not bring it through, for which this one stands in. */
  readonly insteadOf: string | null;
  /** The vendor's name of the message. */
  readonly vendorId: string | null;
  /** Null where the vendor tells of no receipts. */
  readonly receipt: ReceiptState | null;
  readonly receiptAt: number | null;
  /** The operator's word, such as `DELIVRD`. */
  readonly receiptCode: string | null;
}

/** The states that a query's text names, separated by commas; `open` stands for all with something left to do. */
export function parseStates(text: string): AlertState[] | undefined {
  const named = text.split(",").flatMap((name): readonly string[] => (name === "open" ? openStates : [name.trim()]));
  return named.every(isState) ? [...new Set(named)] : undefined;
}

function isState(name: string): name is AlertState {
  return (alertStates as readonly string[]).includes(name);
}
