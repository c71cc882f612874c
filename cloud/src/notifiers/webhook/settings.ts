import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { isWebAddress } from "../address.ts";

export const webhookSettings = z.strictObject({
  url: secret("Where messages are posted to.").refine(isWebAddress, {
    message: "an address that begins with https:// or http://",
  }),
  secret: secret("Key of the signature that the receiver checks, at least 16 characters.").min(16),
});
export type WebhookSettings = z.output<typeof webhookSettings>;
