import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { webhookAddress } from "../address.ts";

export const dingtalkBotSettings = z.strictObject({
  url: webhookAddress("The group bot's webhook, whose access token is part of the address."),
  secret: secret("The bot's secret, SEC and so on, where its security is 加签 (signed).").optional(),
});
export type DingtalkBotSettings = z.output<typeof dingtalkBotSettings>;
