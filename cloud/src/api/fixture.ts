import { randomBytes } from "node:crypto";
import { memoryLog } from "@gengfu/shared/log/memory-log";
import { silentLogger } from "@gengfu/shared/logging";
import { isAside, type Kind, type StoredReading } from "@gengfu/shared/model/reading";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { ManualClock } from "@gengfu/shared/time/clock";
import type { Alert, AlertStep, AlertWithSteps, Notification } from "../alerts/alert.ts";
import type { AlertAnswer, AlertQuery } from "../alerts/alert-service.ts";
import { Findings } from "../findings/findings.ts";
import { findingSettings } from "../findings/settings.ts";
import type { GatewayView } from "../gateways/registry.ts";
import type { QuarantinedBatch } from "../ingress/batch-quarantine.ts";
import { DeviceStates } from "../live/device-states.ts";
import { LiveHub } from "../live/hub.ts";
import { Patrol } from "../patrol/patrol.ts";
import { siteFacts } from "../site-facts.ts";
import type { EmbeddedStore } from "../stores/embedded/embedded-store.ts";
import type { ReadingsQuery, SeriesPoint, SeriesQuery, Store } from "../stores/store.ts";
import type { AlertCalls } from "./alerts.ts";
import type { Check } from "./health.ts";
import { UnclaimedBook } from "../unclaimed/unclaimed-book.ts";
import { ReadingViews } from "./reading-view.ts";
import type { Api } from "./routes.ts";
import { createApi } from "./server.ts";
import type { TokenConfig } from "./tokens.ts";

/** Monday, 2026-01-05, 08:00 in China. */
export const now = Date.UTC(2026, 0, 5, 0, 0);

export const tokens = {
  viewer: { name: "wall", token: "viewer-token-1", role: "viewer" },
  manager: { name: "duty", token: "manager-token-1", role: "manager" },
  admin: { name: "owner", token: "admin-token-1", role: "admin" },
} as const;

export const testSite: Site = siteSchema.parse({
  id: "court",
  name: { zh: "法院", en: "Court" },
  gateways: [{ id: "main", name: { zh: "主楼", en: "Main" }, secret: "s" }],
  devices: [
    {
      id: "fire-panel",
      name: { zh: "消防主机", en: "Fire panel" },
      type: "fire_panel",
      secret: "s",
      measures: [{ kind: "contact", channel: "fire" }],
    },
    {
      id: "tank",
      name: { zh: "水箱", en: "Tank" },
      type: "tank",
      secret: "s",
      measures: [
        {
          kind: "level",
          min: 0,
          max: 3,
          tank: { shape: "rectangle", length_metres: 4, width_metres: 2, height_metres: 3 },
        },
      ],
      silent_after: "5m",
    },
    { id: "reader", name: "Reader", type: "reader", secret: "s", measures: [{ kind: "tap" }] },
  ],
  checkpoints: [{ id: "lobby", name: { zh: "大厅", en: "Lobby" }, device: "reader" }],
  routes: [
    {
      id: "day",
      name: { zh: "日巡", en: "Day round" },
      checkpoints: ["lobby"],
      rounds: [{ days: ["mon"], start: "06:00", end: "07:00" }],
    },
  ],
  people: [
    { id: "zhang", name: { zh: "张伟", en: "Zhang Wei" }, role: "guard", card: "04A1B2C3", phone: "13800000000" },
  ],
  rules: [
    {
      id: "tank-low",
      name: { zh: "水位低", en: "Tank low" },
      severity: "critical",
      when: { type: "below", kind: "level", device: "tank", limit: 1.5 },
      for: "10s",
    },
  ],
});

export function testReading(kind: Kind, device: string, at: number, more: Partial<StoredReading> = {}): StoredReading {
  const value = kind === "tap" || kind === "status" || kind === "quarantine" ? null : 1;
  const common = {
    gateway: "main",
    epoch: 7,
    seq: at - now + 1_000_000,
    channel: null,
    clock: "device",
    detail: null,
  } as const;
  return { ...common, device, kind, at, receivedAt: at + 5, value, ...more };
}

