import { describe, expect, it } from "vitest";
import { chartData } from "./chart-data.ts";
import { trend } from "./world.ts";

describe("a chart's data", () => {
  const point = (bucket: number, mean: number) => ({
    at: bucket * trend.every_ms,
    min: mean,
    mean,
    max: mean,
    count: 1,
  });
  const seconds = trend.every_ms / 1_000;

  it("bridges a bucket or two and breaks at a longer silence", () => {
    const [times, line] = chartData([[point(1, 10), point(3, 30), point(8, 80)]]);
    expect(times).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((bucket) => bucket * seconds));
    expect(line).toEqual([10, undefined, 30, null, null, null, null, 80]);
  });

  it("puts two series on one axis", () => {
    const [times, first, second] = chartData([[point(2, 1)], [point(1, 5), point(2, 6)]]);
    expect(times).toHaveLength(2);
    expect(first).toEqual([null, 1]);
    expect(second).toEqual([5, 6]);
  });

  it("is empty where there is nothing", () => {
    expect(chartData([[], []])).toEqual([[], [], []]);
  });
});
