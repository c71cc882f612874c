import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Log } from "@gengfu/shared/log/log";
import { lanes, type StoredReading } from "@gengfu/shared/model/reading";
import { severities } from "@gengfu/shared/model/rule";
import type { AlertService } from "./alerts/alert-service.ts";
import { openStates } from "./alerts/alert.ts";
import type { Check, Checks } from "./api/health.ts";
import type { Metric, MetricSample } from "./api/metrics.ts";
import type { GatewayRegistry } from "./gateways/registry.ts";
import type { Findings } from "./findings/findings.ts";
import { findingMetrics } from "./findings/metrics.ts";
import { transmissionMetrics } from "./gb26875/metrics.ts";
import type { TransmissionServer } from "./gb26875/transmission-server.ts";
import type { Ingress } from "./ingress/ingress.ts";
import type { DeviceStates } from "./live/device-states.ts";
import type { LiveHub } from "./live/hub.ts";
import { channelMetrics, channelsCheck } from "./notifiers/operation.ts";
import type { EmbeddedStore } from "./stores/embedded/embedded-store.ts";
import type { WriterStats } from "./writer/writer.ts";

/** The parts of a running cloud, as far as they tell how they are. */
export interface Parts {
  readonly log: Log<StoredReading>;
  /** Names of the log's cursors. */
  readonly consumers: readonly string[];
  readonly store: Pick<EmbeddedStore, "stats">;
  readonly alerts: Pick<AlertService, "stats" | "list">;
  readonly findings: Pick<Findings, "stats">;
  readonly gateways: Pick<GatewayRegistry, "list">;
  readonly ingress: Pick<Ingress, "stats">;
  /** Undefined where no transmission devices are configured. */
  readonly transmission: Pick<TransmissionServer, "stats"> | undefined;
  readonly hub: Pick<LiveHub, "clients" | "dropped" | "disconnected">;
  readonly devices: Pick<DeviceStates, "ignored">;
  /** Of the writers, by the store's name. */
  readonly writers: Readonly<Record<string, { stats(): WriterStats }>>;
  /** Null where InfluxDB is not configured. */
  readonly influx: { skipped(): number; refused(): number; parked(): number } | null;
}

const loopResolution_ms = 20;

const ok: Check = { status: "ok", detail: null };

/** What `GET /health` asks. Without log, store, alerts or ingress the cloud can't do its job; without InfluxDB it can. */
export function checksOf(parts: Parts): Checks {
  const { log, alerts, ingress, store, writers, influx } = parts;
  return {
    log: () => failingWith(log.stats().trouble),
    ingress: () => ({ status: "ok", detail: `${ingress.stats().connections} connections of gateways` }),
    store: () => {
      store.stats();
      return failingWith(writers["store"]?.stats().trouble ?? null);
    },
    alerts: () => failingWith(alerts.stats().trouble),
    channels: () => channelsCheck(alerts.stats().channels),
    influx: () => {
      if (influx === null) return { status: "off", detail: null };
      const trouble = writers["influx"]?.stats().trouble ?? null;
      return trouble === null ? ok : { status: "degraded", detail: trouble };
    },
  };
}

function failingWith(trouble: string | null): Check {
  return trouble === null ? ok : { status: "failing", detail: trouble };
}

/** What `GET /metrics` tells. */
export function metricsOf(parts: Parts): () => Metric[] {
  const loop = monitorEventLoopDelay({ resolution: loopResolution_ms });
  loop.enable();
  return () => {
    // what is measured is the time between two samples
    const longest_s = Math.max(0, loop.max / 1e9 - loopResolution_ms / 1e3);
    loop.reset();
    const transmission = parts.transmission === undefined ? [] : transmissionMetrics(parts.transmission.stats());
    return [
      ...dataPath(parts),
      ...transmission,
      ...site(parts),
      ...people(parts),
      ...findingMetrics(parts.findings.stats()),
      ...machine(longest_s),
    ];
  };
}

