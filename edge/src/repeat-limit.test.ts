import { ManualClock } from "@gengfu/shared/time/clock";
import { expect, it } from "vitest";
import { RepeatLimit } from "./repeat-limit.ts";

it("lets one through in an interval, by subject, and counts the others", () => {
  const clock = new ManualClock();
  const limit = new RepeatLimit(clock, 1_000);
  expect([limit.pass("a"), limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([0, undefined, 0, undefined]);
  clock.advance(999);
  expect(limit.pass("a")).toBeUndefined();
  clock.advance(1);
  expect([limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([3, 0, undefined]);
});

it("stays bounded", () => {
  const limit = new RepeatLimit(new ManualClock(), 1_000);
  for (let subject = 0; subject < 1_000; subject++) limit.pass(String(subject));
  expect(limit.pass("0")).toBeUndefined();
  limit.pass("one more");
  expect(limit.pass("0")).toBe(0);
});
