import { dirname, resolve } from "node:path";
import { listenSchema } from "@gengfu/shared/config/listen";
import { ConfigReader } from "@gengfu/shared/config/reader";
import { identifier } from "@gengfu/shared/model/identifier";
import { duration } from "@gengfu/shared/time/duration";
import { gatewayOf, site, type Site, type SiteDevice } from "@gengfu/shared/model/site";
import { z } from "zod";
import { alarmOutputs, alarmProblems } from "./alarms/check.ts";
import { alarmsSchema } from "./alarms/schema.ts";
import { brokerLimits } from "./broker/schema.ts";
import { foreignProblems } from "./foreign/check.ts";
import { foreignSchema } from "./foreign/schema.ts";
import { modemSchema } from "./modem/schema.ts";
import { tapsSchema } from "./taps/schema.ts";
import { nodeRedSchema } from "./node-red/schema.ts";
import { namedOutputs, sourceSections, wiredSeries } from "./sources/sources.ts";
import { uplinkSchema } from "./uplink/schema.ts";

/** `edge.yaml`: what differs from gateway to gateway. Who and what is on site stands in the site file. */
export const edgeConfig = z.strictObject({
  gateway: identifier.describe("Which gateway of the site file this is."),
  site: z.string().min(1).default("./site.yaml").describe("The site file, relative to this one."),
  data: z
    .string()
    .min(1)
    .default("./data")
    .describe("Folder of what must outlive a restart, relative to this file; made if it is missing."),
  devices_broker: listenSchema("the device broker", 1_883).prefault({}).describe("Where devices sign on, by MQTT."),
  limits: brokerLimits.describe("What devices may ask of the broker."),
  uplink: uplinkSchema.describe("The way to the cloud."),
  log: z
    .strictObject({
      readings_max: z
        .int()
        .min(10_000)
        .max(1_000_000_000)
        .default(50_000_000)
        .describe(
          "Readings kept until the cloud has them. Beyond that samples are thinned, oldest first, to one of each series " +
            "in a minute, in 5, in 15 minutes; then the oldest are dropped; events go last. A gap record tells of each.",
        ),
      mebibytes_max: z
        .int()
        .min(16)
        .max(1_000_000)
        .default(2_048)
        .describe("The same as room on the disk, MiB; leave some of the disk free beside it."),
      pending_max: z
        .int()
        .min(100)
        .max(1_000_000)
        .default(50_000)
        .describe("Readings that may wait for a slow disk; beyond that devices are asked to come again later."),
      samples_wait: z
        .boolean()
        .default(true)
        .describe(
          "Spares the card: while the cloud acknowledges within about a second, samples and contacts that tell nothing " +
            "new wait for that rather than for the disk, and are written together. Whatever is acknowledged to a device " +
            "is on a disk either way, the gateway's or the cloud's.",
        ),
      write_every: duration
        .default(600_000)
        .describe("How long what the cloud has may wait to be written to the gateway's disk; 10m by default."),
    })
    .prefault({})
    .describe("Bounds of the gateway's log."),
  clock: z
    .strictObject({
      sync_file: z
        .string()
        .min(1)
        .optional()
        .describe(
          "File that the time service touches when it has set the clock, such as /run/systemd/timesync/synchronized; " +
            "without it any time from 2026 on is trusted until the cloud says otherwise.",
        ),
    })
    .prefault({})
    .describe("How far the gateway's own clock is trusted."),
  taps: tapsSchema.describe("What is made of cards that are held to readers, whichever way they report."),
  foreign: foreignSchema
    .default([])
    .describe(
      "Devices and bridges that speak MQTT in a way of their own: Zigbee2MQTT, Tasmota, ESPHome, Shelly, others.",
    ),
  ...sourceSections,
  alarms: alarmsSchema
    .optional()
    .describe("What the gateway does by itself about urgent alerts: sirens at once, texts when the cloud is gone."),
  modem: modemSchema.optional().describe("A GSM or LTE modem that sends these texts."),
  node_red: nodeRedSchema
    .optional()
    .describe("Node-RED beside the gateway, for the site's own integrations; off without it."),
});

