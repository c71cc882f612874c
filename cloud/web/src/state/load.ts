import { seriesOf } from "@gengfu/shared/model/reading";
import type { Api } from "../api/endpoints.ts";
import type {
  Alert,
  Device,
  Gateway,
  Quarantined,
  Reading,
  Round,
  SeriesPoint,
  Site,
  Unclaimed,
} from "../api/types.ts";
import { dateOf, startOfDay } from "../text/zone.ts";
import { count, countDay } from "./counters.ts";
import { measuresOf } from "./limits.ts";
import { bounds, type ContactState, type DeviceSeen, trend, trendKinds, type World } from "./world.ts";

/** What is fetched first, so that the page stands; the histories behind it follow with `loadHistories`. */
export interface Essentials {
  readonly site: Site;
  readonly devices: readonly Device[];
  readonly gateways: readonly Gateway[];
  readonly alerts: readonly Alert[];
  readonly rounds: readonly Round[];
  readonly taps: readonly Reading[];
  readonly quarantine: readonly Quarantined[];
  readonly unclaimed: readonly Unclaimed[];
}

export async function fetchEssentials(api: Api, now: number, signal: AbortSignal): Promise<Essentials> {
  const site = await api.site(signal);
  const dayStart = startOfDay(now, site.timeZone);
  const [devices, gateways, open, ofToday, rounds, overnight, taps, quarantine, unclaimed] = await Promise.all([
    api.devices(signal),
    api.gateways(signal),
    api.openAlerts(signal),
    api.alertsSince(dayStart, signal),
    api.rounds(dateOf(now, site.timeZone), signal),
    // a round of last night may reach into today
    api.rounds(dateOf(dayStart - 1, site.timeZone), signal),
    api.readings({ kind: "tap", from: dayStart, limit: bounds.taps }, signal),
    api.quarantine(bounds.quarantine, signal),
    api.unclaimed(signal),
  ]);
  return {
    site,
    devices,
    gateways,
    alerts: [...open, ...ofToday],
    rounds: [...overnight.filter(({ window }) => window.to > dayStart), ...rounds],
    taps,
    quarantine,
    unclaimed: unclaimed.slice(0, bounds.unclaimed),
  };
}

/** Builds the world anew, keeping from the one before only the histories, which are merged when they come. */
export function worldOf(essentials: Essentials, before: World): World {
  const { site, devices, gateways, alerts, rounds, taps, quarantine, unclaimed } = essentials;
  const latest = new Map(devices.flatMap(({ last }) => last.map((reading) => [seriesOf(reading), reading])));
  const sameSite = before.site?.id === site.id;
  return {
    site,
    latest,
    contacts: new Map(
      [...latest].flatMap(([series, { kind, value, at }]): [string, ContactState][] => {
        if (kind !== "contact" || value === null) return [];
        const known = sameSite ? before.contacts.get(series) : undefined;
        const closed = value === 1;
        return [[series, known?.closed === closed ? known : { closed, since: at, certain: false }]];
      }),
    ),
    trends: sameSite ? before.trends : new Map(),
    counters: sameSite ? before.counters : new Map(),
    taps,
    devices: seenOf(devices),
    gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])),
    alerts: new Map(alerts.map((alert) => [alert.id, alert])),
    rounds: new Map(rounds.map((round) => [round.id, round])),
    quarantine,
    unclaimed,
  };
}

/** One history of one series, as a change to the world. */
export type History =
  | { readonly kind: "trend"; readonly series: string; readonly points: readonly SeriesPoint[] }
  | { readonly kind: "contact"; readonly series: string; readonly readings: readonly Reading[] }
  | {
      readonly kind: "counter";
      readonly device: string;
      readonly points: readonly SeriesPoint[];
      readonly dayStart: number;
      readonly to: number;
    };

const counterEvery_ms = 300_000;
const contactReadings = 100;

/** Fetches the histories, at most four at a time, and hands each on as it comes. */
export async function fetchHistories(
  api: Api,
  site: Site,
  now: number,
  signal: AbortSignal,
  deliver: (history: History) => void,
): Promise<void> {
  const dayStart = startOfDay(now, site.timeZone);
  const jobs: (() => Promise<History>)[] = [
    ...measuresOf(site, "contact").map(({ device, measure: { channel } }) => async (): Promise<History> => {
      const readings = await api.readings({ kind: "contact", device, channel, limit: contactReadings }, signal);
      return { kind: "contact", series: seriesOf({ device, kind: "contact", channel }), readings };
    }),
    ...measuresOf(site, "count").map(({ device, measure: { channel } }) => async (): Promise<History> => {
      const from = dayStart - counterEvery_ms;
      const points = await api.series(
        { kind: "count", device, channel, from, to: now, every_ms: counterEvery_ms },
        signal,
      );
      return { kind: "counter", device, points, dayStart, to: now };
    }),
    ...trendKinds.flatMap((kind) =>
      measuresOf(site, kind).map(({ device, measure: { channel } }) => async (): Promise<History> => {
        const from = Math.floor((now - trend.span_ms) / trend.every_ms) * trend.every_ms;
        const points = await api.series({ kind, device, channel, from, to: now, every_ms: trend.every_ms }, signal);
        return { kind: "trend", series: seriesOf({ device, kind, channel }), points };
      }),
    ),
  ];
  const queue = jobs.slice(0, bounds.series).values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const job of queue) deliver(await job());
    }),
  );
}

export function withHistory(world: World, history: History): World {
  switch (history.kind) {
    case "trend": {
      const { series, points } = history;
      const end = points.at(-1)?.at ?? 0;
      // what the live stream brought while the history was under way
      const since = (world.trends.get(series) ?? []).filter(({ at }) => at > end);
      const merged = [...points, ...since].slice(-bounds.trend_points);
      return { ...world, trends: new Map(world.trends).set(series, merged) };
    }
    case "contact": {
      const found = lastChange(history.readings);
      const known = world.contacts.get(history.series);
      if (found === null || (known !== undefined && (known.closed !== found.closed || known.certain))) return world;
      return { ...world, contacts: new Map(world.contacts).set(history.series, found) };
    }
    case "counter": {
      const ofDay = countDay(history.points, history.dayStart, history.to);
      if (ofDay === null) return world;
      const known = world.counters.get(history.device);
      const counter = known === undefined ? ofDay : count(ofDay, known.at, known.total);
      return { ...world, counters: new Map(world.counters).set(history.device, counter) };
    }
  }
}

/** Since when a contact has been as it is, from its readings, newest first. */
export function lastChange(readings: readonly Reading[]): ContactState | null {
  const newest = readings[0];
  if (newest === undefined || newest.value === null) return null;
  const change = readings.findIndex(({ value }) => value !== newest.value);
  const oldest = readings[change < 0 ? readings.length - 1 : change - 1] ?? newest;
  return { closed: newest.value === 1, since: oldest.at, certain: change >= 0 };
}

/** What a poll of the devices tells besides their readings. */
export function seenOf(devices: readonly Device[]): ReadonlyMap<string, DeviceSeen> {
  return new Map(devices.map(({ last: _last, ...seen }) => [seen.id, seen]));
}
