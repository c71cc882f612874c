import fc from "fast-check";
import { expect, it } from "vitest";
import { backoff } from "./backoff.ts";

const bounds = { min_ms: 200, max_ms: 30_000 };

it("doubles up to the bound", () => {
  expect([0, 1, 2, 3, 7, 8, 1_000].map((attempt) => backoff(attempt, 0, bounds))).toEqual([
    200, 400, 800, 1_600, 25_600, 30_000, 30_000,
  ]);
});

it("leaves out a random half at most, and never goes below the least", () => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (attempt, random) => {
      const full_ms = backoff(attempt, 0, bounds);
      const delay_ms = backoff(attempt, random, bounds);
      expect(delay_ms).toBeGreaterThanOrEqual(Math.max(200, Math.floor(full_ms / 2)));
      expect(delay_ms).toBeLessThanOrEqual(full_ms);
    }),
  );
});
