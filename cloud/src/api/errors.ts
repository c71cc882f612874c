import { GengfuError } from "@gengfu/shared/errors";
import { describeIssue, formatPath } from "@gengfu/shared/config/describe";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { ProblemError, problemBody, sendProblem, type Mistake } from "./problem.ts";

/** Checks a part of a request against its schema; all its mistakes make one problem. */
export function validatorCompiler({ schema, httpPart }: { schema: z.ZodType; httpPart?: string }) {
  return (data: unknown): { value: unknown } | { error: Error } => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    const mistakes = result.error.issues.flatMap((issue) =>
      describeIssue(issue, data).map(({ path, found, allowed }): Mistake => ({
        path: formatPath(path),
        found,
        allowed,
      })),
    );
    const part = httpPart === "querystring" ? "query" : (httpPart ?? "request");
    const places = mistakes.length === 1 ? "1 place" : `${mistakes.length} places`;
    return { error: new ProblemError(400, `the ${part} breaks its schema in ${places}`, mistakes) };
  };
}

/** Turns whatever went wrong into a problem. What is our fault is logged, and told without its inner parts. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ProblemError) {
    if (error.status === 401) void reply.header("www-authenticate", 'Bearer realm="gengfu"');
    void reply.headers(error.headers);
    return sendProblem(reply, problemBody(error.status, error.message, error.mistakes));
  }
  if (error instanceof GengfuError && error.retryable) {
    request.log.warn({ err: error, url: request.routeOptions.url }, "a call had to be refused for now");
    return sendProblem(reply.header("retry-after", "5"), problemBody(503, "this can't be answered for now; try again"));
  }
  const status = isFastifyError(error) ? (error.statusCode ?? 500) : 500;
  if (status >= 400 && status < 500 && isFastifyError(error)) return sendProblem(reply, clientProblem(status, error));
  request.log.error({ err: error, url: request.routeOptions.url, request: request.id }, "a call failed");
  return sendProblem(reply, problemBody(500, `the cloud failed on this call; its log says more under ${request.id}`));
}

function clientProblem(status: number, error: FastifyError): ReturnType<typeof problemBody> {
  if (status === 413) return problemBody(413, "the body is larger than 64 KiB");
  if (status === 415) return problemBody(415, "the body must be JSON, with `Content-Type: application/json`");
  if (status === 400 && (error.code?.startsWith("FST_ERR_CTP") || error instanceof SyntaxError)) {
    return problemBody(400, "the body is not well-formed JSON", [
      { path: "", found: error.message, allowed: "a JSON object" },
    ]);
  }
  return problemBody(status, error.message);
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && ("statusCode" in error || error instanceof SyntaxError);
}
