import { z } from "zod";
import { ProblemError } from "../api/problem.ts";
import { problems, type Api } from "../api/routes.ts";
import { dueAt, postCheckMinutes_max, postCheckStates, type PostCheck } from "./post-check.ts";
import type { TransmissionServer } from "./transmission-server.ts";

/** As far as the API asks it; undefined where none is configured. */
export type TransmissionCalls = Pick<TransmissionServer, "postCheck" | "lastPostCheck" | "strangers">;

const id = z.strictObject({ id: z.string().min(1).max(64).describe("The gateway's id.") });

const postCheck = z
  .object({
    state: z
      .enum(postCheckStates)
      .describe(
        "asked: sent to the transmission device; shown: it has it; answered; overdue: nobody answered in time; undelivered: the device could not be told.",
      ),
    by: z.string().describe("Who began it."),
    askedAt: z.int().describe("Epoch milliseconds UTC."),
    dueAt: z.int().describe("Until when it is to be answered, epoch milliseconds UTC."),
    at: z.int().describe("When it came into this state, epoch milliseconds UTC."),
    operator: z.int().nullable().describe("Number of who answered, as the device knows people; null before."),
  })
  .meta({
    id: "PostCheck",
    description: "A post check (查岗): whether the duty desk behind a transmission device is manned.",
  });

const answer = z.object({ postCheck: postCheck.nullable() });

export function transmissionRoutes(api: Api, transmission: TransmissionCalls | undefined): void {
  api.route({
    method: "POST",
    url: "/gateways/:id/post-check",
    config: { right: "acknowledge" },
    schema: {
      operationId: "beginPostCheck",
      tags: ["site"],
      summary: "Ask whether the duty desk is manned (查岗)",
      description:
        "For a gateway that is a user information transmission device (GB/T 26875.3). A signal there lasts until someone " +
        "answers it; the course is recorded as contact `post-check` of the device, and `post-check-overdue` is closed when " +
        "nobody answered in time. One at a time: 409 while one is open, and while the device is not connected.",
      params: id,
      body: z.strictObject({
        by: z.string().trim().min(1).max(100).describe("Who asks: a name, as it shall stand in the records."),
        minutes: z
          .int()
          .min(1)
          .max(postCheckMinutes_max)
          .default(postCheckMinutes_max)
          .describe("Time for the answer."),
      }),
      response: { 200: answer.describe("The check as it began."), ...problems(400, 401, 403, 404, 409, 413, 415) },
    },
    handler: async ({ params, body }) => {
      const begun = await transmission?.postCheck(params.id, body.by, body.minutes);
      if (begun === undefined) throw noTransmissionDevice(params.id);
      if (!begun.ok) throw new ProblemError(409, begun.message);
      return { postCheck: show(begun.check) };
    },
  });

  api.route({
    method: "GET",
    url: "/gateways/:id/post-check",
    config: { right: "read" },
    schema: {
      operationId: "getPostCheck",
      tags: ["site"],
      summary: "The last post check of a gateway",
      params: id,
      response: { 200: answer.describe("The check; null where there never was one."), ...problems(401, 403, 404) },
    },
    handler: ({ params }) => {
      const last = transmission?.lastPostCheck(params.id);
      if (last === undefined) throw noTransmissionDevice(params.id);
      return { postCheck: last === null ? null : show(last) };
    },
  });

  api.route({
    method: "GET",
    url: "/transmission-strangers",
    config: { right: "read" },
    schema: {
      operationId: "listTransmissionStrangers",
      tags: ["site"],
      summary: "Transmission devices of unknown addresses, which were denied",
      description: "What to enter as `gb26875.address` in the site's file, if it is one of the site's.",
      response: {
        200: z
          .object({
            strangers: z.array(
              z.object({
                address: z.string().describe("6 bytes in hex as they were sent, low byte first."),
                number: z.int().describe("The same as a whole number."),
                remote: z.string().describe("Where it came from last."),
                frames: z.int().describe("Frames that came of it since the start."),
                lastSeenAt: z.int().describe("Epoch milliseconds UTC."),
              }),
            ),
          })
          .describe("The newest first; at most 100 are remembered."),
        ...problems(401, 403),
      },
    },
    handler: () => ({ strangers: transmission?.strangers() ?? [] }),
  });
}

function show(check: PostCheck): z.output<typeof postCheck> {
  const { state, by, askedAt, at, operator } = check;
  return { state, by, askedAt, dueAt: dueAt(check), at, operator };
}

function noTransmissionDevice(gateway: string): ProblemError {
  return new ProblemError(404, `there is no transmission device ${JSON.stringify(gateway)} among the gateways`);
}
