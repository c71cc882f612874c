import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { webhookAddress } from "../address.ts";

export const feishuBotSettings = z.strictObject({
  url: webhookAddress("The group bot's webhook, whose key is part of the address."),
  secret: secret("The bot's secret, where its security is 签名校验 (signature verification).").optional(),
});
export type FeishuBotSettings = z.output<typeof feishuBotSettings>;
