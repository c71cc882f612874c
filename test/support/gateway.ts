import { z } from "zod";
import type { Api } from "./api.ts";

const told = z.object({
  gateways: z.tuple([
    z.object({
      connected: z.boolean(),
      /** Epoch milliseconds, by the cloud's clock. */
      lastSeenAt: z.int().nullable(),
      /** Readings that wait there, as it last said; null before it said anything. */
      backlog: z.int().nullable(),
      received: z.array(z.tuple([z.int(), z.int()])),
      missing: z.array(z.tuple([z.int(), z.int()])),
      unused: z.array(z.tuple([z.int(), z.int()])),
      troubles: z.array(z.string()),
    }),
  ]),
});

/** All that the API tells of the one gateway of a site. */
export async function theGateway(api: Api): Promise<z.output<typeof told>["gateways"][0]> {
  return told.parse((await api.call("GET", "/gateways")).body).gateways[0];
}

/** How many readings it has taken in, as far as the cloud knows. */
export async function takenIn(api: Api): Promise<number> {
  const { received, backlog } = await theGateway(api);
  return received.reduce((sum, [from, to]) => sum + to - from + 1, 0) + (backlog ?? 0);
}
