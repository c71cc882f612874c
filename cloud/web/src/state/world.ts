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

/** All that the page shows of the site. Immutable: a step shares with the one before what it did not change. */
export interface World {
  readonly site: Site | null;
  /** The newest reading of each series, by `seriesOf`. */
  readonly latest: ReadonlyMap<string, Reading>;
  readonly contacts: ReadonlyMap<string, ContactState>;
  readonly trends: ReadonlyMap<string, readonly SeriesPoint[]>;
  /** By device. */
  readonly counters: ReadonlyMap<string, Counter>;
  /** Of the site's day, newest first. */
  readonly taps: readonly Reading[];
  readonly devices: ReadonlyMap<string, DeviceSeen>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly rounds: ReadonlyMap<string, Round>;
  readonly quarantine: readonly Quarantined[];
  readonly unclaimed: readonly Unclaimed[];
}

export type DeviceSeen = Omit<Device, "last">;

export interface ContactState {
  readonly closed: boolean;
  /** When it took this state, or the oldest reading that shows it where the change itself isn't known. */
  readonly since: number;
  readonly certain: boolean;
}

export interface Counter {
  /** Pulses since the site's midnight. */
  readonly today: number;
  /** What the device's own counter stood at, and when. */
  readonly total: number;
  readonly at: number;
}

/** Nothing that the page holds grows without end. */
export const bounds = {
  series: 2_000,
  trend_points: 181,
  taps: 300,
  alerts: 500,
  gateways: 200,
  rounds: 200,
  quarantine: 100,
  unclaimed: 200,
} as const;

/** Trends cover six hours in buckets of two minutes. */
export const trend = { every_ms: 120_000, span_ms: 6 * 3_600_000 } as const;

/** Kinds that are drawn as trends. */
export const trendKinds = ["level", "temperature", "pressure"] as const;

export const emptyWorld: World = {
  site: null,
  latest: new Map(),
  contacts: new Map(),
  trends: new Map(),
  counters: new Map(),
  taps: [],
  devices: new Map(),
  gateways: new Map(),
  alerts: new Map(),
  rounds: new Map(),
  quarantine: [],
  unclaimed: [],
};
