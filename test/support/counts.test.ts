import { expect, test } from "vitest";
import { countTests } from "./counts.ts";

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
});

test("tests are counted by what became of them", () => {
  const report = { testResults: [file("passed", "passed", "skipped", "todo"), file("failed", "failed", "passed")] };
  expect(countTests(report, false)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test("a file that can't be loaded is a failure", () => {
  expect(countTests({ testResults: [file("passed", "passed"), file("failed")] }, false).failed).toBe(1);
});

test("a run that ended badly is never without a failure", () => {
  expect(countTests({ testResults: [file("passed", "passed")] }, false)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(countTests(undefined, false).failed).toBe(1);
});
