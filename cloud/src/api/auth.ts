import { isLoopback } from "@gengfu/shared/config/listen";
import type { FastifyRequest } from "fastify";
import { ProblemError } from "./problem.ts";
import { cookieOf, sessionCookie, type Session, type Sessions } from "./session.ts";
import type { Principal, Right, TokenBook } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What a caller of the route needs; nothing for the open ones. Every route of the API says it. */
    right?: Right | "none";
  }
  interface FastifyRequest {
    principal: Principal | null;
  }
}

export interface AuthOptions {
  readonly tokens: TokenBook;
  readonly sessions: Sessions;
}

/**
 * Lets a request pass that may do what its route does: 401 where no one is known, 403 where the right lacks, or where
 * a browser sends a session's cookie along with a request that another site made.
 */
export function authorize(request: FastifyRequest, { tokens, sessions }: AuthOptions): void {
  const right = request.routeOptions.config.right ?? "none";
  if (right === "none") return;
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    request.principal = tokens.find(bearer)?.principal ?? null;
  } else {
    const session = sessionOf(request, sessions);
    if (session !== undefined && changes(request)) requireSameOrigin(request);
    request.principal = session?.principal ?? null;
  }
  if (request.principal === null) {
    throw new ProblemError(
      401,
      "a valid token is needed: send `Authorization: Bearer <token>`, or sign in at /api/v1/session",
    );
  }
  if (!request.principal.rights.includes(right)) {
    throw new ProblemError(403, `the role ${request.principal.role} may not ${right}; ask for a manager's token`);
  }
}

/** The session that a request's cookie stands for. One begun without a login is good on this machine only. */
export function sessionOf(request: FastifyRequest, sessions: Sessions): Session | undefined {
  const cookie = cookieOf(request.headers.cookie, sessionCookie);
  const session = cookie === undefined ? undefined : sessions.find(cookie);
  return session?.loopback === true && !isLocal(request) ? undefined : session;
}

/**
 * Whether the request comes from this machine and was meant for it. The host header counts, since a name of an
 * attacker's may be made to lead to 127.0.0.1; and a proxy on this machine speaks for others.
 */
export function isLocal(request: FastifyRequest): boolean {
  const { forwarded, host } = request.headers;
  if (
    forwarded !== undefined ||
    request.headers["x-forwarded-for"] !== undefined ||
    request.headers["via"] !== undefined
  ) {
    return false;
  }
  const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return isLoopback(peer) && isLoopback(hostName(host));
}

/** Refuses what another site made the browser send. */
export function requireSameOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const fetchSite = request.headers["sec-fetch-site"];
  const sameOrigin =
    fetchSite === undefined
      ? origin !== undefined && host !== undefined && hostOfOrigin(origin) === host.toLowerCase()
      : fetchSite === "same-origin";
  if (!sameOrigin)
    throw new ProblemError(403, "a session's request must come from the console itself; programs send a token");
}

function changes(request: FastifyRequest): boolean {
  return request.method !== "GET" && request.method !== "HEAD";
}

function bearerOf(request: FastifyRequest): string | undefined {
  const match = /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? "");
  if (match !== null) return match[1];
  // some other scheme is no token, and no session either
  return request.headers.authorization === undefined ? undefined : "";
}

function hostName(host: string | undefined): string {
  if (host === undefined) return "";
  return host.startsWith("[") ? host.slice(1, Math.max(1, host.indexOf("]"))) : host.replace(/:\d*$/, "");
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}
