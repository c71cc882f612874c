import { z } from "zod";
import { GengfuError } from "../errors.ts";
import { secret } from "./secret.ts";

const tlsServer = z.strictObject({
  certificate: secret("The certificate chain, PEM."),
  key: secret("Its private key, PEM."),
  client_ca: secret(
    "CA that must have signed the clients' certificates, PEM; without it clients need none.",
  ).optional(),
});

/** The part of a configuration that says where a server listens. */
export function listenSchema(what: string, port: number) {
  return z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1").describe(`Address on which ${what} listens; loopback by default.`),
      port: z.int().min(0).max(65_535).default(port).describe(`TCP port of ${what}; 0 takes a free one.`),
      tls: tlsServer.optional().describe("TLS; needed on any address beyond loopback."),
      plaintext: z
        .boolean()
        .default(false)
        .describe(
          "Allows an address beyond loopback without TLS: only on a wire of the site's own, or behind a TLS proxy.",
        ),
    })
    .superRefine((listen, context) => {
      if (isLoopback(listen.host) || listen.tls !== undefined || listen.plaintext) return;
      context.addIssue({
        code: "custom",
        path: ["host"],
        message: "a loopback address; or add `tls`, or `plaintext: true` if the wire is the site's own",
      });
    });
}

export type Listen = z.output<ReturnType<typeof listenSchema>>;

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** The host of an address to go to, as in an URL: what listens everywhere is reached on this machine. */
export function reachableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** What went wrong when an address could not be had, with the remedy. */
export function listenError(what: string, listen: { host: string; port: number }, cause: unknown): GengfuError {
  return new GengfuError(
    "listen_failed",
    `${what} can't listen on ${listen.host}:${listen.port}: another program may hold the port; choose another or stop it`,
    { cause, context: { host: listen.host, port: listen.port } },
  );
}
