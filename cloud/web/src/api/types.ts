import type { Interval } from "@gengfu/shared/intervals";
import type { Kind } from "@gengfu/shared/model/reading";
import type { Severity } from "@gengfu/shared/model/rule";
import type { Text } from "@gengfu/shared/model/text";

// the lists of the model, again: importing them as values would bring the schemas into the bundle
export const severities = ["critical", "warning", "info"] as const satisfies readonly Severity[];
export const kinds = [
  "tap",
  "level",
  "temperature",
  "pressure",
  "contact",
  "count",
  "status",
  "state",
  "quarantine",
  "gap",
  "clock",
] as const satisfies readonly Kind[];

/** What the console shows of the API's answers. Times are epoch milliseconds, UTC; null where nothing is known. */
export interface Session {
  readonly name: string;
  readonly rights: readonly string[];
}

export interface Named {
  readonly id: string;
  readonly name: Text;
}

export interface Measure {
  readonly kind: Kind;
  readonly channel: string | null;
  readonly name: Text | null;
  readonly min: number | null;
  readonly max: number | null;
}

export const deviceTypes = ["fire_panel", "tank", "boiler", "reader", "gate", "other"] as const;
export type DeviceType = (typeof deviceTypes)[number];

export interface SiteDevice extends Named {
  readonly type: DeviceType;
  readonly gateway: string | null;
  readonly measures: readonly Measure[];
}

export interface Checkpoint extends Named {
  readonly device: string | null;
  readonly tag: string | null;
}

export interface Person extends Named {
  readonly card: string | null;
}

export interface Condition {
  readonly type: "contact" | "above" | "below" | "device_silent" | "gateway_silent";
  readonly kind: Kind | null;
  readonly device: string | null;
  readonly channel: string | null;
  readonly closed: boolean | null;
  readonly limit: number | null;
  readonly clear: number | null;
  readonly after_ms: number | null;
}

export interface Rule extends Named {
  readonly severity: Severity;
  readonly when: Condition;
  readonly advice: Text | null;
}

export interface Site extends Named {
  readonly timeZone: string;
  readonly gateways: readonly Named[];
  readonly devices: readonly SiteDevice[];
  readonly checkpoints: readonly Checkpoint[];
  /** What guards report by tapping a card that stands for it. */
  readonly defects: readonly Named[];
  readonly people: readonly Person[];
  readonly rules: readonly Rule[];
  /** Which channels are set up; those that aren't give notifications that "would be sent". */
  readonly notifications: Readonly<Record<string, boolean>>;
}

export interface Reading {
  readonly gateway: string;
  readonly epoch: number | null;
  readonly seq: number;
  readonly device: string;
  readonly kind: Kind;
  readonly channel: string | null;
  readonly at: number;
  readonly receivedAt: number | null;
  readonly clock: string | null;
  readonly value: number | null;
  /** What a reading has besides its value, such as `guard_name` of a tap or `battery_volts` of a status. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface SeriesPoint {
  readonly at: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly count: number;
}

export interface Device {
  readonly id: string;
  readonly lastSeenAt: number | null;
  /** `online`, `offline`, `silent` or whatever else the service says. */
  readonly state: string;
  readonly last: readonly Reading[];
}

export interface Gateway {
  readonly id: string;
  readonly connected: boolean;
  readonly lastSeenAt: number | null;
  /** Readings that still wait there; null before its first status. */
  readonly backlog: number | null;
  readonly queued: { readonly events: number; readonly samples: number } | null;
  readonly missing: readonly Interval[];
  /** What goes to its disk; null where it says nothing of it. */
  readonly disk: { readonly today_bytes: number; readonly yesterday_bytes: number | null } | null;
  readonly clock: string | null;
  readonly troubles: readonly string[];
}

export const alertStates = ["pending", "firing", "acknowledged", "cleared", "closed"] as const;
export type AlertState = (typeof alertStates)[number];

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: AlertState;
  readonly name: Text | null;
  readonly message: Text | null;
  readonly advice: Text | null;
  readonly gateway: string | null;
  /** Null where the alert is about a gateway. */
  readonly device: string | null;
  readonly channel: string | null;
  /** Null where it is about silence. */
  readonly kind: Kind | null;
  /** What raised it, in the kind's unit. */
  readonly value: number | null;
  readonly raisedAt: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly clearedAt: number | null;
  readonly closedAt: number | null;
  readonly cause: string | null;
}

export interface Notification {
  readonly id: string;
  readonly channel: string;
  readonly target: string | null;
  /** `pending`, `sent`, `failed`, `would_be_sent` or whatever else the service says. */
  readonly state: string;
  /** `cleared` where it says that the alert cleared. */
  readonly about: string | null;
  readonly attempts: number;
  readonly createdAt: number | null;
  readonly sentAt: number | null;
  readonly error: string | null;
  readonly text: string | null;
}

export const roundStates = ["upcoming", "open", "complete", "incomplete", "missed"] as const;
export type RoundState = (typeof roundStates)[number];

export interface RoundCheckpoint extends Named {
  readonly tapAt: number | null;
  /** The person's id. */
  readonly guard: string | null;
  readonly guardName: string | null;
}

export interface Round extends Named {
  readonly route: string;
  readonly date: string;
  readonly window: { readonly from: number; readonly to: number };
  readonly state: RoundState;
  /** Taps may still be on their way, or bear a doubtful time: absence is then no verdict on anyone. */
  readonly provisional: boolean;
  readonly checkpoints: readonly RoundCheckpoint[];
  readonly reasons: readonly Text[];
}

export interface Quarantined {
  readonly at: number;
  readonly device: string | null;
  readonly topic: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly path: string | null;
  readonly payload: string | null;
}

/** Someone who speaks to a gateway and is in no configuration. */
export interface Unclaimed {
  readonly gateway: string;
  /** The bridge through which it speaks; empty for one that was refused at its sign-on. */
  readonly via: string;
  readonly name: string;
  /** `unknown_device`, `no_mapping`, `not_measured`, `not_signed_on` or whatever else the service says. */
  readonly reason: string;
  readonly count: number;
  readonly lastSeenAt: number | null;
  readonly topics: readonly { readonly topic: string; readonly payload: string }[];
  /** What could stand in site.yaml and edge.yaml for it. */
  readonly proposal: { readonly site: string | null; readonly edge: string | null };
}

/** What the live stream tells. */
export type LiveEvent =
  | { readonly type: "reading"; readonly reading: Reading }
  | { readonly type: "alert"; readonly alert: Alert }
  | { readonly type: "round"; readonly round: Round }
  | { readonly type: "gateway"; readonly gateway: Gateway };
