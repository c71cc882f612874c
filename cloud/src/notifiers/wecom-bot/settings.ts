import { z } from "zod";
import { webhookAddress } from "../address.ts";

export const wecomBotSettings = z.strictObject({
  url: webhookAddress("The group bot's webhook, whose key is part of the address."),
});
export type WecomBotSettings = z.output<typeof wecomBotSettings>;
