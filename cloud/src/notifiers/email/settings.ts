import { secret } from "@gengfu/shared/config/secret";
import { z } from "zod";

const address = z.email().max(254);

export const emailSettings = z.strictObject({
  host: z.string().min(1).max(253).describe("The mail server."),
  port: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(465)
    .describe("Its port: 465 for `tls`, 587 for `starttls`."),
  security: z
    .enum(["tls", "starttls", "none"])
    .default("tls")
    .describe(
      "`tls` from the first byte, `starttls` before anything is told, or `none`, for a server on this machine.",
    ),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("Certificate of the server's own authority, as file:PATH, where it has one."),
  username: z.string().min(1).optional().describe("Who signs on at the server."),
  password: secret("Password, or the code that the server gives for programs (授权码).").optional(),
  from: address.describe("The sender's address."),
  addresses: z.record(z.string().min(1), address).describe("Of each person of the sites' files, by id, the address."),
});
export type EmailSettings = z.output<typeof emailSettings>;
