import { mkdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "@gengfu/shared/config/problem";
import { GengfuError, messageOf } from "@gengfu/shared/errors";
import { openSqliteLog } from "@gengfu/shared/log/sqlite-log";
import { createLogger, type Logger } from "@gengfu/shared/logging";
import { Passwords } from "@gengfu/shared/mqtt/passwords";
import { pause, systemClock } from "@gengfu/shared/time/clock";
import { DeviceBroker } from "./broker/device-broker.ts";
import { readEdgeConfig, type EdgeConfig } from "./config.ts";
import { edgeEntryCodec } from "./entry.ts";
import { GatewayTime } from "./intake/gateway-time.ts";
import { Intake } from "./intake/intake.ts";
import { syncFile, thisMachine } from "./intake/machine.ts";
import { clockEntry, gapEntry } from "./intake/own-entry.ts";
import { Quarantine } from "./intake/quarantine.ts";
import { readChips } from "./sources/gpio/chip-lines.ts";
import { GpioSource } from "./sources/gpio/gpio-source.ts";
import { loadOnoffDriver } from "./sources/gpio/onoff-driver.ts";
import type { Source } from "./sources/source.ts";
import { gatewayStatus, version } from "./status.ts";
import { Troubles } from "./troubles.ts";
import { mqttDial } from "./uplink/mqtt-link.ts";
import { Uplink } from "./uplink/uplink.ts";
import { uplinkConsumer } from "./uplink/uplink-session.ts";

const usage = `The edge of Gengfu: takes in what devices report, keeps it, and brings it to the cloud.

  npm run edge -- --config FILE [--check]

  --config FILE  the gateway's configuration; edge/edge.example.yaml shows all of it
  --check        say whether the configuration and the site file are right, and start nothing
  --help         this text
`;

/** What acknowledged readings stay in the log, to recognise repeats by after a restart. */
const tail_entries = 20_000;
const stop_timeout_ms = 4_500;
const settle_timeout_ms = 1_000;
const clock = systemClock;

interface RunningEdge {
  /** Address of the device broker. */
  readonly deviceBroker: string;
  stop(): Promise<void>;
}

/** Wires the gateway and starts it. */
async function startEdge(config: EdgeConfig, logger: Logger): Promise<RunningEdge> {
  const { gateway, limits, uplink: uplinkConfig, devices_broker: listen } = config;
  const child = (component: string): Logger => logger.child({ component });
  mkdirSync(config.data, { recursive: true });
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
  const sources: Source[] = [];
  if (config.gpio !== undefined) {
    const options = { config: config.gpio, loadDriver: loadOnoffDriver, readChips, troubles, clock };
    sources.push(new GpioSource({ ...options, logger: child("gpio") }));
  }
  const uplink = new Uplink({
    log,
    gateway,
    dial: mqttDial({ url: uplinkConfig.url, gateway, secret: config.secret, ca: uplinkConfig.ca }),
    linger_ms: uplinkConfig.linger,
    backlog_rate: uplinkConfig.backlog_rate,
    acknowledge_timeout_ms: uplinkConfig.acknowledge_timeout,
    heartbeat_ms: uplinkConfig.heartbeat,
    status: () => gatewayStatus({ gateway, log, time, quarantine, troubles, sources }),
    random: Math.random,
    clock,
    logger: child("uplink"),
  });

  const { host, port } = await broker.start();
  for (const source of sources) await source.start(intake.deliver);
  const stopUplink = new AbortController();
  const uplinkRun = uplink.run(stopUplink.signal);
  return {
    deviceBroker: `${listen.tls === undefined ? "mqtt" : "mqtts"}://${reachable(host)}:${port}`,
    async stop() {
      for (const source of sources) await source.stop();
      // what is on its way to the disk still gets its acknowledgement, unless the disk hangs
      await Promise.race([intake.settled(), pause(clock, settle_timeout_ms)]);
      await broker.stop();
      stopUplink.abort();
      await uplinkRun;
      await log.close();
    },
  };
}

/** An address that a client on this machine can use. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Reads the command line; undefined where there is nothing to run, and the exit code stands. */
function readCommandLine(): EdgeConfig | undefined {
  try {
    const { values } = parseArgs({
      options: { config: { type: "string" }, check: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help === true) {
      process.stdout.write(usage);
      return undefined;
    }
    if (values.config === undefined) throw new Error("--config FILE is missing");
    const config = readEdgeConfig(values.config);
    if (values.check !== true) return config;
    process.stdout.write(`${values.config} is right: gateway ${config.gateway}, ${config.devices.length} devices\n`);
  } catch (error) {
    const help = error instanceof ConfigError ? "" : "\nTry --help.";
    process.stderr.write(`${messageOf(error)}${help}\n`);
    process.exitCode = 1;
  }
  return undefined;
}

async function main(): Promise<void> {
  const config = readCommandLine();
  if (config === undefined) return;
  const logger = createLogger("edge");
  const fail = (error: unknown): never => {
    // what was raised on purpose says what to do; of a bug the stack is needed
    if (error instanceof GengfuError) logger.fatal({ code: error.code, ...error.context }, error.message);
    else logger.fatal({ err: error }, "the gateway failed");
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const edge = await startEdge(config, logger).catch(fail);
  let isStopping = false;
  const stop = (reason: string): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ reason }, "stopping");
    clock.after(stop_timeout_ms, () => fail(new Error("stopping took too long")));
    void edge.stop().then(() => {
      logger.info("stopped");
      process.exit(0);
    });
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // whoever started this process over a channel and went away can't stop it any more
  process.on("disconnect", () => stop("the parent process is gone"));
  const { deviceBroker } = edge;
  logger.info(
    { gateway: config.gateway, devices: config.devices.length, deviceBroker, version },
    "the gateway is ready",
  );
  // now, since a process that is killed would not get to it; without a cache folder it does nothing
  flushCompileCache();
  process.send?.({ ready: true, deviceBroker });
}

await main();
