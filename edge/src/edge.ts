import { join } from "node:path";
import { reachableHost } from "@gengfu/shared/config/listen";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import type { Logger } from "@gengfu/shared/logging";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import { makeDataFolder } from "@gengfu/shared/sqlite-file";
import { pause, type Clock } from "@gengfu/shared/time/clock";
import { DeviceBroker } from "./broker/device-broker.ts";
import type { EdgeConfig } from "./config.ts";
import { edgeEntryCodec } from "./entry.ts";
import { GatewayTime } from "./intake/gateway-time.ts";
import { Intake } from "./intake/intake.ts";
import { syncFile, thisMachine } from "./intake/machine.ts";
import { clockEntry, gapEntry } from "./intake/own-entry.ts";
import { Quarantine } from "./intake/quarantine.ts";
import { createOutputs } from "./outputs/create-outputs.ts";
import { createSources } from "./sources/sources.ts";
import { gatewayStatus, version } from "./status.ts";
import { Troubles } from "./troubles.ts";
import { mqttDial } from "./uplink/mqtt-link.ts";
import { Uplink } from "./uplink/uplink.ts";
import { uplinkConsumer } from "./uplink/uplink-session.ts";

/** What acknowledged readings stay in the log, to recognise repeats by after a restart. */
const tail_entries = 20_000;
const settle_timeout_ms = 1_000;

export interface EdgeOptions {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between 0 and 1, 1 excluded. */
  readonly random: () => number;
}

/** Puts the gateway together and starts it, from the disk outwards; the stack takes it down again. */
export async function startEdge(
  { config, clock, logger, random }: EdgeOptions,
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
    codec: edgeEntryCodec,
    clock,
    logger: child("log"),
    consumers: [uplinkConsumer],
    tail_entries,
    bounds: { entries: config.log.readings_max, bytes: config.log.mebibytes_max * 1024 * 1024 },
    gapEntry: (gap) => gapEntry(gateway, time.stamp(), gap),
  });
  stack.defer(() => log.close());
  const troubles = new Troubles();
  const intake = new Intake({ log, time, pending_max: config.log.pending_max });
  const tail = log.readTail(tail_entries);
  intake.restore(tail);
  time.restore(tail);
  const quarantine = new Quarantine(clock, limits.quarantine_per_minute);
  const broker = new DeviceBroker({
    listen,
    limits,
    passwords: new Passwords(config.devices),
    deliver: intake.deliver,
    isFull: () => intake.isFull,
    trails: intake.trails,
    quarantine,
    clock,
    logger: child("device-broker"),
  });
  const outputs = createOutputs(config, { troubles, clock, child });
  const sources = createSources(config, { troubles, clock, child, data: config.data, outputs: outputs.outputs });
  const uplink = new Uplink({
    log,
    gateway,
    dial: mqttDial({ url: uplinkConfig.url, gateway, secret: config.secret, ca: uplinkConfig.ca }),
    linger_ms: uplinkConfig.linger,
    backlog_rate: uplinkConfig.backlog_rate,
    acknowledge_timeout_ms: uplinkConfig.acknowledge_timeout,
    heartbeat_ms: uplinkConfig.heartbeat,
    status: () => gatewayStatus({ gateway, log, time, quarantine, troubles, sources }),
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
  for (const source of sources) {
    await source.start(intake.deliver);
    stack.defer(() => source.stop());
  }
  uplinkRun = uplink.run(running.signal);
  logger.info({ gateway, devices: config.devices.length, version }, "the gateway has started");
  return { deviceBroker: `${listen.tls === undefined ? "mqtt" : "mqtts"}://${reachableHost(host)}:${port}` };
}
