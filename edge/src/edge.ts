import { join } from "node:path";
import { reachableHost } from "@gengfu/shared/config/listen";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { zippedCodec } from "@gengfu/shared/log/zipped-codec";
import type { Logger } from "@gengfu/shared/logging";
import { seriesOf } from "@gengfu/shared/model/reading";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import { makeDataFolder } from "@gengfu/shared/sqlite-file";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { Alarms, alarmsConsumer } from "./alarms/alarms.ts";
import { DeviceBroker } from "./broker/device-broker.ts";
import type { EdgeConfig } from "./config.ts";
import { ForeignBridges } from "./foreign/foreign-bridges.ts";
import { Proposer } from "./foreign/proposal.ts";
import { Unclaimed } from "./foreign/unclaimed.ts";
import { UnclaimedTeller } from "./foreign/unclaimed-teller.ts";
import { DiskUse, writtenByProcess } from "./disk-use.ts";
import { edgeEntryCodec } from "./entry.ts";
import { Deferral } from "./intake/deferral.ts";
import { GatewayTime } from "./intake/gateway-time.ts";
import { Intake } from "./intake/intake.ts";
import { syncFile, thisMachine } from "./intake/machine.ts";
import { clockEntry, gapEntry } from "./intake/own-entry.ts";
import { Quarantine } from "./intake/quarantine.ts";
import { Modem } from "./modem/modem.ts";
import { NodeRed } from "./node-red/node-red.ts";
import { createOutputs, type OutputsContext } from "./outputs/create-outputs.ts";
import { lastTotals } from "./sources/gpio/last-totals.ts";
import { createSources, readerSignals } from "./sources/sources.ts";
import { gatewayStatus, version } from "./status.ts";
import { CardDirectory } from "./taps/card-directory.ts";
import { ReaderSignals } from "./taps/reader-signals.ts";
import { answerPayload } from "./taps/tap-answer.ts";
import { TapGate } from "./taps/tap-gate.ts";
import { Troubles } from "./troubles.ts";
import { mqttDial } from "./uplink/mqtt-link.ts";
import { Uplink } from "./uplink/uplink.ts";
import { uplinkConsumer } from "./uplink/uplink-session.ts";

/** What acknowledged readings stay in the log, to recognise repeats by after a restart. */
const tail_entries = 20_000;
/** At the log's bound one sample of each series stays in each minute, then in each 5, in each 15 minutes. */
const thin_ms = [60_000, 300_000, 900_000];
const settle_timeout_ms = 1_000;

export interface EdgeOptions {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
  /** How the lines of outputs are had; the kernel's by default. */
  readonly loadLines?: NonNullable<OutputsContext["load"]>;
}

