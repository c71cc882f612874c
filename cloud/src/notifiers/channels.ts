import type { Clock } from "@gengfu/shared/time/clock";
import { createAliyunSms } from "./aliyun-sms/aliyun-sms.ts";
import type { AliyunSmsSettings } from "./aliyun-sms/settings.ts";
import type { Channel } from "./channel.ts";
import { createDingtalkBot } from "./dingtalk-bot/dingtalk-bot.ts";
import type { DingtalkBotSettings } from "./dingtalk-bot/settings.ts";
import { createEmail } from "./email/email.ts";
import type { EmailSettings } from "./email/settings.ts";
import { createFeishuBot } from "./feishu-bot/feishu-bot.ts";
import type { FeishuBotSettings } from "./feishu-bot/settings.ts";
import { createTencentSms } from "./tencent-sms/tencent-sms.ts";
import type { TencentSmsSettings } from "./tencent-sms/settings.ts";
import { createWebhook } from "./webhook/webhook.ts";
import type { WebhookSettings } from "./webhook/settings.ts";
import { createWecomApp } from "./wecom-app/wecom-app.ts";
import type { WecomAppSettings } from "./wecom-app/settings.ts";
import type { WecomBotSettings } from "./wecom-bot/settings.ts";
import { createWecomBot } from "./wecom-bot/wecom-bot.ts";

/** The channels' parts of `notifications`; what is left away is not configured. */
export interface ChannelSettings {
  readonly wecom_bot?: WecomBotSettings | undefined;
  readonly dingtalk_bot?: DingtalkBotSettings | undefined;
  readonly feishu_bot?: FeishuBotSettings | undefined;
  readonly webhook?: WebhookSettings | undefined;
  readonly aliyun_sms?: AliyunSmsSettings | undefined;
  readonly tencent_sms?: TencentSmsSettings | undefined;
  readonly wecom_app?: WecomAppSettings | undefined;
  readonly email?: EmailSettings | undefined;
}

/** All channels, also those that are not configured: of these the console tells what they would have sent. */
export function createChannels(settings: ChannelSettings, clock: Clock): Channel[] {
  return [
    createWecomBot(settings.wecom_bot),
    createDingtalkBot(settings.dingtalk_bot, clock),
    createFeishuBot(settings.feishu_bot, clock),
    createWebhook(settings.webhook, clock),
    createAliyunSms(settings.aliyun_sms),
    createTencentSms(settings.tencent_sms, clock),
    createWecomApp(settings.wecom_app, clock),
    createEmail(settings.email),
  ];
}

/** Which of the channels that the routes name are configured, by their keys in the configuration. */
export function configuredOf(
  channels: readonly Channel[],
  routes: Readonly<Record<string, readonly string[]>>,
): Record<string, boolean> {
  const routed = new Set(Object.values(routes).flat());
  const named = channels.filter(({ name }) => routed.has(name));
  return Object.fromEntries(named.map(({ name, notifier }) => [name.replaceAll("-", "_"), notifier !== null]));
}
