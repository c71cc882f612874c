import { z } from "zod";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is counted. */
const report = z.object({
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * The counts of a run. A file that couldn't even be loaded counts as one failure, and so does a run that ended badly
 * without a failed test (an unhandled error, a crash, no report).
 */
export function countTests(raw: unknown, endedWell: boolean): Counts {
  const { data } = report.safeParse(raw);
  const files = data?.testResults ?? [];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const count = (...statuses: string[]): number => tests.filter(({ status }) => statuses.includes(status)).length;
  const broken = files.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = count("failed") + broken;
  return {
    passed: count("passed"),
    failed: failed === 0 && !endedWell ? 1 : failed,
    skipped: count("skipped", "pending", "todo", "disabled"),
  };
}
