import { severities, type Severity } from "@gengfu/shared/model/rule";
import type { Notification, NotificationState, ReceiptState } from "../alerts/alert.ts";

/** A notification as its table holds it. */
export type NotificationRow = {
  readonly id: number;
  readonly alert: string;
  readonly about: "firing" | "cleared";
  readonly channel: string;
  readonly target: string;
  readonly state: NotificationState;
  readonly urgency: number;
  readonly text: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly sent_at: number | null;
  readonly next_at: number | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly group_id: number | null;
  readonly instead_of: string | null;
  readonly vendor_id: string | null;
  readonly receipt: ReceiptState | null;
  readonly receipt_at: number | null;
  readonly receipt_code: string | null;
};

export function notificationOf(row: NotificationRow): Notification {
  return {
    id: row.id,
    alert: row.alert,
    severity: severities[row.urgency] as Severity,
    about: row.about,
    channel: row.channel,
    target: row.target,
    state: row.state,
    text: row.text,
    attempts: row.attempts,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    nextAttemptAt: row.next_at,
    code: row.code,
    detail: row.detail,
    group: row.group_id,
    insteadOf: row.instead_of,
    vendorId: row.vendor_id,
    receipt: row.receipt,
    receiptAt: row.receipt_at,
    receiptCode: row.receipt_code,
  };
}
