import { unclaimedReasons } from "@gengfu/shared/uplink-protocol";
import { z } from "zod";
import { problems, type Api } from "../api/routes.ts";
import type { UnclaimedBook } from "./unclaimed-book.ts";

const yaml = z.string().nullable();

const unclaimedView = z
  .object({
    gateway: z.string(),
    via: z.string().describe("The bridge through which it speaks; empty for one that was refused at its sign-on."),
    name: z.string().describe("As it calls itself."),
    reason: z
      .enum(unclaimedReasons)
      .describe(
        "unknown_device: no device of the bridge's entry; no_mapping: a topic that no mapping knows; not_measured: " +
          "nothing that the site file says it measures; not_signed_on: refused at its sign-on.",
      ),
    count: z.int().describe("How often it was heard."),
    firstSeenAt: z.int().describe("Epoch milliseconds UTC, by the gateway's clock."),
    lastSeenAt: z.int().describe("Epoch milliseconds UTC, by the gateway's clock."),
    topics: z
      .array(
        z.object({
          topic: z.string(),
          payload: z.string().describe("The begin of what it sent last; as `base64:...` where it is no text."),
          count: z.int(),
          lastSeenAt: z.int(),
        }),
      )
      .describe("Where it publishes, newest first."),
    proposal: z
      .object({ site: yaml, edge: yaml })
      .describe("What could stand in site.yaml and edge.yaml for it, YAML to be looked through by a person."),
  })
  .meta({ id: "Unclaimed", description: "Someone who speaks to a gateway and is in no configuration." });

export function unclaimedRoutes(api: Api, book: Pick<UnclaimedBook, "list" | "forgotten">): void {
  api.route({
    method: "GET",
    url: "/unclaimed",
    config: { right: "read" },
    schema: {
      operationId: "listUnclaimed",
      tags: ["site"],
      summary: "Who speaks to the gateways and is in no configuration, with what could be configured",
      response: {
        200: z
          .object({
            unclaimed: z.array(unclaimedView),
            forgotten: z.int().describe("How many more there were than the gateways keep."),
          })
          .describe("The unclaimed, the one heard last first."),
        ...problems(401, 403),
      },
    },
    handler: () => ({
      unclaimed: book.list(),
      forgotten: book.forgotten,
    }),
  });
}
