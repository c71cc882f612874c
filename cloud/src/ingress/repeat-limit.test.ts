import { expect, it } from "vitest";
import { ManualClock } from "@gengfu/shared/time/clock";
import { RepeatLimit } from "./repeat-limit.ts";

it("lets one line of a subject through in an interval and says how many it held back", () => {
  const clock = new ManualClock();
  const limit = new RepeatLimit(clock, 1_000);
  expect([limit.pass("a"), limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([0, undefined, 0, undefined]);
  clock.advance(1_000);
  expect([limit.pass("a"), limit.pass("b"), limit.pass("a")]).toEqual([2, 0, undefined]);
});

it("forgets the subject that was told longest ago when there are too many", () => {
  const limit = new RepeatLimit(new ManualClock(), 1_000);
  for (let subject = 0; subject < 1_001; subject++) limit.pass(String(subject));
  expect(limit.pass("0")).toBe(0);
  expect(limit.pass("1000")).toBeUndefined();
});
