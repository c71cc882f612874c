/**
 * The reading: the one thing that flows. It has the same flat shape for every kind, so that it is quick to make, to
 * encode and to store: a number in `value` where the kind has one, everything else of the kind in `detail`.
 */

/** What devices report, as the contract names it. */
export const deviceKinds = ["tap", "level", "temperature", "pressure", "contact", "count", "status"] as const;
export type DeviceKind = (typeof deviceKinds)[number];

/**
 * What flows beside them: `state` (1 online, 0 offline, from a device's retained state or last will), `quarantine` (a
 * payload that broke the contract), `gap` (what the edge had to drop at a bound) and `clock` (the time of a gateway's
 * boot, by which readings that it sent with an unsure time are corrected).
 */
export const kinds = [...deviceKinds, "state", "quarantine", "gap", "clock"] as const;
export type Kind = (typeof kinds)[number];

/** Kinds that measure nothing: they tell of the way that readings take, and are shown only to who asks for them. */
const asides: readonly Kind[] = ["quarantine", "gap", "clock"];

export function isAside(kind: Kind): boolean {
  return asides.includes(kind);
}

/** Kinds whose `value` is a number; the unit is the contract's (m, degC, kPa, 1/0 for a contact, pulses). */
export const scalarKinds = ["level", "temperature", "pressure", "contact", "count", "state"] as const;

/** Events overtake samples on every hop, and go last when something must go (I4, I6). */
export const lanes = ["events", "samples"] as const;
export type Lane = (typeof lanes)[number];

const laneOfKind: Record<Kind, Lane> = {
  tap: "events",
  contact: "events",
  state: "events",
  gap: "events",
  clock: "events",
  level: "samples",
  temperature: "samples",
  pressure: "samples",
  count: "samples",
  status: "samples",
  quarantine: "samples",
};

export function laneOf(kind: Kind): Lane {
  return laneOfKind[kind];
}

/**
 * How the time of a reading is known: `device` told it; or the gateway did, by a clock that was `synchronised` or
 * `unsynchronised`; or it was `corrected` when the true time of the gateway became known.
 */
export const clockQualities = ["device", "synchronised", "unsynchronised", "corrected"] as const;
export type ClockQuality = (typeof clockQualities)[number];

export type DetailValue = string | number | boolean;
export type Detail = Readonly<Record<string, DetailValue>>;

/** A moment by the time of a machine that nobody can set. */
export interface SinceBoot {
  /** Names the run of the machine, of which there is one from power-on to power-off. */
  readonly boot: number;
  /** Milliseconds since that began. */
  readonly ms: number;
}

export interface Reading {
  readonly device: string;
  readonly kind: Kind;
  /** Null where the device has one of the kind. */
  readonly channel: string | null;
  /** When it was measured, epoch milliseconds UTC. */
  readonly at: number;
  /** When the edge took it in, by the edge's clock, epoch milliseconds UTC. */
  readonly receivedAt: number;
  readonly clock: ClockQuality;
  /** The same as `receivedAt`, by the machine's own time; only while nothing has confirmed the gateway's clock. */
  readonly sinceBoot?: SinceBoot;
  readonly value: number | null;
  /**
   * tap: `card` | `tag`, `guard`. status: `battery_volts`, `rssi_dbm`, `uptime_seconds`, `firmware`.
   * quarantine: `topic`, `code`, `message`, `path`, `payload`. gap: `lane`, `from`, `to` (all of that lane between two seqs), `reason`.
   * clock: `boot`, `offset_ms` (epoch milliseconds are milliseconds since that boot and this).
   */
  readonly detail: Detail | null;
}

/** A reading with its number at the gateway. */
export interface NumberedReading extends Reading {
  /** Contiguous for each gateway and epoch, from 1. */
  readonly seq: number;
}

/** A reading with its identity: (gateway, epoch, seq). The epoch changes when a gateway's log starts anew. */
export interface StoredReading extends NumberedReading {
  readonly gateway: string;
  readonly epoch: number;
}

/** The key of the series that a reading belongs to. */
export function seriesOf(reading: { device: string; kind: Kind; channel: string | null }): string {
  return `${reading.device}/${reading.kind}/${reading.channel ?? "-"}`;
}
