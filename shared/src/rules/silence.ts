import type { Kind, StoredReading } from "../model/reading.ts";
import type { Rule } from "../model/rule.ts";
import { alertId, type Effect, type Subject } from "./effect.ts";
import { hasKnownTime } from "./series.ts";
import { transitions } from "./transitions.ts";

/**
 * A gateway counts as caught up when it is connected and owes no more than `settled` readings, and as behind again when
 * it owes more than `behind`: what is merely on its way must not look like a backlog.
 */
export const backlog_readings = { settled: 200, behind: 20_000 } as const;
/** A gateway that wasn't heard for longer was away: its sensors get their full time anew, since they may have been off with it. */
export const blip_ms_max = 60_000;

/** When something last came from a device, or of a series, by a clock to be believed. */
export interface DeviceState {
  readonly type: "device";
  readonly heardAt: number;
}

/** Whether a gateway's sensors can be judged: a silent sensor, an offline gateway and a backlog are different things (I7). */
export interface GatewayState {
  readonly type: "gateway";
  readonly heardAt: number | null;
  /** Since when it has been heard without a break beyond `blip_ms_max`. */
  readonly since: number | null;
  readonly caughtUp: boolean;
}

/** A silence that was raised. */
export interface SilenceState extends Subject {
  readonly type: "silence";
  readonly alert: string;
  /** When the silence began. */
  readonly since: number;
}

/** What a tick watches: one rule and one device, series or gateway. */
export interface SilenceWatch {
  readonly key: string;
  readonly site: string;
  readonly rule: Rule;
  readonly gateway: string;
  /** Null where the gateway itself is watched. */
  readonly device: string | null;
  /** Where one series is watched, which. */
  readonly measure: Kind | null;
  readonly channel: string | null;
  /** The key of the record that says when it was last heard; null where the gateway itself is watched. */
  readonly heard: string | null;
  /** Silence that raises, the rule's `for` included. */
  readonly after_ms: number;
}

export interface SilenceStep {
  readonly state: SilenceState | null;
  readonly effects: readonly Effect[];
}

export function heardDevice(
  state: DeviceState | undefined,
  reading: StoredReading,
  now: number,
): DeviceState | undefined {
  // what the edge says for a device that is gone, or of itself, is no sign of life
  if (reading.kind === "gap" || reading.kind === "clock" || (reading.kind === "state" && reading.value === 0))
    return state;
  const at = hasKnownTime(reading, now) ? Math.min(now, Math.max(reading.at, reading.receivedAt)) : now;
  return state !== undefined && state.heardAt >= at ? state : { type: "device", heardAt: at };
}

export interface GatewayReport {
  readonly gateway: string;
  readonly connected: boolean;
  /** When anything last came from it, epoch milliseconds by the clock of `now`; null if never. */
  readonly heardAt: number | null;
  /** Readings that it still has to hand over; null where it hasn't said. */
  readonly backlog: number | null;
}

export function heardGateway(state: GatewayState | undefined, report: GatewayReport): GatewayState {
  const { connected, backlog } = report;
  const before = state?.heardAt ?? null;
  const heardAt = report.heardAt === null ? before : Math.max(report.heardAt, before ?? 0);
  const away = heardAt !== null && (before === null || heardAt - before > blip_ms_max);
  const owed_max = state?.caughtUp === true ? backlog_readings.behind : backlog_readings.settled;
  return {
    type: "gateway",
    heardAt,
    since: away ? heardAt : (state?.since ?? null),
    caughtUp: connected && backlog !== null && backlog <= owed_max,
  };
}

/**
 * Judges one silence. `watchedSince`: since when anyone has watched at all; `listeningSince`: since when without a
 * break, because what could not be heard was not silent.
 */
export function stepSilence(
  watch: SilenceWatch,
  state: SilenceState | undefined,
  device: DeviceState | undefined,
  gateway: GatewayState | undefined,
  time: { readonly now: number; readonly watchedSince: number; readonly listeningSince: number },
): SilenceStep | undefined {
  const heardAt = (watch.device === null ? gateway?.heardAt : device?.heardAt) ?? time.watchedSince;
  const phase = state === undefined ? "normal" : "raised";
  if (state !== undefined && heardAt > state.since) {
    const { effect } = transitions[phase].inactive;
    return { state: null, effects: effect === null ? [] : [effectOf(effect, state, heardAt)] };
  }
  const due = dueAt(watch, heardAt, gateway, time.listeningSince);
  if (due === null || time.now < due) return undefined;
  const { effect } = transitions[phase].sustained;
  if (effect === null) return undefined;
  const subject: Subject = {
    site: watch.site,
    rule: watch.rule.id,
    gateway: watch.gateway,
    device: watch.device,
    measure: watch.measure,
    channel: watch.channel,
  };
  const raised: SilenceState = { ...subject, type: "silence", alert: alertId(subject, heardAt), since: heardAt };
  return { state: raised, effects: [effectOf(effect, raised, due)] };
}

/** The device or gateway is no longer watched. */
export function dropSilence(state: SilenceState, now: number): Effect {
  return effectOf("clear", state, now);
}

/** When the silence is to be raised; null where it can't be told. */
function dueAt(
  watch: SilenceWatch,
  heardAt: number,
  gateway: GatewayState | undefined,
  listeningSince: number,
): number | null {
  if (watch.device === null) return Math.max(heardAt, listeningSince) + watch.after_ms;
  if (gateway === undefined || gateway.heardAt === null || gateway.since === null || !gateway.caughtUp) return null;
  const due = Math.max(heardAt, gateway.since) + watch.after_ms;
  // only a gateway that was heard after the device should have been bears witness to the device's silence
  return gateway.heardAt >= due ? due : null;
}

function effectOf(kind: Effect["kind"], state: SilenceState, at: number): Effect {
  const { type: _, since, ...about } = state;
  return { ...about, kind, onset: since, at, value: null };
}