/** What the gateway runs with: `edge.yaml` with its paths resolved, and its part of the site. */
export interface EdgeConfig extends Omit<z.output<typeof edgeConfig>, "site"> {
  readonly site: Site;
  /** The devices that report to this gateway. */
  readonly devices: readonly SiteDevice[];
  /** The gateway's password at the cloud. */
  readonly secret: string;
}

/** Reads `edge.yaml` and the site file it names; throws one `ConfigError` with the mistakes of both. */
export function readEdgeConfig(file: string, env?: Readonly<Record<string, string | undefined>>): EdgeConfig {
  const reader = new ConfigReader(env);
  const config = reader.read(file, edgeConfig);
  const siteFile = siteFileOf(file, env);
  const where = siteFile === undefined ? undefined : reader.read(siteFile, site);
  if (config === undefined || where === undefined) {
    reader.finish();
    throw new Error("a configuration was neither read nor refused");
  }
  const gateway = where.gateways.find(({ id }) => id === config.gateway);
  if (gateway === undefined) {
    reader.reject(file, ["gateway"], config.gateway, `one of ${where.gateways.map(({ id }) => id).join(", ")}`);
  }
  const devices = where.devices.filter((device) => gatewayOf(where, device) === config.gateway);
  if (gateway !== undefined) {
    rejectUnknownSeries(reader, file, config, devices);
    for (const { path, found, allowed } of alarmProblems(config, where, config.gateway)) {
      reader.reject(file, path, found, allowed);
    }
  }
  rejectUnknownOutputs(reader, file, config);
  reader.finish();
  return {
    ...config,
    data: resolve(dirname(file), config.data),
    site: where,
    devices,
    secret: config.uplink.secret ?? gateway?.secret ?? "",
  };
}

/** The site file that `edge.yaml` names, even if other parts of that are mistaken. */
function siteFileOf(file: string, env?: Readonly<Record<string, string | undefined>>): string | undefined {
  const peeked = new ConfigReader(env).read(file, z.looseObject({ site: edgeConfig.shape.site }));
  return peeked === undefined ? undefined : resolve(dirname(file), peeked.site);
}

/** What the sources fill must be what the site's devices are said to measure. */
function rejectUnknownSeries(
  reader: ConfigReader,
  file: string,
  config: z.output<typeof edgeConfig>,
  devices: readonly SiteDevice[],
): void {
  for (const { path, found, allowed } of foreignProblems(config.foreign, devices)) {
    reader.reject(file, path, found, allowed);
  }
  for (const { path, device: id, kind, channel } of wiredSeries(config)) {
    const device = devices.find((one) => one.id === id);
    if (device === undefined) {
      const known = devices.map((one) => one.id).join(", ");
      reader.reject(file, [...path, "device"], id, `one of the devices of ${config.gateway}: ${known}`);
      continue;
    }
    const channels = device.measures.filter((measure) => measure.kind === kind).map((measure) => measure.channel);
    if (channels.includes(channel)) continue;
    const named = channels.map((one) => one ?? "(none)").join(", ");
    const allowed = channels.length === 0 ? `a device that measures ${kind}` : `a ${kind} channel of ${id}: ${named}`;
    reader.reject(file, [...path, "channel"], channel, allowed);
  }
}

/** What readers and alarms light and sound must be an output of the gateway. */
function rejectUnknownOutputs(reader: ConfigReader, file: string, config: z.output<typeof edgeConfig>): void {
  const outputs = (config.gpio?.outputs ?? []).map(({ name }) => name);
  for (const { path, output } of [...namedOutputs(config), ...alarmOutputs(config.alarms)]) {
    if (outputs.includes(output)) continue;
    const allowed = outputs.length === 0 ? "an output that gpio.outputs names" : `one of ${outputs.join(", ")}`;
    reader.reject(file, path, output, allowed);
  }
}
