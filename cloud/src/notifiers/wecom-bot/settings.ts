import { z } from "zod";
import { webhookAddress } from "../address.ts";

export const wecomBotSettings = z.strictObject({
  url: webhookAddress("The group bot's webhook, whose key is part of the address."),
  per_minute: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .describe("Messages that the bot takes in a minute; WeCom's own takes 20, what stands in for it perhaps more."),
});
export type WecomBotSettings = z.output<typeof wecomBotSettings>;
