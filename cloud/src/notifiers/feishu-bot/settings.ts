import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { isWebAddress } from "../address.ts";

export const feishuBotSettings = z.strictObject({
  url: secret("The group bot's webhook, whose key is part of the address.").refine(isWebAddress, {
    message: "an address that begins with https:// or http://",
  }),
  secret: secret("The bot's secret, where its security is 签名校验 (signature verification).").optional(),
});
export type FeishuBotSettings = z.output<typeof feishuBotSettings>;
