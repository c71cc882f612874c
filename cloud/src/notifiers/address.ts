import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";

/** Where a vendor's interface is, without a path; replaced where a proxy or a private edition stands for the vendor's. */
export function baseAddress(vendor: string, description: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/, "https:// or http:// and a host, without a path")
    .default(vendor)
    .describe(description);
}

/** A webhook, which is a secret, since its key stands in the address. */
export function webhookAddress(description: string): z.ZodString {
  return secret(description).refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""), {
    message: "an address that begins with https:// or http://",
  });
}
