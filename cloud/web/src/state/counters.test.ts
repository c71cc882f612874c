import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { count, countDay } from "./counters.ts";
import type { Counter } from "./world.ts";

const bucket = (at: number, min: number, max: number) => ({ at, min, mean: min, max, count: 2 });

describe("pulses of a day", () => {
  it("counts from what the counter stood at before midnight", () => {
    const points = [bucket(900, 40, 50), bucket(1_000, 51, 55), bucket(1_100, 55, 60)];
    expect(countDay(points, 1_000, 1_200)).toEqual({ today: 10, total: 60, at: 1_200 });
  });

  it("counts from the first reading where nothing is known from before", () => {
    expect(countDay([bucket(1_000, 51, 55)], 1_000, 1_200)?.today).toBe(4);
  });

  it("goes on when the counter begins anew", () => {
    const points = [bucket(900, 40, 50), bucket(1_000, 51, 55), bucket(1_100, 0, 3), bucket(1_200, 4, 9)];
    expect(countDay(points, 1_000, 1_300)?.today).toBe(5 + 3 + 6);
  });

  it("knows nothing where there are no readings", () => {
    expect(countDay([], 1_000, 1_200)).toBeNull();
  });

  it("leaves out what the buckets held already", () => {
    const day = countDay([bucket(900, 40, 50), bucket(1_000, 51, 55)], 1_000, 1_200);
    expect(count(day ?? undefined, 1_150, 54)).toEqual({ today: 5, total: 55, at: 1_200 });
    expect(count(day ?? undefined, 1_250, 57)).toEqual({ today: 7, total: 57, at: 1_250 });
  });

  it("counts every pulse once, over restarts and repeats", () => {
    const step = fc.record({ pulses: fc.nat(20), restart: fc.boolean(), repeat: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let counter: Counter | undefined = { today: 0, total: 100, at: 0 };
        let total = 100;
        let real = 0;
        steps.forEach(({ pulses, restart, repeat }, index) => {
          if (restart) total = 0;
          total += pulses;
          real += pulses;
          // a restart after which the counter has caught up can't be told from none
          if (restart && total >= (counter?.total ?? 0)) real += -pulses + (total - (counter?.total ?? 0));
          counter = count(counter, index + 1, total);
          if (repeat) counter = count(counter, index + 1, total);
        });
        expect(counter?.today).toBe(real);
      }),
    );
  });
});
