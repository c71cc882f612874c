import { kinds } from "@gengfu/shared/model/reading";
import { severities, type Severity } from "@gengfu/shared/model/rule";
import { z } from "zod";
import {
  alertStates,
  notificationStates,
  parseStates,
  receiptStates,
  stepKinds,
  type AlertWithSteps,
} from "../alerts/alert.ts";
import type { AlertAnswer, AlertService } from "../alerts/alert-service.ts";
import { ProblemError } from "./problem.ts";
import { limit, period, requireOrder } from "./query.ts";
import { problems, type Api } from "./routes.ts";

export type AlertCalls = Pick<AlertService, "list" | "get" | "acknowledge" | "close" | "notifications">;

const bilingual = z.object({ zh: z.string(), en: z.string() });

const time = z.int().nullable();

export const alert = z
  .object({
    id: z.string().describe("Made from site, rule, series and onset: the same readings make the same alert."),
    rule: z.string(),
    severity: z.enum(severities),
    state: z
      .enum(alertStates)
      .describe(
        "pending -> firing -> acknowledged -> cleared -> closed. What clears before it was acknowledged stays cleared " +
          "until someone acknowledges it.",
      ),
    site: z.string(),
    gateway: z.string(),
    device: z.string().nullable().describe("Null where it is about a gateway."),
    channel: z.string().nullable(),
    kind: z.enum(kinds).nullable().describe("Null where it is about silence."),
    value: z.number().nullable().describe("The value that raised it, in the kind's unit."),
    onsetAt: z.int().describe("Since when the condition holds, epoch milliseconds UTC."),
    raisedAt: z.int().describe("When it began to fire; for a pending one, when it will. Epoch milliseconds UTC."),
    acknowledgedAt: time,
    acknowledgedBy: z.string().nullable(),
    clearedAt: time,
    closedAt: time,
    closedBy: z.string().nullable(),
    cause: z.string().nullable().describe("Why it was raised, as the one who closed it found."),
    name: bilingual.describe("The rule's name."),
    message: z.string().describe("Chinese and English in one line."),
    messages: bilingual.describe("The message in each language."),
    advice: bilingual.nullable().describe("What to do first."),
    retrospective: z.boolean().optional().describe("True where it came to light so late that nobody was told."),
  })
  .meta({ id: "Alert", description: "An alert and what became of it." });

const step = z
  .object({
    id: z.int().describe("Counts up over all alerts."),
    alert: z.string(),
    at: z.int().describe("When it happened, epoch milliseconds UTC."),
    recordedAt: z.int().describe("When the cloud wrote it down, epoch milliseconds UTC."),
    what: z.enum(stepKinds),
    state: z.enum(alertStates).describe("The alert's state after it."),
    who: z.string().describe("The person, or `gengfu` for what the rules did."),
    note: z.string().nullable(),
  })
  .meta({ id: "AlertStep", description: "What happened to an alert; never changed." });

const alertWithSteps = z
  .object({ ...alert.shape, steps: z.array(step).describe("What happened to it, oldest first.") })
  .describe("The alert with its steps.");

const notification = z
  .object({
    id: z.int(),
    alert: z.string(),
    severity: z.enum(severities),
    about: z.enum(["firing", "cleared"]).describe("Whether it says that the alert fires or that it cleared."),
    channel: z.string().describe("Such as `wecom-bot` or `aliyun-sms`."),
    target: z.string().describe("A person's id, or the channel's name where it speaks to a group."),
    state: z.enum(notificationStates).describe("`would_be_sent` where the channel is not configured."),
    attempts: z.int(),
    createdAt: z.int(),
    sentAt: time,
    nextAttemptAt: time.describe("When it is tried again, while it is pending."),
    error: z.string().nullable().describe("The channel's answer to the last attempt that failed."),
    text: z.string().describe("The text as the channel sends it, or would."),
    group: z
      .int()
      .nullable()
      .describe("What went out as one message has the same number here; null for what went alone."),
    insteadOf: z
      .string()
      .nullable()
      .describe("The channel that did not bring it through, for which this one stands in."),
    vendorId: z.string().nullable().describe("The vendor's name of the message."),
    receipt: z.enum(receiptStates).nullable().describe("Null where the vendor tells of no receipts."),
    receiptAt: time,
    receiptCode: z.string().nullable().describe("The operator's word, such as `DELIVRD`."),
  })
  .meta({ id: "Notification", description: "One message to one target through one channel." });

const id = z.strictObject({ id: z.string().min(1).max(200).describe("The alert's id.") });
const by = z.string().trim().min(1).max(100).describe("Who does it: a name, as it shall stand in the records.");

const states = z.string().transform((text, context) => {
  const named = parseStates(text);
  if (named !== undefined) return named;
  context.addIssue({ code: "custom", message: `one or more of ${alertStates.join(", ")}, or open, between commas` });
  return z.NEVER;
});

