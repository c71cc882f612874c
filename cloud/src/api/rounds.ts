import { z } from "zod";
import { extraTapReasons, roundReasons, roundStates, type Round } from "../patrol/verdict.ts";
import { problems, type Api } from "./routes.ts";

export interface RoundCalls {
  /** The rounds whose windows open on a date, in the order of their windows; today's by each site's zone without it. */
  rounds(date: Temporal.PlainDate | undefined, route: string | undefined): Promise<Round[]>;
}

const bilingual = z.object({ zh: z.string(), en: z.string() });
const guard = {
  guard: z.string().nullable().describe("Who tapped, as the site's file names the person."),
  guard_name: z.string().nullable(),
};
const window = z.object({ from: z.int(), to: z.int() });

const round = z
  .object({
    id: z.string().describe("Made from the plan: `<route>:<date>:<HHMM>-<HHMM>`."),
    site: z.string(),
    route: z.string(),
    name: bilingual.describe("The route's name."),
    date: z.string().describe("The day on which the window opens, by the site's clock."),
    window: window.describe("Opens (included) and closes (not included), epoch milliseconds UTC."),
    ordered: z.boolean().describe("Whether the checkpoints must be tapped in this order."),
    state: z.enum(roundStates),
    verdict: z
      .enum(["complete", "incomplete", "missed"])
      .nullable()
      .describe("The state where it judges; null while the round can still be walked."),
    provisional: z
      .boolean()
      .describe("True where taps may still be on their way or bear a doubtful time: then absence is no verdict yet."),
    checkpoints: z
      .array(
        z.object({
          id: z.string(),
          name: bilingual,
          expected: window.describe("When a tap is expected: the round's window."),
          tapAt: z.int().nullable(),
          ...guard,
        }),
      )
      .describe("What must be tapped, and the tap that stands for it."),
    extra: z
      .array(
        z.object({
          at: z.int(),
          checkpoint: z.string(),
          device: z.string(),
          ...guard,
          reason: z.enum(extraTapReasons),
        }),
      )
      .describe("Taps in the window at the route's checkpoints that stand for none of them."),
    reasons: z
      .array(z.object({ code: z.enum(roundReasons), text: bilingual }))
      .describe("Why it is not complete, or provisional."),
  })
  .meta({ id: "Round", description: "A planned round, the taps that were made on it, and the verdict." });

const date = z
  .string()
  .transform((text, context) => {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
      try {
        return Temporal.PlainDate.from(text, { overflow: "reject" });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    context.addIssue({ code: "custom", message: "a date such as 2026-01-05" });
    return z.NEVER;
  })
  .describe("A date, YYYY-MM-DD, by the site's clock; today by default.");

export function roundRoutes(api: Api, patrol: RoundCalls): void {
  api.route({
    method: "GET",
    url: "/rounds",
    config: { right: "read" },
    schema: {
      operationId: "listRounds",
      tags: ["patrol"],
      summary: "The rounds of a day, what was tapped on them, and the verdicts",
      querystring: z.strictObject({
        date: date.optional(),
        route: z.string().max(100).optional().describe("Only of this route."),
      }),
      response: {
        200: z
          .object({ rounds: z.array(round) })
          .describe("The rounds whose windows open on that day, earliest first."),
        ...problems(400, 401, 403, 503),
      },
    },
    handler: async ({ query }) => ({
      rounds: (await patrol.rounds(query.date, query.route)).map((found) => ({
        ...found,
        checkpoints: [...found.checkpoints],
        extra: [...found.extra],
        reasons: [...found.reasons],
      })),
    }),
  });
}
