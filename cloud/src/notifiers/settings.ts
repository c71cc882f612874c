import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** All channels that there are, by the names of their folders. */
export const channelNames = [
  "wecom-bot",
  "dingtalk-bot",
  "feishu-bot",
  "webhook",
  "aliyun-sms",
  "tencent-sms",
  "wecom-app",
  "email",
] as const;

const channels = z.array(z.enum(channelNames));

/** Who is told of what, and how long it is tried. */
export const notificationSettings = z.strictObject({
  routes: z
    .strictObject({
      critical: channels.default(["wecom-bot", "aliyun-sms"]).describe("Channels for critical alerts."),
      warning: channels.default(["wecom-bot"]).describe("Channels for warnings."),
      info: channels.default([]).describe("Channels for information."),
    })
    .prefault({})
    .describe("Which channels tell of an alert, by its severity."),
  on_clear: z.boolean().default(false).describe("Whether the same channels also tell that an alert cleared."),
  reserve: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.25)
    .describe("The part of what a vendor takes in a time that is kept for critical alerts."),
  storm: z
    .strictObject({
      more_than: z.int().min(1).max(1_000).default(5).describe("More messages than this that aren't critical"),
      within: duration.prefault("30s").describe("about one site in so long go together, as one message."),
    })
    .prefault({})
    .describe("When many alerts of one site become one message. A critical alert is always told alone, and first."),
  failover: z
    .strictObject({
      order: channels
        .default([...channelNames])
        .describe(
          "What a channel does not bring through, the next one of this list does that is configured and of its sort: " +
            "to a group, or to people. An empty list switches it off.",
        ),
      after: duration
        .prefault("2m")
        .describe(
          "A critical message that a channel has not taken for so long, and any that it has no receipt of for so long, " +
            "is sent through the next one, too.",
        ),
    })
    .prefault({})
    .describe("Which channel stands in for which."),
  timeout: duration.prefault("10s").describe("How long one attempt to send may take."),
  retry: z
    .strictObject({
      first: duration.prefault("1s").describe("Wait before the second attempt; each further wait is twice as long."),
      max: duration.prefault("5m").describe("The longest wait between two attempts."),
      within: duration.prefault("24h").describe("After so long since the alert a message counts as failed."),
    })
    .prefault({})
    .describe("How a message that could not be handed over is tried again."),
});
export type NotificationSettings = z.output<typeof notificationSettings>;
export type Routes = NotificationSettings["routes"];
