import { listenSchema } from "@gengfu/shared/config/listen";
import type { ConfigReader } from "@gengfu/shared/config/reader";
import { secret } from "@gengfu/shared/config/secret";
import { site as siteSchema, type Site } from "@gengfu/shared/model/site";
import { duration } from "@gengfu/shared/time/duration";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { roles } from "./api/tokens.ts";
import { findingSettings } from "./findings/settings.ts";
import { transmissionSettings } from "./gb26875/settings.ts";
import { aliyunSmsSettings } from "./notifiers/aliyun-sms/settings.ts";
import { dingtalkBotSettings } from "./notifiers/dingtalk-bot/settings.ts";
import { emailSettings } from "./notifiers/email/settings.ts";
import { feishuBotSettings } from "./notifiers/feishu-bot/settings.ts";
import { notificationSettings } from "./notifiers/settings.ts";
import { tencentSmsSettings } from "./notifiers/tencent-sms/settings.ts";
import { webhookSettings } from "./notifiers/webhook/settings.ts";
import { wecomAppSettings } from "./notifiers/wecom-app/settings.ts";
import { wecomBotSettings } from "./notifiers/wecom-bot/settings.ts";
import { influxSettings } from "./stores/influx/settings.ts";
import { watchdogSettings } from "./watchdog.ts";

const token = z.strictObject({
  name: z.string().min(1).max(100).describe("Who or what uses it; stands in logs and in the console."),
  token: secret("The token itself, at least 8 characters.").min(8).max(500),
  role: z
    .enum(roles)
    .default("viewer")
    .describe("viewer reads; manager also acknowledges and closes alerts; admin may all that there is."),
});

/** `cloud.yaml`: addresses, tokens, stores and channels of one cloud. */
export const cloudSchema = z.strictObject({
  data: z.string().min(1).describe("Folder of everything that survives a restart; it is made where it lacks."),
  sites: z
    .array(z.string().min(1))
    .min(1)
    .describe("The sites' files. Paths here and in `data` are relative to the file that they stand in."),
  http: listenSchema("the API and the console", 8080).prefault({}).describe("Where the API and the console listen."),
  uplink: listenSchema("the broker for gateways", 8884).prefault({}).describe("Where the broker for gateways listens."),
  gb26875: transmissionSettings
    .optional()
    .describe(
      "Where user information transmission devices (用户信息传输装置, GB/T 26875.3) report; off without it. `gb26875: {}` takes all defaults.",
    ),
  tokens: z
    .array(token)
    .min(1)
    .superRefine((tokens, context) => {
      for (const key of ["name", "token"] as const) {
        tokens.forEach((each, index) => {
          if (tokens.findIndex((other) => other[key] === each[key]) === index) return;
          context.addIssue({ code: "custom", path: [index, key], message: `a ${key} that no other token has` });
        });
      }
    })
    .describe("Who may use the API and the console."),
  console: z
    .strictObject({
      open_on_loopback: z
        .boolean()
        .default(false)
        .describe("Signs consoles on this very machine in as a manager, without a token."),
    })
    .prefault({})
    .describe("The console."),
  store: z
    .strictObject({
      age_max: duration.prefault("400d").describe("Readings older than this are removed from the embedded store."),
      bytes_max: z
        .int()
        .min(64 * 1024 * 1024)
        .default(8 * 1024 ** 3)
        .describe("Beyond this size of the embedded store, in bytes, the oldest readings go."),
    })
    .prefault({})
    .describe("The embedded store, which answers the API."),
  log: z
    .strictObject({
      bytes_max: z
        .int()
        .min(64 * 1024 * 1024)
        .default(8 * 1024 ** 3)
        .describe("What the log may hold for consumers that are behind, in bytes; then gateways are made to wait."),
    })
    .prefault({})
    .describe("The durable log of what gateways delivered."),
  influx: section("url", influxSettings).describe(
    "InfluxDB, written beside the embedded store; off while `url` is empty.",
  ),
  findings: findingSettings.prefault({}).describe("The rectification ledger (整改台账)."),
  watchdog: section("url", watchdogSettings).describe(
    "Someone outside who is called for as long as all is well, and notices when that ends; off while `url` is empty.",
  ),
  notifications: z
    .strictObject({
      ...notificationSettings.shape,
      wecom_bot: section("url", wecomBotSettings).describe("WeCom group bot; off while `url` is empty."),
      aliyun_sms: section("access_key_id", aliyunSmsSettings).describe(
        "Aliyun SMS; off while `access_key_id` is empty.",
      ),
      tencent_sms: section("secret_id", tencentSmsSettings).describe(
        "Tencent Cloud SMS; off while `secret_id` is empty.",
      ),
      wecom_app: section("corp_id", wecomAppSettings).describe(
        "Messages of an application of WeCom to each person; off while `corp_id` is empty.",
      ),
      dingtalk_bot: section("url", dingtalkBotSettings).describe("DingTalk group bot; off while `url` is empty."),
      feishu_bot: section("url", feishuBotSettings).describe("Feishu group bot; off while `url` is empty."),
      webhook: section("url", webhookSettings).describe(
        "Signed JSON to any receiver, as cloud/src/notifiers/webhook/README.md describes it; off while `url` is empty.",
      ),
      email: section("host", emailSettings).describe("E-mail to each person; off while `host` is empty."),
    })
    .prefault({})
    .describe("Messages to people. Of a channel that is off they stand in the console as `would be sent`."),
});

