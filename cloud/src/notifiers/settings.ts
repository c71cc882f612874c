import { duration } from "@gengfu/shared/time/duration";
import { z } from "zod";

/** All channels that there are, by the names of their folders. */
export const channelNames = ["wecom-bot", "aliyun-sms"] as const;

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
