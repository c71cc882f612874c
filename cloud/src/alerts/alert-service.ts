import type { Log } from "@gengfu/shared/log/log";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Site } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";
import type { ChannelStats } from "../notifiers/channel-worker.ts";
import type { Channel } from "../notifiers/channel.ts";
import type { NotificationSettings } from "../notifiers/settings.ts";
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
  stats(): AlertServiceStats;
}

/** What the silence rules need to know of a gateway. */
export interface GatewayHealth {
  readonly id: string;
  readonly connected: boolean;
  /** When anything last came from it, by this machine's clock, epoch milliseconds; null if never. */
  readonly lastSeenAt: number | null;
  /** Readings that it still has to hand over; null where it hasn't said. */
  readonly backlog: number | null;
}

export interface AlertServiceOptions {
  /** The database file; its folder must exist. */
  readonly file: string;
  readonly log: Log<StoredReading>;
  readonly sites: readonly Site[];
  readonly gateways: { list(): readonly GatewayHealth[] };
  readonly channels: readonly Channel[];
  readonly settings: NotificationSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Entropy for the jitter of retries: between 0 and 1, 1 excluded. */
  readonly random: () => number;
  /** Alerts that are kept; beyond it the oldest closed ones go. */
  readonly alerts_max?: number;
}

export interface AlertServiceStats {
  /** Records that the rules keep. */
  readonly states: number;
  /** Alerts removed at the bound since the start. */
  readonly forgotten: number;
  /** Messages by channel and state. */
  readonly notifications: readonly {
    readonly channel: string;
    readonly state: NotificationState;
    readonly count: number;
  }[];
  /** Of each configured channel. */
  readonly channels: readonly ChannelStats[];
  /** Why the last write failed, while it is still being tried again. */
  readonly trouble: string | null;
}
