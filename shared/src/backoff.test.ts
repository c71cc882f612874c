import fc from "fast-check";
import { expect, it } from "vitest";
import { backoff } from "./backoff.ts";

const bounds = { first_ms: 200, max_ms: 30_000 };

it("doubles with each failure, up to the bound", () => {
  expect([0, 1, 2, 3, 4, 8, 9, 1_000].map((failures) => backoff(failures, 0, bounds))).toEqual([
    200, 200, 400, 800, 1_600, 25_600, 30_000, 30_000,
  ]);
});

it("leaves out a random half at most", () => {
  expect([0.5, 0.999].map((random) => backoff(3, random, bounds))).toEqual([600, 400]);
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (failures, random) => {
      const longest_ms = backoff(failures, 0, bounds);
      const delay_ms = backoff(failures, random, bounds);
      expect(delay_ms).toBeGreaterThanOrEqual(longest_ms / 2);
      expect(delay_ms).toBeLessThanOrEqual(longest_ms);
    }),
  );
});
