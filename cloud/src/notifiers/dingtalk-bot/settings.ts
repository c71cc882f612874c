import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { isWebAddress } from "../address.ts";

export const dingtalkBotSettings = z.strictObject({
  url: secret("The group bot's webhook, whose access token is part of the address.").refine(isWebAddress, {
    message: "an address that begins with https:// or http://",
  }),
  secret: secret("The bot's secret, SEC and so on, where its security is 加签 (signed).").optional(),
});
export type DingtalkBotSettings = z.output<typeof dingtalkBotSettings>;