export type CloudConfig = z.output<typeof cloudSchema>;

export interface CloudSetup {
  readonly config: CloudConfig;
  readonly sites: readonly [Site, ...Site[]];
}

/** Reads the cloud's file and the sites' files; `reader.finish()` then reports the mistakes of all of them. */
export function readCloudConfig(reader: ConfigReader, file: string): CloudSetup | undefined {
  const raw = reader.read(file, cloudSchema);
  if (raw === undefined) return undefined;
  const folder = dirname(resolve(file));
  const config = { ...raw, data: resolve(folder, raw.data), sites: raw.sites.map((path) => resolve(folder, path)) };
  const seen = {
    sites: new Map<string, string>(),
    gateways: new Map<string, string>(),
    devices: new Map<string, string>(),
    addresses: new Map<string, string>(),
  };
  const sites: Site[] = [];
  for (const path of config.sites) {
    const site = reader.read(path, siteSchema);
    if (site === undefined) continue;
    sites.push(site);
    for (const [list, entries] of Object.entries({ sites: [site], gateways: site.gateways, devices: site.devices })) {
      entries.forEach(({ id }, index) => {
        const known = seen[list as keyof typeof seen];
        const other = known.get(id);
        if (other === undefined) known.set(id, path);
        else reader.reject(path, list === "sites" ? ["id"] : [list, index, "id"], id, `an id that is not in ${other}`);
      });
    }
    site.gateways.forEach(({ gb26875 }, index) => {
      if (gb26875 === undefined) return;
      const at = ["gateways", index, "gb26875"];
      if (config.gb26875 === undefined) reader.reject(path, at, gb26875.address, `\`gb26875\` in ${file}, too`);
      const other = seen.addresses.get(gb26875.address);
      if (other === undefined) seen.addresses.set(gb26875.address, path);
      else if (other !== path) {
        reader.reject(path, [...at, "address"], gb26875.address, `an address that is not in ${other}`);
      }
    });
  }
  const [first, ...others] = sites;
  return first === undefined ? undefined : { config, sites: [first, ...others] };
}

/**
 * A part of the file that is off while its first setting is empty, so that a variable of the environment, as in
 * `url: ${INFLUX_URL:-}`, can switch it. Other empty settings of it count as left away.
 */
function section<Schema extends z.ZodType>(key: string, schema: Schema) {
  return z
    .preprocess((raw) => {
      if (raw === null) return undefined;
      if (typeof raw !== "object" || Array.isArray(raw)) return raw;
      const settings = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null && value !== ""));
      return key in raw && !(key in settings) ? undefined : settings;
    }, schema.optional())
    .optional();
}