/** A store in memory, as plain as the port allows. */
export class MemoryStore implements Pick<Store, "readings" | "series">, Pick<EmbeddedStore, "unsure"> {
  readonly rows: StoredReading[] = [];
  /** When all of an unsure time was stored. */
  storedAt = now;
  failure: Error | undefined;

  unsure(kind: Kind, since: number): ReturnType<EmbeddedStore["unsure"]> {
    const { storedAt } = this;
    return this.rows
      .filter((row) => row.kind === kind && row.clock === "unsynchronised" && storedAt >= since)
      .map((reading) => ({ reading, storedAt }));
  }

  async readings({ kind, device, channel, from, to, limit }: ReadingsQuery): Promise<StoredReading[]> {
    if (this.failure !== undefined) throw this.failure;
    return this.rows
      .filter(
        (row) =>
          (kind === undefined ? !isAside(row.kind) : row.kind === kind) &&
          (device === undefined || row.device === device) &&
          (channel === undefined || (row.channel ?? "-") === channel) &&
          (from === undefined || row.at >= from) &&
          (to === undefined || row.at < to),
      )
      .sort((a, b) => b.at - a.at)
      .slice(0, limit);
  }

  async series({ every, ...query }: SeriesQuery): Promise<SeriesPoint[]> {
    const buckets = Map.groupBy(
      await this.readings({ ...query, limit: 1e6 }),
      ({ at }) => Math.floor(at / every) * every,
    );
    return [...buckets]
      .sort(([a], [b]) => a - b)
      .map(([at, rows]) => {
        const values = rows.map(({ value }) => value ?? 0);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        return { at, min: Math.min(...values), mean, max: Math.max(...values), count: values.length };
      });
  }
}

/** Alerts as the service keeps them, without its rules. */
export class MemoryAlerts implements AlertCalls {
  readonly alerts = new Map<string, Alert>();
  readonly steps = new Map<string, AlertStep[]>();
  readonly sent: Notification[] = [];
  query: AlertQuery | undefined;

  list(query?: AlertQuery): Alert[] {
    this.query = query;
    return [...this.alerts.values()].filter(({ state }) => query?.states?.includes(state) ?? true);
  }

  get(id: string): AlertWithSteps | undefined {
    const alert = this.alerts.get(id);
    return alert && { ...alert, steps: this.steps.get(id) ?? [] };
  }

  acknowledge(id: string, { by, note }: { by: string; note?: string | null }): AlertAnswer {
    const alert = this.get(id);
    if (alert === undefined) return { ok: false, reason: "unknown" };
    if (alert.acknowledgedAt !== null) return { ok: true, alert, changed: false };
    this.alerts.set(id, { ...alert, state: "acknowledged", acknowledgedAt: now, acknowledgedBy: by });
    this.#step(id, "acknowledged", by, note ?? null);
    return { ok: true, alert: { ...alert, ...this.get(id) }, changed: true };
  }

  close(id: string, { by, cause }: { by: string; cause: string }): AlertAnswer {
    const alert = this.get(id);
    if (alert === undefined) return { ok: false, reason: "unknown" };
    if (alert.state !== "cleared") return { ok: false, reason: "conflict", message: "it still fires" };
    this.alerts.set(id, { ...alert, state: "closed", closedAt: now, closedBy: by, cause });
    this.#step(id, "closed", by, cause);
    return { ok: true, alert: { ...alert, ...this.get(id) }, changed: true };
  }

  notifications(): Notification[] {
    return this.sent;
  }

  #step(alert: string, what: "acknowledged" | "closed", who: string, note: string | null): void {
    const before = this.steps.get(alert) ?? [];
    this.steps.set(alert, [
      ...before,
      { id: before.length + 1, alert, at: now, recordedAt: now, what, state: what, who, note },
    ]);
  }
}

