import { seriesOf } from "@gengfu/shared/model/reading";
import type { LiveEvent, Reading } from "../api/types.ts";
import { newerAlert } from "./alerts.ts";
import { CopyOnWrite } from "./copy-on-write.ts";
import { count } from "./counters.ts";
import { extendTrend } from "./trends.ts";
import { bounds, trendKinds, type World } from "./world.ts";

/**
 * Takes in a batch of the live stream. Pure, and indifferent to events that come twice or out of order. Slices that
 * nothing changed stay the same objects, so that only what changed is drawn again.
 */
export function applyEvents(world: World, events: readonly LiveEvent[]): World {
  if (events.length === 0) return world;
  const alerts = new CopyOnWrite(world.alerts);
  const rounds = new CopyOnWrite(world.rounds);
  const gateways = new CopyOnWrite(world.gateways);
  const readings = new ReadingsDraft(world);
  for (const event of events) {
    switch (event.type) {
      case "reading":
        readings.take(event.reading);
        break;
      case "alert":
        alerts.set(event.alert.id, newerAlert(alerts.get(event.alert.id), event.alert));
        break;
      case "round":
        rounds.set(event.round.id, event.round);
        break;
      case "gateway":
        gateways.set(event.gateway.id, event.gateway);
        break;
    }
  }
  return {
    ...world,
    ...readings.finish(),
    alerts: alerts.finish(bounds.alerts),
    rounds: rounds.finish(bounds.rounds),
    gateways: gateways.finish(bounds.gateways),
  };
}

class ReadingsDraft {
  readonly #latest;
  readonly #contacts;
  readonly #counters;
  readonly #devices;
  readonly #trends;
  readonly #ofTrend = new Map<string, Reading[]>();
  readonly #knownTaps: readonly Reading[];
  readonly #taps: Reading[] = [];

  constructor({ latest, contacts, counters, devices, trends, taps }: World) {
    this.#latest = new CopyOnWrite(latest);
    this.#contacts = new CopyOnWrite(contacts);
    this.#counters = new CopyOnWrite(counters);
    this.#devices = new CopyOnWrite(devices);
    this.#trends = new CopyOnWrite(trends);
    this.#knownTaps = taps;
  }

  take(reading: Reading): void {
    const { device, kind, at, value } = reading;
    const series = seriesOf(reading);
    this.#see(reading);
    if (kind === "tap") this.#taps.push(reading);
    if (kind === "count" && value !== null) {
      this.#counters.set(device, count(this.#counters.get(device), at, value));
    }
    if ((trendKinds as readonly string[]).includes(kind)) {
      const listed = this.#ofTrend.get(series);
      if (listed === undefined) this.#ofTrend.set(series, [reading]);
      else listed.push(reading);
    }
    const known = this.#latest.get(series);
    if (known !== undefined && !isNewer(reading, known)) return;
    this.#latest.set(series, reading);
    if (kind === "contact" && value !== null) this.#turn(series, at, value === 1);
  }

  finish(): Pick<World, "latest" | "contacts" | "counters" | "devices" | "trends" | "taps"> {
    for (const [series, readings] of this.#ofTrend) {
      this.#trends.set(series, extendTrend(this.#trends.get(series) ?? [], readings));
    }
    return {
      latest: this.#latest.finish(bounds.series),
      contacts: this.#contacts.finish(bounds.series),
      counters: this.#counters.finish(bounds.series),
      devices: this.#devices.finish(bounds.series),
      trends: this.#trends.finish(bounds.series),
      taps: this.#taps.length === 0 ? this.#knownTaps : mergeTaps(this.#knownTaps, this.#taps),
    };
  }

  #see({ device, kind, at, receivedAt, value }: Reading): void {
    const known = this.#devices.get(device);
    const lastSeenAt = Math.max(known?.lastSeenAt ?? 0, receivedAt ?? at);
    let state = known?.state ?? "unknown";
    const lastState = this.#latest.get(seriesOf({ device, kind: "state", channel: null }));
    if (kind === "state" && at >= (lastState?.at ?? 0)) state = value === 1 ? "online" : "offline";
    // what speaks is not silent; but `unknown` may be since a backlog comes in, and then this is not of now
    else if (state === "silent" || (known?.lastSeenAt ?? null) === null) state = "online";
    this.#devices.set(device, { id: device, lastSeenAt, state });
  }

  #turn(series: string, at: number, closed: boolean): void {
    const known = this.#contacts.get(series);
    if (known?.closed === closed) return;
    this.#contacts.set(series, { closed, since: at, certain: known !== undefined });
  }
}

/** By time; by the gateway's count where its clock can't be believed, which may be years behind. */
function isNewer(reading: Reading, known: Reading): boolean {
  const isUnsure = reading.clock === "unsynchronised" || known.clock === "unsynchronised";
  if (isUnsure) return reading.gateway !== known.gateway || reading.epoch !== known.epoch || reading.seq > known.seq;
  return reading.at > known.at || (reading.at === known.at && reading.seq > known.seq);
}

/** Newest first, each once. */
export function mergeTaps(known: readonly Reading[], more: readonly Reading[]): readonly Reading[] {
  const byIdentity = new Map(known.map((tap) => [identityOf(tap), tap]));
  for (const tap of more) byIdentity.set(identityOf(tap), tap);
  return [...byIdentity.values()].sort((a, b) => b.at - a.at || b.seq - a.seq).slice(0, bounds.taps);
}

/** Not by epoch: a store that keeps points only doesn't tell it. */
function identityOf({ gateway, seq, at }: Reading): string {
  return `${gateway}/${seq}/${at}`;
}
