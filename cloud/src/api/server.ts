import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import swagger from "@fastify/swagger";
import { listenError, type Listen } from "@gengfu/shared/config/listen";
import type { Logger } from "@gengfu/shared/logging";
import Fastify, { LogController, type FastifyBaseLogger } from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { transmissionRoutes, type TransmissionCalls } from "../gb26875/routes.ts";
import type { LiveHub } from "../live/hub.ts";
import type { UnclaimedBook } from "../unclaimed/unclaimed-book.ts";
import { unclaimedRoutes } from "../unclaimed/unclaimed-routes.ts";
import { alertRoutes, type AlertCalls } from "./alerts.ts";
import { authorize } from "./auth.ts";
import { serveConsole } from "./console.ts";
import { handleError, validatorCompiler } from "./errors.ts";
import { eventRoutes } from "./events.ts";
import { findingRoutes, type FindingRoutes } from "./findings.ts";
import { healthRoutes, type HealthRoutes } from "./health.ts";
import { describeRoute, describeSchemas, documentInfo, finish } from "./openapi.ts";
import { problemBody, sendProblem } from "./problem.ts";
import { readingsRoutes, type ReadingsRoutes } from "./readings.ts";
import { roundRoutes, type RoundCalls } from "./rounds.ts";
import { open, problems, type Api } from "./routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { Sessions } from "./session.ts";
import { siteRoutes, type SiteRoutes } from "./site.ts";
import { TokenBook, type TokenConfig } from "./tokens.ts";

export interface ApiOptions
  extends ReadingsRoutes, SiteRoutes, Omit<FindingRoutes, "clock">, Omit<HealthRoutes, "openMetrics"> {
  readonly listen: Listen;
  readonly tokens: readonly TokenConfig[];
  /** Signs the console's sessions, 32 bytes. */
  readonly sessionKey: Buffer;
  readonly console: { readonly root: string; readonly openOnLoopback: boolean };
  readonly alerts: AlertCalls;
  readonly patrol: RoundCalls;
  readonly hub: LiveHub;
  readonly transmission?: TransmissionCalls | undefined;
  readonly unclaimed: Pick<UnclaimedBook, "list" | "forgotten">;
  /** Whether anyone may read the metrics; so where only this machine reaches the address. */
  readonly openMetrics: boolean;
  readonly logger: Logger;
}

const bodyLimit_bytes = 64 * 1024;

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
} as const;

/** The API and the console on one address. Does nothing until it is started (or injected into, in tests). */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { listen, clock } = options;
  const loggerInstance: FastifyBaseLogger = options.logger;
  const tokens = new TokenBook(options.tokens);
  const { openOnLoopback } = options.console;
  const sessions = new Sessions({ key: options.sessionKey, tokens, clock, openOnLoopback });
  const secure = listen.tls !== undefined;

  const app: Api = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimit_bytes,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, _, reply) => void sendProblem(reply, problemBody(400, error.message)),
    serverFactory: (handler) => {
      const server =
        listen.tls === undefined ? createHttpServer(handler) : createHttpsServer(tlsOptions(listen.tls), handler);
      server.headersTimeout = 10_000;
      server.requestTimeout = 30_000;
      server.keepAliveTimeout = 60_000;
      server.maxConnections = 2_000;
      return server;
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("principal", null);
  app.addHook("onRequest", async (_, reply) => void reply.headers(securityHeaders));

  await app.register(swagger, {
    openapi: documentInfo,
    transform: describeRoute,
    transformObject: describeSchemas,
  });

  await app.register(
    (scope, _, done) => {
      const api = scope.withTypeProvider<ZodTypeProvider>();
      api.addHook("onRequest", async (request, reply) => {
        void reply.header("cache-control", "no-store");
        authorize(request, { tokens, sessions });
      });
      healthRoutes(api, options);
      readingsRoutes(api, options);
      alertRoutes(api, options.alerts);
      findingRoutes(api, options);
      siteRoutes(api, options);
      unclaimedRoutes(api, options.unclaimed);
      transmissionRoutes(api, options.transmission);
      roundRoutes(api, options.patrol);
      eventRoutes(api, options.hub);
      sessionRoutes(api, { tokens, sessions, clock, secure });
      api.route({
        method: "GET",
        url: "/openapi.json",
        config: { right: "none" },
        schema: {
          operationId: "getDescription",
          tags: ["operation"],
          summary: "This description",
          security: open,
          response: { 200: z.looseObject({ openapi: z.string() }).describe("An OpenAPI 3.1 document."), ...problems() },
        },
        handler: () => ({ ...finish(app.swagger()), openapi: documentInfo.openapi }),
      });
      done();
    },
    { prefix: "/api/v1" },
  );

  serveConsole(app, { ...options.console, sessions, secure });
  return app;
}

/** Listens; throws `listen_failed`. Returns the port, which was free where 0 was asked for. */
export async function listenApi(app: Api, { host, port }: Listen): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError("the API and console", { host, port }, error);
  }
  return (app.server.address() as AddressInfo).port;
}

function tlsOptions({ certificate, key, client_ca }: NonNullable<Listen["tls"]>) {
  return {
    cert: certificate,
    key,
    ...(client_ca === undefined ? {} : { ca: client_ca, requestCert: true, rejectUnauthorized: true }),
  };
}
