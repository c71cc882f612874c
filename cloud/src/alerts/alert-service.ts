import type { Severity } from "@gengfu/shared/model/rule";
import type { Alert, AlertState, AlertStepOfAlert, AlertWithSteps, Notification, NotificationState } from "./alert.ts";

export interface AlertQuery {
  /** Without it, all but `pending`. */
  readonly states?: readonly AlertState[];
  readonly severities?: readonly Severity[];
  /** Bounds of `raisedAt`, both included. */
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
}

export interface NotificationQuery {
  readonly alert?: string;
  readonly states?: readonly NotificationState[];
  readonly limit?: number;
}

/** What became of a person's request. `conflict` carries a sentence that says what to do instead. */
export type AlertAnswer =
  | { readonly ok: true; readonly alert: AlertWithSteps; readonly changed: boolean }
  | { readonly ok: false; readonly reason: "unknown" }
  | { readonly ok: false; readonly reason: "conflict"; readonly message: string };

export interface AlertService {
  start(): void;
  /** Resolves when nothing runs any more and the file is closed. */
  stop(): Promise<void>;
  /** Newest first. */
  list(query?: AlertQuery): Alert[];
  get(id: string): AlertWithSteps | undefined;
  /** Durable when it returns. A second one changes nothing. */
  acknowledge(id: string, by: { readonly by: string; readonly note?: string | null }): AlertAnswer;
  /** Durable when it returns. */
  close(id: string, by: { readonly by: string; readonly cause: string }): AlertAnswer;
  /** Steps behind one, oldest first. */
  steps(after: number, limit: number): AlertStepOfAlert[];
  /** Newest first. */
  notifications(query?: NotificationQuery): Notification[];
  /** Calls back after each commit with an alert that changed; a pending one that did not last is not reported. */
  onChange(listener: (alert: Alert) => void): () => void;
}