/** Puts the gateway together and starts it, from the disk outwards; the stack takes it down again. */
export async function startEdge(
  { config, clock, logger, random, loadLines }: EdgeOptions,
  stack: AsyncDisposableStack,
): Promise<{ deviceBroker: string }> {
  const { gateway, limits, uplink: uplinkConfig, devices_broker: listen } = config;
  const child = (component: string): Logger => logger.child({ component });
  makeDataFolder(config.data);
  const time = new GatewayTime({
    clock,
    machine: thisMachine(),
    timeService: config.clock.sync_file === undefined ? null : syncFile(config.clock.sync_file),
    settled: (known) => {
      // what the disk refuses the log tries again; if the process ends before, the next one tells it
      log.append("events", [clockEntry(gateway, time.stamp(), known)]).catch((error: unknown) => {
        child("clock").warn({ err: error }, "the time of this boot is not told until the next start");
      });
    },
    logger: child("clock"),
  });
  const log = openSqliteLog({
    file: join(config.data, "edge-log.sqlite"),
    codec: zippedCodec(edgeEntryCodec),
    clock,
    logger: child("log"),
    consumers: [uplinkConsumer, ...(config.alarms === undefined ? [] : [alarmsConsumer])],
    tail_entries,
    bounds: { entries: config.log.readings_max, bytes: config.log.mebibytes_max * 1024 * 1024 },
    ...(config.log.samples_wait
      ? { deferral: { guarantor: uplinkConsumer, write_every_ms: config.log.write_every } }
      : {}),
    gapEntry: (gap) => gapEntry(gateway, time.stamp(), gap),
    thin: { series: seriesOf, at: ({ at }) => at, buckets_ms: thin_ms },
  });
  stack.defer(() => log.close());
  const disk = new DiskUse({
    log,
    time,
    timeZone: config.site.time_zone,
    written_bytes: writtenByProcess,
    clock,
  });
  disk.start();
  stack.defer(() => disk.stop());
  const troubles: Troubles = new Troubles(() => uplink.tellSoon());
  const deferral = new Deferral({ acknowledgesSoon: () => uplink.acknowledgesSoon, clock });
  const intake = new Intake({
    log,
    time,
    pending_max: config.log.pending_max,
    deferral: config.log.samples_wait ? deferral : null,
    clock,
  });
  const tail = log.readTail(tail_entries);
  const totals = lastTotals(tail, log.last);
  intake.restore(tail);
  time.restore(tail);
  const taps = new TapGate({
    intake,
    config: config.taps,
    directory: new CardDirectory(config.site),
    tell(reader, answer) {
      signals.show(reader, answer.result);
      return broker.tell(reader, "feedback", answerPayload(answer));
    },
    clock,
    now: () => time.now(),
  });
  const quarantine = new Quarantine(clock, limits.quarantine_per_minute);
  const proposer = new Proposer(config.foreign, config.devices);
  const unclaimed = new Unclaimed(clock, proposer.propose);
  const foreign = new ForeignBridges({
    bridges: config.foreign,
    devices: config.devices,
    deliver: taps.deliver,
    trails: intake.trails,
    quarantine,
    unclaimed,
    troubles,
    random,
    clock,
    logger: child("foreign"),
  });
  const ownDevices = config.devices.flatMap(({ id, secret }) => (secret === undefined ? [] : [{ id, secret }]));
  const broker: DeviceBroker = new DeviceBroker({
    listen,
    limits,
    passwords: new Passwords([...ownDevices, ...foreign.accounts]),
    deliver: taps.deliver,
    isFull: () => intake.isFull,
    isPressed: () => log.pending >= config.log.pending_max / 2,
    trails: intake.trails,
    quarantine,
    foreign,
    troubles,
    clock,
    logger: child("device-broker"),
  });
  const outputs = createOutputs(config, {
    troubles,
    clock,
    child,
    ...(loadLines === undefined ? {} : { load: loadLines }),
  });
  const signals = new ReaderSignals({
    signals: readerSignals(config),
    outputs: outputs.outputs,
    clock,
    logger: child("taps"),
  });
  const wired = createSources(config, {
    troubles,
    clock,
    child,
    data: config.data,
    outputs: outputs.outputs,
    totals,
  });
  const nodeRed =
    config.node_red === undefined
      ? undefined
      : new NodeRed({
          config: config.node_red,
          data: config.data,
          devices: new Set(config.devices.map(({ id }) => id)),
          log,
          troubles,
          random,
          clock,
          logger: child("node-red"),
        });
  const modem =
    config.modem === undefined
      ? undefined
      : new Modem({ config: config.modem, troubles, clock, logger: child("modem") });
  const alarms =
    config.alarms === undefined
      ? undefined
      : new Alarms({
          config: config.alarms,
          site: config.site,
          gateway,
          log,
          correct: (reading) => time.correct(reading),
          now: () => time.now(),
          outputs: outputs.outputs,
          texter: modem ?? null,
          isConnected: () => uplink.isConnected,
          file: join(config.data, "alarms.sqlite"),
          write_every_ms: config.log.write_every,
          troubles,
          clock,
          logger: child("alarms"),
        });
  const sources = [...wired, ...foreign.sources, ...(nodeRed === undefined ? [] : [nodeRed])];
  const uplink: Uplink = new Uplink({
    log,
    gateway,
    dial: mqttDial({ url: uplinkConfig.url, gateway, secret: config.secret, ca: uplinkConfig.ca }),
    linger_ms: uplinkConfig.linger,
    backlog_rate: uplinkConfig.backlog_rate,
    acknowledge_timeout_ms: uplinkConfig.acknowledge_timeout,
    heartbeat_ms: uplinkConfig.heartbeat,
    status: () => gatewayStatus({ gateway, log, time, quarantine, troubles, disk, droppers: [...sources, broker] }),
    alert: (alert) => {
      alarms?.hear(alert);
      nodeRed?.alert(alert);
    },
    unclaimed: () => new UnclaimedTeller(unclaimed, clock),
    time,
    random,
    clock,
    logger: child("uplink"),
  });

  const running = new AbortController();
  let uplinkRun = Promise.resolve();
  stack.defer(() => {
    running.abort();
    return uplinkRun;
  });
  const { host, port } = await broker.start();
  stack.defer(() => broker.stop());
  // what is on its way to the disk still gets its acknowledgement, unless the disk hangs
  stack.defer(() => Promise.race([intake.settled(), pause(clock, settle_timeout_ms)]));
  // before all that may switch them, and safe again when that has ended
  stack.defer(() => outputs.stop());
  await outputs.start();
  stack.defer(() => signals.stop());
  alarms?.start();
  stack.defer(() => alarms?.stop());
  modem?.start();
  // first, since the alarms wait for what is under way
  stack.defer(() => modem?.stop());
  for (const source of sources) {
    await source.start(taps.deliver);
    stack.defer(() => source.stop());
  }
  uplinkRun = uplink.run(running.signal);
  logger.info({ gateway, devices: config.devices.length, version }, "the gateway has started");
  return { deviceBroker: `${listen.tls === undefined ? "mqtt" : "mqtts"}://${reachableHost(host)}:${port}` };
}