export function testAlert(id: string, more: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: "tank-low",
    severity: "critical",
    state: "firing",
    site: "court",
    gateway: "main",
    device: "tank",
    channel: null,
    kind: "level",
    value: 1.2,
    onsetAt: now - 20_000,
    raisedAt: now - 10_000,
    acknowledgedAt: null,
    acknowledgedBy: null,
    clearedAt: null,
    closedAt: null,
    closedBy: null,
    cause: null,
    name: { zh: "水位低", en: "Tank low" },
    message: "水位低 Tank low",
    messages: { zh: "水位低", en: "Tank low" },
    advice: null,
    ...more,
  };
}

export const testGateway: GatewayView = {
  id: "main",
  connected: true,
  firstSeenAt: 0,
  lastSeenAt: now,
  backlog: 0,
  queued: { events: 0, samples: 0 },
  received: [[1, 10]],
  missing: [],
  missingBecause: [],
  unused: [],
  clock: "synchronised",
  epoch: 7,
  troubles: [],
  version: "0.1.0",
  status: null,
};

export interface TestApi {
  readonly app: Api;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly alerts: MemoryAlerts;
  readonly findings: Findings;
  readonly gateways: GatewayView[];
  readonly devices: DeviceStates;
  readonly hub: LiveHub;
  readonly checks: Record<string, () => Check>;
  readonly batches: QuarantinedBatch[];
  readonly unclaimed: UnclaimedBook;
}

/** The whole API over fakes; the clock stands still. */
export async function testApi(
  options: {
    openOnLoopback?: boolean;
    openMetrics?: boolean;
    root?: string;
    key?: Buffer;
    tokens?: readonly TokenConfig[];
  } = {},
): Promise<TestApi> {
  const clock = new ManualClock(now);
  const store = new MemoryStore();
  const alerts = new MemoryAlerts();
  const findings = new Findings({
    file: ":memory:",
    log: memoryLog(),
    sites: [testSite],
    facts: siteFacts(testSite),
    alerts,
    settings: findingSettings.parse({}),
    clock,
    logger: silentLogger,
  });
  findings.start();
  const gateways = [testGateway];
  const sites = [testSite];
  const facts = siteFacts(testSite);
  const views = new ReadingViews(facts);
  const gateway = (id: string): GatewayView | undefined => gateways.find((each) => each.id === id);
  const devices = new DeviceStates({ sites, clock, gateway });
  const hub = new LiveHub({ clock, logger: silentLogger, show: (reading) => views.view(reading) });
  const batches: QuarantinedBatch[] = [];
  const unclaimed = new UnclaimedBook(["main"]);
  const checks: Record<string, () => Check> = { log: () => ({ status: "ok", detail: null }) };
  const app = await createApi({
    listen: { host: "127.0.0.1", port: 0, plaintext: false },
    tokens: options.tokens ?? Object.values(tokens),
    sessionKey: options.key ?? randomBytes(32),
    console: { root: options.root ?? "/nonexistent", openOnLoopback: options.openOnLoopback ?? false },
    sites,
    store,
    views,
    clock,
    quarantinedBatches: () => batches,
    alerts,
    findings,
    gateways: { list: () => gateways },
    devices,
    notifications: { wecom_bot: false, aliyun_sms: true },
    patrol: new Patrol({ sites, facts, store, gateways: { get: gateway }, clock, logger: silentLogger }),
    hub,
    unclaimed,
    checks,
    metrics: () => [
      {
        name: "readings_total",
        help: "Readings.",
        type: "counter",
        samples: [{ labels: { lane: "events" }, value: 3 }],
      },
    ],
    openMetrics: options.openMetrics ?? false,
    logger: silentLogger,
  });
  await app.ready();
  return { app, clock, store, alerts, findings, gateways, devices, hub, checks, batches, unclaimed };
}

export const bearer = (role: keyof typeof tokens): { authorization: string } => ({
  authorization: `Bearer ${tokens[role].token}`,
});
