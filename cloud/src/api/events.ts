import type { OutgoingHttpHeaders } from "node:http";
import { z } from "zod";
import type { LiveHub } from "../live/hub.ts";
import { ProblemError } from "./problem.ts";
import { problems, type Api } from "./routes.ts";

export function eventRoutes(api: Api, hub: LiveHub): void {
  api.route({
    method: "GET",
    url: "/events",
    config: { right: "read" },
    exposeHeadRoute: false,
    schema: {
      operationId: "watch",
      tags: ["live"],
      summary: "Server-sent events: reading, alert, round, gateway",
      description:
        "Each event's data is the JSON that the matching call answers with: a reading, an alert, a round, a gateway. " +
        "Taps, contacts and states go at once; of every other series the newest reading goes at most every 250 ms. A " +
        "comment comes every 15 s. A client that does not read is disconnected; after a reconnection ask the calls for " +
        "what was missed.",
      response: {
        200: {
          description: "The stream; it goes on until one side ends it.",
          content: { "text/event-stream": { schema: z.string() } },
        },
        ...problems(401, 403, 503),
      },
    },
    handler: (request, reply) => {
      if (hub.full)
        throw new ProblemError(503, "too many are watching already; try again later", [], { "retry-after": "10" });
      const { raw } = reply;
      reply.hijack();
      raw.writeHead(200, {
        ...reply.getHeaders(),
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        // nginx would hold the stream back
        "x-accel-buffering": "no",
      } as OutgoingHttpHeaders);
      request.raw.socket.setNoDelay(true);
      const done = hub.connect({
        write: (text) => raw.write(text),
        onDrain: (listener) => raw.on("drain", listener),
        end: () => raw.end(),
        destroy: () => raw.destroy(),
      });
      raw.on("close", done);
      raw.on("error", done);
    },
  });
}
