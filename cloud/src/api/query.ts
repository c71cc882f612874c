import { kinds, scalarKinds } from "@gengfu/shared/model/reading";
import { identifier } from "@gengfu/shared/model/identifier";
import { parseDuration } from "@gengfu/shared/time/duration";
import { z } from "zod";
import { ProblemError } from "./problem.ts";

/** An instant in a query: epoch milliseconds, or ISO 8601 with its zone. */
export const instant = z
  .string()
  .transform((text, context): number => {
    const parsed = parseInstant(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: "custom",
      message: "epoch milliseconds such as 1767571200000, or ISO 8601 with its zone such as 2026-01-05T08:00:00+08:00",
    });
    return z.NEVER;
  })
  .describe("Epoch milliseconds (UTC), or ISO 8601 with its zone.");

const from = instant.optional().describe("Beginning, included: epoch milliseconds (UTC), or ISO 8601 with its zone.");
const to = instant.optional().describe("End, not included: epoch milliseconds (UTC), or ISO 8601 with its zone.");

export const period = { from, to };

export const device = identifier.optional().describe("Only of this device.");
export const kind = z.enum(kinds);
export const scalarKind = z.enum(scalarKinds);
export const channel = z
  .string()
  .refine((name) => name === "-" || identifier.safeParse(name).success, "a channel's name, or - for none")
  .optional()
  .describe("Only of this channel; `-` for readings that have none.");

/** How many at most; the numbers of a query come as text. */
export function limit(standard: number, max: number) {
  return z.coerce
    .number("a number")
    .int("a whole number")
    .min(1)
    .max(max)
    .default(standard)
    .describe(`How many at most: 1 to ${max}, ${standard} unless given.`);
}

export const bucket = z
  .string()
  .transform((text, context): number => {
    const length_ms = /^\d+$/.test(text) ? Number(text) : parseDuration(text);
    if (length_ms !== undefined && length_ms >= 1 && Number.isSafeInteger(length_ms)) return length_ms;
    context.addIssue({ code: "custom", message: "milliseconds, or a duration such as 30s, 5m, 1h or 1d" });
    return z.NEVER;
  })
  .describe("Length of a bucket: milliseconds, or a duration such as 30s, 5m, 1h or 1d.");

export const points_max = 10_000;
const points_standard = 1_000;
const steps_ms = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1_000,
);

/** The period and bucket of a series: the last day by default, in buckets that give at most some 1,000 points. */
export function seriesPeriod(
  query: { from?: number | undefined; to?: number | undefined; every?: number | undefined },
  now: number,
): { from: number; to: number; every: number } {
  const end = query.to ?? now;
  const begin = query.from ?? end - 86_400_000;
  requireOrder(begin, end);
  const least = Math.max(1, Math.ceil((end - begin) / points_max));
  const every =
    query.every ??
    steps_ms.find((step) => (end - begin) / step <= points_standard) ??
    Math.ceil((end - begin) / points_standard);
  if (every < least) {
    throw new ProblemError(400, "the series would have too many points", [
      {
        path: "every",
        found: `${every} ms over ${end - begin} ms`,
        allowed: `buckets of at least ${least} ms for this period, at most ${points_max} points`,
      },
    ]);
  }
  return { from: begin, to: end, every };
}

export function requireOrder(begin: number | undefined, end: number | undefined): void {
  if (begin === undefined || end === undefined || begin <= end) return;
  throw new ProblemError(400, "the period ends before it begins", [
    { path: "from", found: String(begin), allowed: `an instant at or before \`to\`, ${end}` },
  ]);
}

function parseInstant(text: string): number | undefined {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return undefined;
  }
}
