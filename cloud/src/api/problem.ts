import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";
import { z } from "zod";

export const mistake = z.object({
  path: z.string().describe("Where in the query or body, such as `limit`."),
  found: z.string().describe("What stands there."),
  allowed: z.string().describe("What may stand there."),
});
export type Mistake = z.output<typeof mistake>;

export const problem = z
  .object({
    type: z.string().describe("`about:blank`: the status says what kind of problem it is."),
    title: z.string().describe("The status in words."),
    status: z.int(),
    detail: z.string().describe("What happened and what to do."),
    errors: z.array(mistake).optional().describe("All mistakes of the query or body, where the status is 400."),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });
export type Problem = z.output<typeof problem>;

export const problemType = "application/problem+json; charset=utf-8";

/** Thrown by a handler, it becomes the response. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly mistakes: readonly Mistake[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, mistakes: readonly Mistake[] = [], headers: Record<string, string> = {}) {
    super(detail);
    this.status = status;
    this.mistakes = mistakes;
    this.headers = headers;
  }
}

export function problemBody(status: number, detail: string, mistakes: readonly Mistake[] = []): Problem {
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    ...(mistakes.length > 0 ? { errors: [...mistakes] } : {}),
  };
}

/** Answers with a problem, past the route's own serializer. */
export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  return reply
    .code(body.status)
    .type(problemType)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body);
}
