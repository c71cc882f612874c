import { describe, expect, it } from "vitest";
import { aReading } from "./fixtures.ts";
import { extendTrend } from "./trends.ts";
import { bounds, trend } from "./world.ts";

describe("a trend", () => {
  it("gathers a bucket's readings into least, mean and greatest", () => {
    const points = extendTrend(
      [],
      [1, 2, 6].map((value, index) => aReading({ at: trend.every_ms * 7 + index, value })),
    );
    expect(points).toEqual([{ at: trend.every_ms * 7, min: 1, max: 6, mean: 3, count: 3 }]);
  });

  it("goes on with a bucket that was fetched", () => {
    const fetched = [{ at: 0, min: 1, max: 3, mean: 2, count: 4 }];
    expect(extendTrend(fetched, [aReading({ at: 5, value: 7 })])).toEqual([
      { at: 0, min: 1, max: 7, mean: 3, count: 5 },
    ]);
    expect(fetched).toEqual([{ at: 0, min: 1, max: 3, mean: 2, count: 4 }]);
  });

  it("lets go of what is older than its span and never grows beyond its bound", () => {
    const readings = Array.from({ length: 1_000 }, (_, index) =>
      aReading({ at: index * trend.every_ms, value: index }),
    );
    const points = extendTrend([], readings);
    expect(points).toHaveLength(bounds.trend_points);
    expect(points.at(-1)?.at).toBe(999 * trend.every_ms);
    expect((points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0)).toBe(trend.span_ms);
  });

  it("leaves readings without a value out", () => {
    expect(extendTrend([], [aReading({ value: null })])).toEqual([]);
  });
});
