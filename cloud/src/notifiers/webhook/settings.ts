import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";
import { webhookAddress } from "../address.ts";

export const webhookSettings = z.strictObject({
  url: webhookAddress("Where messages are posted to."),
  secret: secret("Key of the signature that the receiver checks, at least 16 characters.").min(16),
});
export type WebhookSettings = z.output<typeof webhookSettings>;
