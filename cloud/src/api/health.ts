import { messageOf } from "@gengfu/shared/errors";
import { z } from "zod";
import { render, type Metric } from "./metrics.ts";
import { open, problems, type Api } from "./routes.ts";

export const checkStates = ["ok", "degraded", "failing", "off"] as const;

/** What a part says of itself. `failing` means that the cloud can't do its job; `degraded` that people should look. */
export interface Check {
  readonly status: (typeof checkStates)[number];
  readonly detail: string | null;
}

export type Checks = Readonly<Record<string, () => Check>>;

export interface HealthRoutes {
  readonly checks: Checks;
  readonly metrics: () => readonly Metric[];
  /** Whether anyone who reaches the address may read the metrics. */
  readonly openMetrics: boolean;
}

const health = z
  .object({
    status: z.enum(["ok", "degraded", "failing"]).describe("The worst of the checks."),
    checks: z.record(z.string(), z.object({ status: z.enum(checkStates), detail: z.string().nullable() })),
  })
  .meta({ id: "Health", description: "Whether the cloud can do its job, and what stands in its way." });

export function healthRoutes(api: Api, { checks, metrics, openMetrics }: HealthRoutes): void {
  api.route({
    method: "GET",
    url: "/health",
    config: { right: "none" },
    schema: {
      operationId: "getHealth",
      tags: ["operation"],
      summary: "Whether the cloud can do its job",
      security: open,
      response: {
        200: health.describe("It can do its job; a part that is `degraded` wants looking at."),
        503: health.describe("It can't do its job; the checks say why."),
        ...problems(),
      },
    },
    handler: (_, reply) => {
      const results = Object.entries(checks).map(([name, check]) => [name, run(check)] as const);
      const states = new Set(results.map(([, { status }]) => status));
      const status = states.has("failing") ? "failing" : states.has("degraded") ? "degraded" : "ok";
      void reply.code(status === "failing" ? 503 : 200);
      return { status, checks: Object.fromEntries(results) } as const;
    },
  });

  api.route({
    method: "GET",
    url: "/metrics",
    config: { right: openMetrics ? "none" : "read" },
    schema: {
      operationId: "getMetrics",
      tags: ["operation"],
      summary: "Figures of operation, for Prometheus",
      description: "Needs no token where the cloud listens on loopback only.",
      ...(openMetrics ? { security: open } : {}),
      response: {
        200: { description: "Prometheus text, version 0.0.4.", content: { "text/plain": { schema: z.string() } } },
        ...problems(401, 403),
      },
    },
    handler: (_, reply) => {
      void reply.type("text/plain; version=0.0.4; charset=utf-8").serializer((text: unknown) => String(text));
      return render(metrics());
    },
  });
}

function run(check: () => Check): Check {
  try {
    return check();
  } catch (error) {
    return { status: "failing", detail: messageOf(error) };
  }
}
