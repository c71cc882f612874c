import { deviceKinds, seriesOf, type Kind, type StoredReading } from "@gengfu/shared/model/reading";
import { gatewayOf, type Site, type SiteDevice } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";

/** Silent after so long where neither the device nor a rule says otherwise. */
const silentAfter_ms = 10 * 60_000;
/** Devices that the site's file doesn't know, at most: a gateway may know a newer file. */
const strangers_max = 1_000;
const channels_max = 64;

/**
 * online: heard in time. offline: its connection to the gateway ended. silent: connected, as far as known, but nothing
 * came for too long. unknown: it was never heard, or its gateway is away or behind and so can't tell.
 */
export const deviceStates = ["online", "offline", "silent", "unknown"] as const;
export type DeviceState = (typeof deviceStates)[number];

export interface GatewayPresence {
  readonly connected: boolean;
  readonly backlog: number | null;
}

export interface DeviceView {
  readonly id: string;
  readonly device: SiteDevice | undefined;
  readonly gateway: string;
  readonly kinds: readonly Kind[];
  /** When the edge last took anything in from it, epoch milliseconds; null if never. */
  readonly lastSeenAt: number | null;
  readonly state: DeviceState;
  /** The newest reading of each series, by `kind` or `kind/channel`. */
  readonly last: ReadonlyMap<string, StoredReading>;
}

interface Known {
  gateway: string;
  lastSeenAt: number;
  connection: StoredReading | undefined;
  last: Map<string, StoredReading>;
}

export interface DeviceStatesOptions {
  readonly sites: readonly Site[];
  readonly clock: Clock;
  readonly gateway: (id: string) => GatewayPresence | undefined;
}

/**
 * The newest of every device. Readings may come again and in any order: the newest by its own time stays, or by the
 * gateway's count where the time is unsure.
 */
export class DeviceStates {
  readonly #options: DeviceStatesOptions;
  readonly #site = new Map<string, { site: Site; device: SiteDevice }>();
  readonly #known = new Map<string, Known>();
  #ignored = 0;

  constructor(options: DeviceStatesOptions) {
    this.#options = options;
    for (const site of options.sites) for (const device of site.devices) this.#site.set(device.id, { site, device });
  }

  /** Readings not taken since there were too many unknown devices or channels. */
  get ignored(): number {
    return this.#ignored;
  }

  add(readings: Iterable<StoredReading>): void {
    const now = this.#options.clock.now();
    for (const reading of readings) {
      if (reading.kind === "gap" || reading.kind === "clock") continue;
      const known = this.#known.get(reading.device) ?? this.#admit(reading);
      if (known === undefined) continue;
      // an edge whose clock runs ahead must not make its devices look heard for ever, nor one behind them silent
      const heardAt = reading.clock === "unsynchronised" ? now : Math.min(reading.receivedAt, now);
      known.lastSeenAt = Math.max(known.lastSeenAt, heardAt);
      if (reading.kind === "state") {
        if (!isOlder(reading, known.connection)) known.connection = reading;
      } else if (reading.kind !== "quarantine") {
        const series = seriesOf(reading);
        const newest = known.last.get(series);
        if (newest === undefined && known.last.size >= channels_max) this.#ignored += 1;
        else if (!isOlder(reading, newest)) known.last.set(series, reading);
      }
    }
  }

  /** All devices of the sites, in their order, then those that only a gateway knows. */
  list(): DeviceView[] {
    const strangers = [...this.#known.keys()].filter((id) => !this.#site.has(id)).sort();
    return [...this.#site.keys(), ...strangers].map((id) => this.#view(id));
  }

  #admit(reading: StoredReading): Known | undefined {
    if (!this.#site.has(reading.device) && this.#known.size >= this.#site.size + strangers_max) {
      this.#ignored += 1;
      return undefined;
    }
    const known = { gateway: reading.gateway, lastSeenAt: 0, connection: undefined, last: new Map() };
    this.#known.set(reading.device, known);
    return known;
  }

  #view(id: string): DeviceView {
    const entry = this.#site.get(id);
    const known = this.#known.get(id);
    const last = new Map<string, StoredReading>();
    for (const reading of known?.last.values() ?? []) {
      last.set(reading.channel === null ? reading.kind : `${reading.kind}/${reading.channel}`, reading);
    }
    const seen = new Set<Kind>([...(entry?.device.measures ?? []), ...last.values()].map(({ kind }) => kind));
    const gateway = entry === undefined ? (known?.gateway ?? "") : gatewayOf(entry.site, entry.device);
    return {
      id,
      device: entry?.device,
      gateway,
      kinds: deviceKinds.filter((kind) => seen.has(kind)),
      lastSeenAt: known?.lastSeenAt ?? null,
      state: known === undefined ? "unknown" : this.#state(entry, known, gateway),
      last,
    };
  }

  #state(entry: { site: Site; device: SiteDevice } | undefined, known: Known, gatewayId: string): DeviceState {
    const gateway = this.#options.gateway(gatewayId);
    if (gateway?.connected !== true) return "unknown";
    const { connection } = known;
    if (connection?.value === 0 && connection.receivedAt >= known.lastSeenAt) return "offline";
    const limit_ms = entry === undefined ? silentAfter_ms : silenceOf(entry.site, entry.device);
    if (this.#options.clock.now() - known.lastSeenAt <= limit_ms) return "online";
    // what it sent may still wait at the gateway
    return gateway.backlog === 0 ? "silent" : "unknown";
  }
}

function silenceOf(site: Site, device: SiteDevice): number {
  if (device.silent_after !== undefined) return device.silent_after;
  const limits = site.rules.flatMap(({ when }) =>
    when.type === "device_silent" && (when.device === undefined || when.device === device.id) ? [when.after] : [],
  );
  return limits.length === 0 ? silentAfter_ms : Math.min(...limits);
}

function isOlder(reading: StoredReading, than: StoredReading | undefined): boolean {
  if (than === undefined) return false;
  // a time that nobody knows says nothing: the gateway's count does, and without it what came last is the newest
  if (reading.clock === "unsynchronised" || than.clock === "unsynchronised") {
    return reading.gateway === than.gateway && reading.epoch === than.epoch && reading.seq < than.seq;
  }
  return reading.at === than.at ? reading.seq < than.seq : reading.at < than.at;
}
