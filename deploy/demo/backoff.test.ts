import { expect, test } from "vitest";
import { nextDelay } from "./backoff.ts";

test("the delay doubles from 0.2 s to 5 s", () => {
  const delays: number[] = [];
  for (let deaths = 0; deaths < 7; deaths++) delays.push(nextDelay(delays.at(-1), 100));
  expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test("a service that ran well for 30 s begins anew", () => {
  expect(nextDelay(5_000, 29_999)).toBe(5_000);
  expect(nextDelay(5_000, 30_000)).toBe(200);
});
