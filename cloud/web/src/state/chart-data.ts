import type { SeriesPoint } from "../api/types.ts";
import { trend } from "./world.ts";

/** Up to so many buckets without a reading are bridged; a longer silence breaks the line. */
const bridged_max = 3;

/** A value, null where the line breaks, undefined where it passes over. */
export type Ordinate = number | null | undefined;

/**
 * Series on one time axis, as charts want them: bucket after bucket from the first to the last of any of them. Times
 * are in seconds.
 */
export function chartData(series: readonly (readonly SeriesPoint[])[]): [number[], ...Ordinate[][]] {
  const starts = series.flatMap((points) => [points[0]?.at, points.at(-1)?.at]).filter((at) => at !== undefined);
  if (starts.length === 0) return [[], ...series.map(() => [])];
  const [first, last] = [Math.min(...starts), Math.max(...starts)];
  const indexOf = (at: number): number => Math.round((at - first) / trend.every_ms);
  const length = indexOf(last) + 1;
  return [
    Array.from({ length }, (_, index) => (first + index * trend.every_ms) / 1_000),
    ...series.map((points) => {
      const line = Array.from({ length }, (): Ordinate => null);
      let before: number | null = null;
      for (const { at, mean } of points) {
        const index = indexOf(at);
        if (before !== null && index - before <= bridged_max) line.fill(undefined, before + 1, index);
        line[index] = mean;
        before = index;
      }
      return line;
    }),
  ];
}
