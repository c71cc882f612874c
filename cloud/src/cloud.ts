import { join } from "node:path";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { isLoopback, reachableHost } from "@gengfu/shared/config/listen";
import type { Logger } from "@gengfu/shared/logging";
import type { StoredReading } from "@gengfu/shared/model/reading";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { AlertRelay } from "./alerts/alert-relay.ts";
import { consumerName as alertsConsumer, createAlertService } from "./alerts/create-alert-service.ts";
import { ReadingViews } from "./api/reading-view.ts";
import { createApi, listenApi } from "./api/server.ts";
import { sessionKey } from "./api/session.ts";
import { showGateway } from "./api/site.ts";
import type { CloudSetup } from "./config.ts";
import { lockData } from "./data-lock.ts";
import { Findings, findingsConsumer, heedsTaps } from "./findings/findings.ts";
import { TransmissionServer } from "./gb26875/transmission-server.ts";
import { transmissionConsumer } from "./gb26875/unit-memories.ts";
import { createGatewayRegistry } from "./gateways/gateway-registry.ts";
import { InfluxFeed } from "./influx-feed.ts";
import { cloudBlockCodec } from "./ingress/cloud-block-codec.ts";
import { createIngress } from "./ingress/ingress.ts";
import { LagLimit } from "./lag-limit.ts";
import { Ledger, ledgerConsumer } from "./ledger/ledger.ts";
import { DeviceStates } from "./live/device-states.ts";
import { LiveHub } from "./live/hub.ts";
import { configuredOf, createChannels } from "./notifiers/channels.ts";
import { checksOf, metricsOf } from "./operation.ts";
import { Patrol } from "./patrol/patrol.ts";
import { openEmbeddedStore } from "./stores/embedded/embedded-store.ts";
import { InfluxStore } from "./stores/influx/influx-store.ts";
import { ParkedReadings } from "./stores/influx/parked-readings.ts";
import type { InfluxSettings } from "./stores/influx/settings.ts";
import { siteFacts } from "./site-facts.ts";
import type { Store } from "./stores/store.ts";
import { UnclaimedBook } from "./unclaimed/unclaimed-book.ts";
import { Watchdog } from "./watchdog.ts";
import { createWriter } from "./writer/writer.ts";

const storeConsumer = "store";
const influxConsumer = "influx";
/** How long samples wait to be written to the embedded store together: the API answers from it. */
const storeAge_max_ms = 200;
/** Its writes hold the loop up, and with it an alarm: no longer than some 10 ms at a time. */
const storeBatch_max = 1_000;
/** How long what is under way may take to end; a request to InfluxDB may hang for longer. */
const patience_ms = 3_000;

