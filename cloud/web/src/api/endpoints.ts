import type { Kind } from "@gengfu/shared/model/reading";
import { Fields, listOf } from "./decode.ts";
import { ApiError, type Call, type Http } from "./http.ts";
import {
  alertOf,
  deviceOf,
  gatewayOf,
  notificationOf,
  quarantinedOf,
  readingOf,
  roundOf,
  seriesPointOf,
  sessionOf,
  unclaimedOf,
} from "./shapes.ts";
import { siteOf } from "./site-shape.ts";
import type {
  Alert,
  Device,
  Gateway,
  Notification,
  Quarantined,
  Reading,
  Round,
  SeriesPoint,
  Session,
  Site,
  Unclaimed,
} from "./types.ts";

export interface ReadingsQuery {
  readonly kind: Kind;
  readonly device?: string;
  /** Null for readings that have none; every channel without it. */
  readonly channel?: string | null;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
}

export interface SeriesQuery {
  readonly kind: Kind;
  readonly device: string;
  readonly channel: string | null;
  readonly from: number;
  readonly to: number;
  readonly every_ms: number;
}

/** The calls that the console makes, typed. Each throws ApiError; `signal` ends it early. */
export interface Api {
  session(signal?: AbortSignal): Promise<Session>;
  signIn(token: string): Promise<Session>;
  signOut(): Promise<void>;
  site(signal?: AbortSignal): Promise<Site>;
  devices(signal?: AbortSignal): Promise<Device[]>;
  gateways(signal?: AbortSignal): Promise<Gateway[]>;
  openAlerts(signal?: AbortSignal): Promise<Alert[]>;
  /** All alerts raised since then, also those that are closed. */
  alertsSince(from: number, signal?: AbortSignal): Promise<Alert[]>;
  readings(query: ReadingsQuery, signal?: AbortSignal): Promise<Reading[]>;
  series(query: SeriesQuery, signal?: AbortSignal): Promise<SeriesPoint[]>;
  rounds(date: string, signal?: AbortSignal): Promise<Round[]>;
  quarantine(limit: number, signal?: AbortSignal): Promise<Quarantined[]>;
  unclaimed(signal?: AbortSignal): Promise<Unclaimed[]>;
  notifications(alert: string, signal?: AbortSignal): Promise<Notification[]>;
  acknowledge(alert: string, by: string, note: string): Promise<Alert>;
  close(alert: string, by: string, cause: string): Promise<Alert>;
}

export function createApi(http: Http): Api {
  const listed = async <T>(
    path: string,
    key: string,
    decode: (item: unknown) => T | null,
    call: Call,
  ): Promise<T[]> => {
    const answer = await http.call(path, call);
    return Array.isArray(answer) ? listOf(answer, decode) : new Fields(answer).list(key, decode);
  };
  const one = async <T>(path: string, decode: (item: unknown) => T | null, call: Call): Promise<T> => {
    const decoded = decode(await http.call(path, call));
    if (decoded === null) throw new ApiError("server", `the answer of ${path} lacks what it must have`);
    return decoded;
  };
  const alert = (id: string): string => `/alerts/${encodeURIComponent(id)}`;
  // an answer may be the alert itself or hold it
  const held = (input: unknown): Alert | null => alertOf(input) ?? alertOf(new Fields(input).raw("alert"));

  return {
    session: (signal) => one("/session", sessionOf, withSignal(signal)),
    async signIn(token) {
      const answer = await http.call("/session", { method: "POST", body: { token } });
      return sessionOf(answer) ?? one("/session", sessionOf, {});
    },
    async signOut() {
      await http.call("/session", { method: "DELETE" });
    },
    site: (signal) => one("/site", siteOf, withSignal(signal)),
    devices: (signal) => listed("/devices", "devices", deviceOf, withSignal(signal)),
    gateways: (signal) => listed("/gateways", "gateways", gatewayOf, withSignal(signal)),
    openAlerts: (signal) => listed("/alerts", "alerts", alertOf, { query: { state: "open" }, ...withSignal(signal) }),
    alertsSince: (from, signal) => listed("/alerts", "alerts", alertOf, { query: { from }, ...withSignal(signal) }),
    readings: ({ kind, device = null, channel, from = null, to = null, limit }, signal) =>
      listed("/readings", "readings", readingOf, {
        query: { kind, device, channel: channelIn(channel), from, to, limit },
        ...withSignal(signal),
      }),
    series: ({ kind, device, channel, from, to, every_ms }, signal) =>
      listed("/readings/series", "points", seriesPointOf, {
        query: { kind, device, channel: channelIn(channel), from, to, every: every_ms },
        ...withSignal(signal),
      }),
    rounds: (date, signal) => listed("/rounds", "rounds", roundOf, { query: { date }, ...withSignal(signal) }),
    quarantine: (limit, signal) =>
      listed("/quarantine", "quarantine", quarantinedOf, { query: { limit }, ...withSignal(signal) }),
    unclaimed: (signal) => listed("/unclaimed", "unclaimed", unclaimedOf, withSignal(signal)),
    notifications: (id, signal) =>
      listed("/notifications", "notifications", notificationOf, { query: { alert: id }, ...withSignal(signal) }),
    acknowledge: (id, by, note) =>
      one(`${alert(id)}/acknowledge`, held, { method: "POST", body: note === "" ? { by } : { by, note } }),
    close: (id, by, cause) => one(`${alert(id)}/close`, held, { method: "POST", body: { by, cause } }),
  };
}

/** A query says `-` for readings without channel, and nothing where it wants all of them. */
function channelIn(channel: string | null | undefined): string | null {
  return channel === undefined ? null : (channel ?? "-");
}

function withSignal(signal: AbortSignal | undefined): Call {
  return signal === undefined ? {} : { signal };
}
