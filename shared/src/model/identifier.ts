import { z } from "zod";

/** Names of sites, gateways, devices, channels, rules: part of topics, tags and addresses, so kept plain. */
export const identifier = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/i,
    "1 to 64 letters, digits, - or _, beginning and ending with a letter or digit",
  );
