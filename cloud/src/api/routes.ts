import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { problem } from "./problem.ts";

/** The server, with requests and responses typed by the routes' schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const descriptions = {
  400: "The query or body breaks its schema; `errors` names every mistake.",
  401: "No valid token.",
  403: "The token's role lacks the right, or the request came from another site.",
  404: "There is no such thing.",
  409: "The state of the thing does not allow it; `detail` says why.",
  413: "The body is too large.",
  415: "The body is no JSON.",
  429: "Too many failed attempts; `Retry-After` says when to try again.",
  500: "A fault of the cloud's; its log says more.",
  503: "It can't be done for now; try again.",
} as const;

type Status = keyof typeof descriptions;
type ProblemResponse = { description: string; content: { "application/problem+json": { schema: typeof problem } } };

/** The problem responses of a route; every one may fail. */
export function problems<const Statuses extends readonly Status[]>(
  ...statuses: Statuses
): Record<Statuses[number] | 500, ProblemResponse> {
  const entries = [...statuses, 500 as const].map((status) => [
    status,
    { description: descriptions[status], content: { "application/problem+json": { schema: problem } } },
  ]);
  return Object.fromEntries(entries) as Record<Statuses[number] | 500, ProblemResponse>;
}

/** Security of open routes, over the document's own. */
export const open: { [name: string]: string[] }[] = [];