const severityList = z.string().transform((text, context) => {
  const named = text.split(",").map((name) => name.trim());
  const known = named.filter((name): name is Severity => (severities as readonly string[]).includes(name));
  if (known.length === named.length) return known;
  context.addIssue({ code: "custom", message: `one or more of ${severities.join(", ")}, between commas` });
  return z.NEVER;
});

export function alertRoutes(api: Api, service: AlertCalls): void {
  api.route({
    method: "GET",
    url: "/alerts",
    config: { right: "read" },
    schema: {
      operationId: "listAlerts",
      tags: ["alerts"],
      summary: "Alerts, newest first",
      querystring: z.strictObject({
        state: states
          .optional()
          .describe(
            "Only in these states, between commas; `open` for firing, acknowledged and cleared. All but pending without it.",
          ),
        severity: severityList.optional().describe("Only of these severities, between commas."),
        from: period.from.describe("Raised at or after; epoch milliseconds (UTC), or ISO 8601 with its zone."),
        to: period.to.describe("Raised before; epoch milliseconds (UTC), or ISO 8601 with its zone."),
        limit: limit(1_000, 100_000),
      }),
      response: {
        200: z.object({ alerts: z.array(alert) }).describe("The alerts, newest first."),
        ...problems(400, 401, 403),
      },
    },
    handler: ({ query }) => {
      requireOrder(query.from, query.to);
      const alerts = service.list({
        limit: query.limit,
        ...(query.state === undefined ? {} : { states: query.state }),
        ...(query.severity === undefined ? {} : { severities: query.severity }),
        ...(query.from === undefined ? {} : { from: query.from }),
        // the service's bound is included
        ...(query.to === undefined ? {} : { to: query.to - 1 }),
      });
      return { alerts };
    },
  });

  api.route({
    method: "GET",
    url: "/alerts/:id",
    config: { right: "read" },
    schema: {
      operationId: "getAlert",
      tags: ["alerts"],
      summary: "One alert with what happened to it",
      params: id,
      response: { 200: alertWithSteps, ...problems(401, 403, 404) },
    },
    handler: ({ params }) => {
      const found = service.get(params.id);
      if (found === undefined) throw unknownAlert(params.id);
      return withSteps(found);
    },
  });

  api.route({
    method: "POST",
    url: "/alerts/:id/acknowledge",
    config: { right: "acknowledge" },
    schema: {
      operationId: "acknowledgeAlert",
      tags: ["alerts"],
      summary: "Say that someone sees to it",
      description: "A second acknowledgement changes nothing and answers with the alert as it stands.",
      params: id,
      body: z.strictObject({
        by,
        note: z.string().trim().max(1_000).nullish().describe("What is being done."),
      }),
      response: { 200: alertWithSteps, ...problems(400, 401, 403, 404, 409, 413, 415) },
    },
    handler: ({ params, body }) =>
      answer(params.id, service.acknowledge(params.id, { by: body.by, note: body.note ?? null })),
  });

  api.route({
    method: "POST",
    url: "/alerts/:id/close",
    config: { right: "close" },
    schema: {
      operationId: "closeAlert",
      tags: ["alerts"],
      summary: "Close it with its cause",
      params: id,
      body: z.strictObject({
        by,
        cause: z.string().trim().min(1).max(1_000).describe("Why it was raised, as was found on site."),
      }),
      response: { 200: alertWithSteps, ...problems(400, 401, 403, 404, 409, 413, 415) },
    },
    handler: ({ params, body }) => answer(params.id, service.close(params.id, body)),
  });

  api.route({
    method: "GET",
    url: "/notifications",
    config: { right: "read" },
    schema: {
      operationId: "listNotifications",
      tags: ["alerts"],
      summary: "Messages to people, newest first",
      description: "What was sent, is on its way, failed, or would be sent if its channel were configured.",
      querystring: z.strictObject({
        alert: z.string().max(200).optional().describe("Only those of this alert."),
        limit: limit(1_000, 100_000),
      }),
      response: {
        200: z.object({ notifications: z.array(notification) }).describe("The messages, newest first."),
        ...problems(400, 401, 403),
      },
    },
    handler: ({ query }) => {
      const found = service.notifications({
        limit: query.limit,
        ...(query.alert === undefined ? {} : { alert: query.alert }),
      });
      return {
        notifications: found.map(({ code, detail, ...rest }) => ({ ...rest, error: errorOf(code, detail) })),
      };
    },
  });
}

function answer(alertId: string, result: AlertAnswer): z.output<typeof alertWithSteps> {
  if (result.ok) return withSteps(result.alert);
  throw result.reason === "unknown" ? unknownAlert(alertId) : new ProblemError(409, result.message);
}

function withSteps(found: AlertWithSteps): z.output<typeof alertWithSteps> {
  return { ...found, steps: [...found.steps] };
}

function unknownAlert(alertId: string): ProblemError {
  return new ProblemError(404, `there is no alert ${JSON.stringify(alertId)}`);
}

function errorOf(code: string | null, detail: string | null): string | null {
  return code === null && detail === null ? null : [code, detail].filter((part) => part !== null).join(": ");
}
