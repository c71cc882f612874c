import type { Clock } from "@gengfu/shared/time/clock";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { isLocal, requireSameOrigin, sessionOf } from "./auth.ts";
import { ProblemError } from "./problem.ts";
import { FailureLimit } from "./rate-limit.ts";
import { open, problems, type Api } from "./routes.ts";
import { sessionLife_ms, setCookie, type Sessions } from "./session.ts";
import { rights, roles, type Principal, type TokenBook } from "./tokens.ts";

export interface SessionRoutes {
  readonly tokens: TokenBook;
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Whether the console is served over TLS, so that its cookie need never go without. */
  readonly secure: boolean;
}

const who = z
  .object({
    name: z.string().describe("The token's name."),
    role: z.enum(roles),
    rights: z.array(z.enum(rights)).describe("What the one who asks may do."),
  })
  .meta({ id: "Session", description: "Who asks, and what they may do." });

const attempts = { failures_max: 20, window_ms: 5 * 60_000, keys_max: 1_000 };

export function sessionRoutes(api: Api, { tokens, sessions, clock, secure }: SessionRoutes): void {
  const limit = new FailureLimit({ clock, ...attempts });
  const begin = (reply: FastifyReply, value: string): void => {
    void reply.header("set-cookie", setCookie(value, { secure, life_ms: sessionLife_ms }));
  };

  api.route({
    method: "POST",
    url: "/session",
    config: { right: "none" },
    schema: {
      operationId: "signIn",
      tags: ["session"],
      summary: "Sign the console in with a token",
      description: "Answers with a cookie that stands for the token for 30 days. Programs send the token itself.",
      security: open,
      body: z.strictObject({ token: z.string().min(1).max(1_000) }),
      response: { 200: who.describe("Who one is."), ...problems(400, 401, 403, 413, 415, 429) },
    },
    handler: (request, reply) => {
      if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined)
        requireSameOrigin(request);
      const peer = request.ip;
      const wait_ms = limit.wait(peer);
      if (wait_ms > 0) {
        throw new ProblemError(429, "too many failed attempts from this address; try again later", [], {
          "retry-after": String(Math.ceil(wait_ms / 1_000)),
        });
      }
      const known = tokens.find(request.body.token);
      if (known === undefined) {
        limit.failed(peer);
        request.log.warn({ peer }, "someone tried to sign in with a token that is not known");
        throw new ProblemError(401, "this token is not known");
      }
      limit.succeeded(peer);
      begin(reply, sessions.begin(known.principal.name));
      return show(known.principal);
    },
  });

  api.route({
    method: "GET",
    url: "/session",
    config: { right: "read" },
    schema: {
      operationId: "getSession",
      tags: ["session"],
      summary: "Who asks, and what they may do",
      response: { 200: who.describe("Who one is."), ...problems(401, 403) },
    },
    handler: (request, reply) => {
      const session = sessionOf(request, sessions);
      // a console that is in use stays signed in
      if (session !== undefined && clock.now() - session.begun > sessionLife_ms / 2) {
        if (!session.loopback) begin(reply, sessions.begin(session.principal.name));
        else if (isLocal(request)) begin(reply, sessions.beginOnLoopback());
      }
      if (request.principal === null) throw new ProblemError(401, "not signed in");
      return show(request.principal);
    },
  });

  api.route({
    method: "DELETE",
    url: "/session",
    config: { right: "read" },
    schema: {
      operationId: "signOut",
      tags: ["session"],
      summary: "Sign the console out",
      response: { 204: z.null().describe("The cookie is gone."), ...problems(401, 403) },
    },
    handler: (_, reply) => {
      void reply.header("set-cookie", setCookie("", { secure, life_ms: 0 })).code(204);
      return null;
    },
  });
}

function show({ name, role, rights: has }: Principal): z.output<typeof who> {
  return { name, role, rights: [...has] };
}
