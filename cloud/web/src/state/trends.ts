import type { Reading, SeriesPoint } from "../api/types.ts";
import { bounds, trend } from "./world.ts";

/**
 * Puts readings of one series into its buckets, wherever in time they belong: a backlog fills in what lies behind.
 * What is older than the span, or beyond the bound, falls off at the front.
 */
export function extendTrend(points: readonly SeriesPoint[], readings: readonly Reading[]): readonly SeriesPoint[] {
  const next = [...points];
  for (const { at, value } of readings) {
    if (value === null) continue;
    const start = Math.floor(at / trend.every_ms) * trend.every_ms;
    let index = next.length;
    while (index > 0 && (next[index - 1]?.at ?? start) > start) index--;
    const known = next[index - 1];
    if (known?.at === start) {
      next[index - 1] = {
        at: start,
        min: Math.min(known.min, value),
        max: Math.max(known.max, value),
        mean: (known.mean * known.count + value) / (known.count + 1),
        count: known.count + 1,
      };
    } else {
      next.splice(index, 0, { at: start, min: value, mean: value, max: value, count: 1 });
    }
  }
  const oldest = (next.at(-1)?.at ?? 0) - trend.span_ms;
  return next.filter(({ at }) => at >= oldest).slice(-bounds.trend_points);
}