export interface CloudOptions {
  readonly setup: CloudSetup;
  /** The folder of the built console. */
  readonly consoleRoot: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

/** Puts the cloud together and starts it, from the disk outwards; the stack takes it down again. */
export async function startCloud(
  { setup: { config, sites }, consoleRoot, clock, logger, random }: CloudOptions,
  stack: AsyncDisposableStack,
): Promise<{ console: string; api: string; uplinkBroker: string; transmission?: string }> {
  const file = (name: string): string => join(config.data, name);
  const child = (component: string): Logger => logger.child({ component });
  const lock = lockData(config.data);
  stack.defer(() => lock.release());

  const consumers = [
    ledgerConsumer,
    alertsConsumer,
    storeConsumer,
    ...(config.influx === undefined ? [] : [influxConsumer]),
    ...(config.gb26875 === undefined ? [] : [transmissionConsumer]),
    ...(heedsTaps(sites) ? [findingsConsumer] : []),
  ];
  const log = openSqliteLog<StoredReading>({
    file: file("log.db"),
    codec: cloudBlockCodec,
    consumers,
    bounds: { entries: Number.MAX_SAFE_INTEGER, bytes: config.log.bytes_max },
    clock,
    logger: child("log"),
  });
  stack.defer(() => log.close());

  const embedded = openEmbeddedStore({
    file: file("store.db"),
    age_max_ms: config.store.age_max,
    bytes_max: config.store.bytes_max,
    clock,
    logger: child("store"),
  });
  stack.defer(() => embedded.close());

  const ledger = new Ledger({ file: file("ledger.db"), log, clock, logger: child("ledger") });
  await ledger.start();
  stack.defer(() => ledger.stop());

  const gateways = createGatewayRegistry({
    gateways: sites.flatMap((site) => site.gateways),
    file: file("gateways.json"),
    ledger,
    clock,
    logger: child("gateways"),
  });
  await gateways.start();
  stack.defer(() => gateways.stop());

  const facts = siteFacts(...sites);
  const views = new ReadingViews(facts);
  const hub = new LiveHub({ clock, logger: child("live"), show: (reading) => views.view(reading) });
  const devices = new DeviceStates({ sites, clock, gateway: (id) => gateways.get(id) });
  devices.add(embedded.lastOfEach());
  const patrol = new Patrol({ sites, facts, store: embedded, gateways, clock, logger: child("patrol") });

  const channels = createChannels(config.notifications, clock);
  const alerts = createAlertService({
    file: file("alerts.db"),
    log,
    sites,
    gateways,
    channels,
    settings: config.notifications,
    clock,
    logger: child("alerts"),
    random,
  });
  alerts.start();
  stack.defer(() => alerts.stop());

  const findings = new Findings({
    file: file("findings.db"),
    log,
    sites,
    facts,
    alerts,
    settings: config.findings,
    clock,
    logger: child("findings"),
  });
  findings.start();
  stack.defer(() => findings.stop());

  const lastAtStart = log.last;
  log.onAppend((_, block) => {
    devices.add(block.entries);
    hub.readings(block.entries);
  });
  alerts.onChange((alert) => hub.alert(alert));
  patrol.onChange((round) => hub.round(round));
  gateways.onChange((gateway) => {
    hub.gateway(showGateway(gateway));
    patrol.gatewayChanged();
  });
  const observed: Pick<Store, "write" | "progress"> = {
    progress: (epoch, lane) => embedded.progress(epoch, lane),
    async write(readings, progress) {
      const result = await embedded.write(readings, progress);
      // what the log held at the start, no one else tells
      const first = (progress?.position ?? 0) - readings.length;
      if (first < lastAtStart) devices.add(readings);
      patrol.stored(readings);
      // what was told of with an unsure time is told again with the right one
      devices.add(result.corrected ?? []);
      patrol.stored(result.corrected ?? []);
      return result;
    },
  };

  const writer = createWriter({
    log,
    consumer: storeConsumer,
    store: observed,
    age_max_ms: storeAge_max_ms,
    batch_max: storeBatch_max,
    clock,
    logger: child("writer"),
    random,
  });
  const openInflux = (settings: InfluxSettings) => {
    const store = new InfluxStore(settings, facts);
    const common = { file: file("influx-parked.db"), clock, logger: child("influx") };
    return { store, parked: new ParkedReadings({ ...common, store, age_max_ms: settings.unsure_for }) };
  };
  const influx = config.influx === undefined ? undefined : openInflux(config.influx);
  stack.defer(() => influx?.parked.close());
  const running = new AbortController();
  const loops = [
    writer.run(running.signal),
    embedded.retain(running.signal),
    patrol.run(running.signal),
    findings.run(running.signal),
  ];
  const toInflux =
    influx === undefined
      ? undefined
      : {
          parked: influx.parked,
          writer: createWriter({
            log,
            consumer: influxConsumer,
            store: influx.parked,
            clock,
            logger: child("influx"),
            random,
          }),
          feed: new InfluxFeed({
            influx: influx.store,
            alerts,
            gateways,
            facts,
            file: file("influx.json"),
            clock,
            logger: child("influx"),
          }),
          limit: new LagLimit({
            log,
            consumer: influxConsumer,
            bytes_max: config.log.bytes_max,
            clock,
            logger: child("influx"),
          }),
        };
  if (toInflux !== undefined) {
    const { parked: waiting, feed, limit } = toInflux;
    loops.push(...[toInflux.writer, waiting, feed, limit].map((part) => part.run(running.signal)));
  }
  stack.defer(async () => {
    running.abort();
    await Promise.race([Promise.all(loops), pause(clock, patience_ms)]);
  });

  const unclaimed = new UnclaimedBook(sites.flatMap((site) => site.gateways.map(({ id }) => id)));
  const relay = new AlertRelay(alerts, sites);
  const ingress = createIngress({
    listen: config.uplink,
    // transmission devices have no password, and come by another way
    gateways: sites.flatMap((site) =>
      site.gateways.flatMap(({ id, secret }) => (secret === undefined ? [] : [{ id, secret }])),
    ),
    quarantineFile: file("quarantine.db"),
    log,
    ledger,
    registry: gateways,
    unclaimed,
    openAlerts: (gateway) => relay.open(gateway),
    clock,
    logger: child("ingress"),
  });
  alerts.onChange((alert) => {
    const change = relay.change(alert);
    for (const gateway of change?.gateways ?? []) if (change !== undefined) ingress.tellAlert(gateway, change.alert);
  });

  const transmission =
    config.gb26875 === undefined
      ? undefined
      : new TransmissionServer({
          settings: config.gb26875,
          sites,
          file: file("gb26875.db"),
          log,
          ledger,
          registry: gateways,
          clock,
          logger: child("gb26875"),
        });

  const parts = {
    log,
    transmission,
    consumers,
    store: embedded,
    alerts,
    findings,
    gateways,
    ingress,
    hub,
    devices,
    writers: { store: writer, ...(toInflux === undefined ? {} : { influx: toInflux.writer }) },
    influx:
      toInflux === undefined
        ? null
        : {
            skipped: () => toInflux.limit.skipped,
            refused: () => toInflux.feed.refused,
            parked: () => toInflux.parked.parked,
          },
  };
  const checks = checksOf(parts);
  if (config.watchdog !== undefined) {
    loops.push(
      new Watchdog({ settings: config.watchdog, checks, clock, logger: child("watchdog") }).run(running.signal),
    );
  }
  const api = await createApi({
    listen: config.http,
    tokens: config.tokens,
    sessionKey: sessionKey(file("session.key")),
    console: { root: consoleRoot, openOnLoopback: config.console.open_on_loopback },
    sites,
    store: embedded,
    quarantinedBatches: (limit) => ingress.quarantine(limit),
    views,
    alerts,
    findings,
    gateways,
    devices,
    notifications: configuredOf(channels, config.notifications.routes),
    patrol,
    hub,
    unclaimed,
    transmission,
    checks,
    metrics: metricsOf(parts),
    openMetrics: isLoopback(config.http.host),
    clock,
    logger: child("api"),
  });
  const port = await listenApi(api, config.http);
  stack.defer(async () => {
    hub.stop();
    await api.close();
  });

  const uplink = await ingress.start();
  stack.defer(() => ingress.stop());
  const transmissionAddress = await transmission?.start();
  stack.defer(() => transmission?.stop());
  const console = `${config.http.tls === undefined ? "http" : "https"}://${reachableHost(config.http.host)}:${port}/`;
  return {
    console,
    api: `${console}api/v1`,
    uplinkBroker: `${config.uplink.tls === undefined ? "mqtt" : "mqtts"}://${reachableHost(config.uplink.host)}:${uplink.port}`,
    ...(transmissionAddress === undefined ? {} : { transmission: transmissionAddress.url }),
  };
}
