import { z } from "zod";
import type { Clock } from "@gengfu/shared/time/clock";
import type { QuarantinedBatch } from "../ingress/batch-quarantine.ts";
import { readingsLimit, type ReadingRow, type Store } from "../stores/store.ts";
import { bucket, channel, device, kind, limit, period, requireOrder, scalarKind, seriesPeriod } from "./query.ts";
import { reading, type ReadingViews } from "./reading-view.ts";
import { problems, type Api } from "./routes.ts";

export interface ReadingsRoutes {
  readonly store: Pick<Store, "readings" | "series">;
  readonly views: ReadingViews;
  readonly clock: Clock;
  /** Batches that could not be decoded, newest first. */
  readonly quarantinedBatches: (limit: number) => readonly QuarantinedBatch[];
}

/** Whole batches are kept for whoever looks into them on the machine itself; here their beginning must do. */
const batches_max = 100;
const batchBytes_max = 300;

const quarantined = z
  .object({
    at: z.int().describe("When the edge took it in, epoch milliseconds UTC."),
    gateway: z.string(),
    device: z.string().nullable().describe("Null for a whole batch of a gateway that could not be decoded."),
    topic: z.string(),
    code: z.string().describe("What was wrong, as a stable code."),
    message: z.string().describe("The same as a sentence."),
    path: z.string().describe("Where in the payload."),
    payload: z.string().describe("What was sent, cut where it was long; of a batch its first bytes in base64."),
  })
  .meta({ id: "Quarantined", description: "A payload that broke the contract." });

export function readingsRoutes(api: Api, { store, views, clock, quarantinedBatches }: ReadingsRoutes): void {
  api.route({
    method: "GET",
    url: "/readings",
    config: { right: "read" },
    schema: {
      operationId: "listReadings",
      tags: ["readings"],
      summary: "Readings, newest first",
      description: "Kinds `quarantine` and `gap` come only where `kind` asks for them. An unknown device has none.",
      querystring: z.strictObject({
        kind: kind.optional().describe("Only of this kind."),
        device,
        channel,
        ...period,
        limit: limit(readingsLimit.standard, readingsLimit.max),
      }),
      response: {
        200: z.object({ readings: z.array(reading) }).describe("The readings, newest first."),
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async ({ query }, reply) => {
      requireOrder(query.from, query.to);
      // a hundred thousand rows through the schema would hold up everything else
      void reply.type("application/json; charset=utf-8").serializer((payload: unknown) => JSON.stringify(payload));
      return { readings: (await store.readings(query)).map((row) => views.view(row)) };
    },
  });

  api.route({
    method: "GET",
    url: "/readings/series",
    config: { right: "read" },
    schema: {
      operationId: "getSeries",
      tags: ["readings"],
      summary: "A series in buckets, oldest first",
      description:
        "Least, mean and greatest value of each bucket that has readings. Buckets begin at multiples of `every` since " +
        "the epoch. Without a period it is the last day; without `every` the buckets give at most some 1,000 points.",
      querystring: z.strictObject({
        kind: scalarKind.describe("Of this kind; one that has numbers."),
        device,
        channel,
        ...period,
        every: bucket.optional(),
      }),
      response: {
        200: z
          .object({
            points: z.array(
              z.object({
                at: z.int().describe("Beginning of the bucket, epoch milliseconds UTC."),
                min: z.number(),
                mean: z.number(),
                max: z.number(),
                count: z.int(),
              }),
            ),
          })
          .describe("The buckets, oldest first."),
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async ({ query }) => {
      const { from, to, every } = seriesPeriod(query, clock.now());
      const { kind: ofKind, device: ofDevice, channel: ofChannel } = query;
      const points = await store.series({ kind: ofKind, device: ofDevice, channel: ofChannel, from, to, every });
      return { points: [...points] };
    },
  });

  api.route({
    method: "GET",
    url: "/quarantine",
    config: { right: "read" },
    schema: {
      operationId: "listQuarantine",
      tags: ["readings"],
      summary: "Payloads that broke the contract, newest first",
      querystring: z.strictObject({ device, ...period, limit: limit(readingsLimit.standard, readingsLimit.max) }),
      response: {
        200: z.object({ quarantine: z.array(quarantined) }).describe("What was quarantined, newest first."),
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async ({ query }) => {
      requireOrder(query.from, query.to);
      const rows = await store.readings({ ...query, kind: "quarantine" });
      const batches = query.device === undefined ? quarantinedBatches(Math.min(query.limit, batches_max)) : [];
      const { from = -Infinity, to = Infinity } = query;
      const all = [...rows.map(ofReading), ...batches.map(ofBatch).filter(({ at }) => at >= from && at < to)];
      return { quarantine: all.sort((a, b) => b.at - a.at).slice(0, query.limit) };
    },
  });
}

function ofReading({ at, gateway, device: from, detail }: ReadingRow): z.output<typeof quarantined> {
  const text = (name: string): string => String(detail?.[name] ?? "");
  return {
    at,
    gateway,
    device: from,
    topic: text("topic"),
    code: text("code"),
    message: text("message"),
    path: text("path"),
    payload: text("payload"),
  };
}

function ofBatch({ at, gateway, topic, code, message, body }: QuarantinedBatch): z.output<typeof quarantined> {
  const payload = Buffer.from(body.subarray(0, batchBytes_max)).toString("base64");
  return { at, gateway, device: null, topic, code, message, path: "", payload };
}
