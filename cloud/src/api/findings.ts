import { identifier } from "@gengfu/shared/model/identifier";
import { grades, type Site } from "@gengfu/shared/model/site";
import type { Clock } from "@gengfu/shared/time/clock";
import { z } from "zod";
import { findingsCsv } from "../findings/csv.ts";
import {
  findingEvents,
  findingSources,
  findingStates,
  findingStepKinds,
  overdueOf,
  unsettledStates,
  type Finding,
  type FindingState,
} from "../findings/finding.ts";
import type { FindingAnswer, Findings, FindingWithSteps } from "../findings/findings.ts";
import { ProblemError } from "./problem.ts";
import { limit, period, requireOrder } from "./query.ts";
import { problems, type Api } from "./routes.ts";

export interface FindingRoutes {
  readonly findings: Pick<Findings, "list" | "get" | "add" | "step">;
  readonly sites: readonly Site[];
  readonly clock: Pick<Clock, "now">;
}

const time = z.int().nullable();

const finding = z
  .object({
    id: z.int().describe("Counts up over all findings; never given twice."),
    site: z.string(),
    state: z
      .enum(findingStates)
      .describe("open -> in_progress -> done -> verified. A verification may send it back to in_progress."),
    grade: z.enum(grades),
    source: z.enum(findingSources).describe("By hand, from an alert, or from the tap of a defect's card."),
    alert: z.string().nullable().describe("The alert that it was made from."),
    defect: z.string().nullable().describe("The defect of the site file whose card was tapped."),
    device: z.string().nullable(),
    checkpoint: z.string().nullable(),
    what: z.string(),
    foundAt: z.int().describe("Epoch milliseconds UTC."),
    foundBy: z.string().nullable().describe("Null where only a defect's card was tapped."),
    recordedAt: z.int().describe("When it came into the ledger, epoch milliseconds UTC."),
    responsible: z.string().nullable(),
    measure: z.string().nullable(),
    proposalDueAt: z.int().describe("Until when there must be a measure."),
    dueAt: z.int().describe("Until when it must be done."),
    overdue: z.enum(["proposal", "result"]).nullable().describe("What is late now: the measure, or the work."),
    result: z.string().nullable(),
    doneAt: time,
    doneBy: z.string().nullable(),
    verifiedAt: time,
    verifiedBy: z.string().nullable(),
    closedAt: time.describe("When it was verified or cancelled."),
  })
  .meta({
    id: "Finding",
    description: "A problem found, and what becomes of it: an entry of the rectification ledger.",
  });

const step = z
  .object({
    id: z.int().describe("Counts up over all findings."),
    at: z.int().describe("When it happened, epoch milliseconds UTC."),
    recordedAt: z.int().describe("When the cloud wrote it down, epoch milliseconds UTC."),
    what: z.enum(findingStepKinds),
    state: z.enum(findingStates).describe("The state after it."),
    who: z.string().describe("The person, or `gengfu` for what it noted by itself."),
    note: z.string().nullable(),
    changes: z.record(z.string(), z.unknown()).describe("The fields that it set."),
  })
  .meta({ id: "FindingStep", description: "What happened to a finding; never changed and never removed." });

const findingWithSteps = z
  .object({ ...finding.shape, steps: z.array(step).describe("What happened to it, oldest first.") })
  .describe("The finding with its steps.");

const name = z.string().trim().min(1).max(100);
const words = z.string().trim().min(1).max(1_000);
const instant = z.int().min(0).describe("Epoch milliseconds UTC.");
const by = name.describe("Who does it: a name, as it shall stand in the records.");
const key = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe("Made up by the caller: a call that is repeated with the same key changes nothing more.");
const plan = {
  grade: z.enum(grades).optional().describe("How grave it is; the due date follows from it unless one is given."),
  responsible: name.optional().describe("Who sees to it."),
  measure: words.optional().describe("What will be done about it."),
  dueAt: instant.optional().describe("Until when it must be done, epoch milliseconds UTC."),
};

const newFinding = z.strictObject({
  by,
  alert: z.string().min(1).max(200).optional().describe("The id of the alert that it is made from."),
  another: z.boolean().optional().describe("Makes one more of an alert that has one already."),
  what: words.optional().describe("What was found; from the alert without it."),
  site: identifier.optional().describe("The cloud's first site without it."),
  device: identifier.optional(),
  checkpoint: identifier.optional(),
  foundAt: instant.optional().describe("Now without it, or when the alert was raised. Epoch milliseconds UTC."),
  foundBy: name.optional().describe("Who found it, where it is not the one who writes it down."),
  ...plan,
  note: words.optional(),
  key,
});

const newStep = z.strictObject({
  what: z
    .enum(findingEvents)
    .describe(
      "start the work; plan anew who, what or until when; note something; finish it with its `result`; verify it; " +
        "reject it, which sends it back, or cancel it, both with a `note` that says why.",
    ),
  by,
  note: words.optional(),
  result: words.optional().describe("What was done."),
  ...plan,
  key,
});

