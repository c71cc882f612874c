import { z } from "zod";

/** Where a vendor's interface is, without a path; replaced where a proxy or a private edition stands for the vendor's. */
export function baseAddress(vendor: string, description: string): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/, "https:// or http:// and a host, without a path")
    .default(vendor)
    .describe(description);
}

/** A webhook, the key of which stands in its address. */
export function isWebAddress(url: string): boolean {
  return /^https?:$/.test(URL.parse(url)?.protocol ?? "");
}