function dataPath({ log, consumers, ingress, store, writers, influx }: Parts): Metric[] {
  const { entries, bytes, commits } = log.stats();
  const taken = ingress.stats();
  const held = store.stats();
  const perWriter = (value: (stats: WriterStats) => number): MetricSample[] =>
    Object.entries(writers).map(([name, writer]) => ({ labels: { store: name }, value: value(writer.stats()) }));
  return [
    counter("readings_total", "Readings taken over from gateways since the start.", taken.readings),
    counter("readings_repeated_total", "Readings that came again and were known.", taken.repeated),
    counter("batches_total", "Batches taken over from gateways since the start.", taken.batches),
    counter("batches_quarantined_total", "Batches that could not be decoded.", taken.quarantined),
    counter("uplink_refused_total", "Sign-ons, topics, packets and statuses that were refused.", taken.refused),
    gauge("uplink_connections", "Connections of gateways.", taken.connections),
    gauge("log_entries", "Readings in the log.", entries),
    gauge("log_bytes", "Bytes of the readings in the log.", bytes),
    gauge("log_pending", "Readings that wait for the disk.", log.pending),
    counter("log_commits_total", "Commits of the log since the start.", commits),
    {
      name: "consumer_backlog",
      help: "Readings that a consumer of the log still has before it.",
      type: "gauge",
      samples: consumers.flatMap((consumer) =>
        lanes.map((lane) => ({ labels: { consumer, lane }, value: log.backlog(consumer)[lane] })),
      ),
    },
    {
      name: "store_circuit_open",
      help: "1 while a store failed so often that it is only tried now and then.",
      type: "gauge",
      samples: perWriter(({ breaker }) => Number(breaker !== "closed")),
    },
    {
      name: "store_written_total",
      help: "Readings written to a store since the start.",
      type: "counter",
      samples: perWriter(({ written }) => written),
    },
    {
      name: "store_rejected_total",
      help: "Readings that a store will never take.",
      type: "counter",
      samples: perWriter(({ rejected }) => rejected),
    },
    gauge("store_bytes", "Bytes of the embedded store.", held.bytes),
    gauge("store_series", "Series of the embedded store.", held.series),
    counter("store_deleted_total", "Readings that the embedded store's bounds removed since the start.", held.deleted),
    counter("influx_skipped_total", "Readings let go of since InfluxDB was away for too long.", influx?.skipped() ?? 0),
    gauge("influx_parked", "Readings that wait for their gateway's clock to be known.", influx?.parked() ?? 0),
    counter(
      "influx_refused_total",
      "Points of alerts and gateways that InfluxDB will never take.",
      influx?.refused() ?? 0,
    ),
  ];
}

function site({ gateways, devices }: Parts): Metric[] {
  const list = gateways.list();
  const each = (value: (gateway: (typeof list)[number]) => number | null): MetricSample[] =>
    list.flatMap((gateway) => {
      const found = value(gateway);
      return found === null ? [] : [{ labels: { gateway: gateway.id }, value: found }];
    });
  const perGateway = (name: string, help: string, value: Parameters<typeof each>[0]): Metric => ({
    name,
    help,
    type: "gauge",
    samples: each(value),
  });
  return [
    perGateway("gateway_connected", "Whether the gateway is connected.", ({ connected }) => Number(connected)),
    perGateway("gateway_backlog", "Readings that wait at the gateway.", ({ backlog }) => backlog),
    perGateway("gateway_missing", "Readings of the gateway that have not come.", ({ missing }) =>
      missing.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    ),
    perGateway("gateway_last_seen_seconds", "When the gateway was last heard, Unix time.", ({ lastSeenAt }) =>
      lastSeenAt === null ? null : lastSeenAt / 1_000,
    ),
    perGateway(
      "gateway_disk_written_today_bytes",
      "Bytes written to the gateway's disk since midnight by the site's clock.",
      ({ status }) => status?.disk?.written_today_bytes ?? null,
    ),
    perGateway(
      "gateway_disk_written_yesterday_bytes",
      "Bytes written to the gateway's disk the day before.",
      ({ status }) => status?.disk?.written_yesterday_bytes ?? null,
    ),
    perGateway(
      "gateway_disk_waiting",
      "Readings in the gateway's memory that are not on its disk yet.",
      ({ status }) => status?.disk?.waiting ?? null,
    ),
    counter("devices_ignored_total", "Readings of too many unknown devices or channels.", devices.ignored),
  ];
}

function people({ alerts, hub }: Parts): Metric[] {
  const open = alerts.list({ states: openStates });
  const { states, forgotten, notifications, channels } = alerts.stats();
  return [
    {
      name: "alerts_open",
      help: "Alerts that someone still has to see to.",
      type: "gauge",
      samples: severities.map((severity) => ({
        labels: { severity },
        value: open.filter((alert) => alert.severity === severity).length,
      })),
    },
    counter("alerts_forgotten_total", "Closed alerts removed at the bound since the start.", forgotten),
    gauge("rule_states", "Records that the rules keep.", states),
    {
      name: "notifications",
      help: "Messages to people by channel and state.",
      type: "gauge",
      samples: notifications.map(({ channel, state, count }) => ({ labels: { channel, state }, value: count })),
    },
    ...channelMetrics(channels),
    gauge("watchers", "Clients of the live stream.", hub.clients),
    counter("watchers_cut_off_total", "Clients of the live stream that did not read.", hub.disconnected),
    counter("live_dropped_total", "Samples not sent to clients that read slowly.", hub.dropped),
  ];
}

function machine(loopDelay_s: number): Metric[] {
  return [
    gauge("event_loop_delay_seconds", "Longest hold-up of the event loop since this was asked last.", loopDelay_s),
    gauge("resident_memory_bytes", "Memory of the process.", process.memoryUsage.rss()),
    gauge("uptime_seconds", "Since the process began.", Math.floor(process.uptime())),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: "gauge", samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, type: "counter", samples: [{ value }] };
}