const states = z.string().transform((text, context): FindingState[] => {
  const named = text
    .split(",")
    .flatMap((one): readonly string[] => (one.trim() === "unsettled" ? unsettledStates : [one.trim()]));
  const known = named.flatMap((one) => findingStates.find((state) => state === one) ?? []);
  if (known.length === named.length) return [...new Set(known)];
  context.addIssue({
    code: "custom",
    message: `one or more of ${findingStates.join(", ")}, or unsettled, between commas`,
  });
  return z.NEVER;
});

const filter = z.strictObject({
  state: states
    .optional()
    .describe("Only in these states, between commas; `unsettled` for open, in_progress and done."),
  overdue: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .describe("Only those whose measure or work is late, or only those that are not."),
  site: identifier.optional().describe("Only of this site."),
  from: period.from.describe("Found at or after; epoch milliseconds (UTC), or ISO 8601 with its zone."),
  to: period.to.describe("Found before; epoch milliseconds (UTC), or ISO 8601 with its zone."),
  limit: limit(1_000, 10_000),
});

const id = z.strictObject({ id: z.coerce.number().int().min(1).describe("The finding's number.") });

export function findingRoutes(api: Api, { findings, sites, clock }: FindingRoutes): void {
  const show = (one: Finding): z.output<typeof finding> => ({ ...one, overdue: overdueOf(one, clock.now()) });
  const showAll = (one: FindingWithSteps): z.output<typeof findingWithSteps> => ({
    ...show(one),
    steps: one.steps.map((each) => ({ ...each, changes: { ...each.changes } })),
  });
  const select = (query: z.output<typeof filter>): Finding[] => {
    requireOrder(query.from, query.to);
    const { state, ...rest } = query;
    return findings.list({ ...rest, states: state });
  };
  const accept = (number: number, result: FindingAnswer) => {
    if (result.ok) return { shown: showAll(result.finding), changed: result.changed };
    if (result.reason === "unknown") throw unknownFinding(number);
    throw new ProblemError(result.reason === "conflict" ? 409 : 400, result.message);
  };

  api.route({
    method: "GET",
    url: "/findings",
    config: { right: "read" },
    schema: {
      operationId: "listFindings",
      tags: ["findings"],
      summary: "The rectification ledger (整改台账), newest first",
      querystring: filter,
      response: {
        200: z.object({ findings: z.array(finding) }).describe("The findings, the one found last first."),
        ...problems(400, 401, 403),
      },
    },
    handler: ({ query }) => ({ findings: select(query).map(show) }),
  });

  api.route({
    method: "GET",
    url: "/findings.csv",
    config: { right: "read" },
    schema: {
      operationId: "exportFindings",
      tags: ["findings"],
      summary: "The rectification ledger as a table for spreadsheets",
      description: "UTF-8 with a byte order mark, as Excel wants it; columns named in Chinese and English.",
      querystring: filter,
      response: {
        200: { description: "A row for each finding.", content: { "text/csv": { schema: z.string() } } },
        ...problems(400, 401, 403),
      },
    },
    handler: ({ query }, reply) => {
      void reply
        .type("text/csv; charset=utf-8")
        .header("content-disposition", 'attachment; filename="findings.csv"')
        .serializer((text: unknown) => String(text));
      return findingsCsv(select(query), (one) => findings.get(one.id)?.steps ?? [], sites, clock.now());
    },
  });

  api.route({
    method: "GET",
    url: "/findings/:id",
    config: { right: "read" },
    schema: {
      operationId: "getFinding",
      tags: ["findings"],
      summary: "One finding with what happened to it",
      params: id,
      response: { 200: findingWithSteps, ...problems(400, 401, 403, 404) },
    },
    handler: ({ params }) => {
      const found = findings.get(params.id);
      if (found === undefined) throw unknownFinding(params.id);
      return showAll(found);
    },
  });

  api.route({
    method: "POST",
    url: "/findings",
    config: { right: "acknowledge" },
    schema: {
      operationId: "addFinding",
      tags: ["findings"],
      summary: "Write a problem into the ledger, by hand or from an alert",
      description: "An alert has one finding: asked again, it answers with that, unless `another` is true.",
      body: newFinding,
      response: {
        200: findingWithSteps.describe("It stood in the ledger already."),
        201: findingWithSteps.describe("It stands in the ledger now."),
        ...problems(400, 401, 403, 413, 415),
      },
    },
    handler: ({ body }, reply) => {
      const { shown: added, changed } = accept(0, findings.add(body));
      void reply.code(changed ? 201 : 200);
      return added;
    },
  });

  api.route({
    method: "POST",
    url: "/findings/:id/steps",
    config: { right: "acknowledge" },
    schema: {
      operationId: "addFindingStep",
      tags: ["findings"],
      summary: "Say what was done about a finding",
      params: id,
      body: newStep,
      response: { 200: findingWithSteps, ...problems(400, 401, 403, 404, 409, 413, 415) },
    },
    handler: ({ params, body }) => accept(params.id, findings.step(params.id, given(body))).shown,
  });
}

/** Without what was left away. */
function given(body: z.output<typeof newStep>): Parameters<Findings["step"]>[1] {
  const { what, by: who } = body;
  const rest = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  return { ...rest, what, by: who };
}

function unknownFinding(number: number): ProblemError {
  return new ProblemError(404, `there is no finding ${number}`);
}
