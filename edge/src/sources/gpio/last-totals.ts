import type { Block } from "@gengfu/shared/log/log";
import { seriesOf, type Reading } from "@gengfu/shared/model/reading";

/**
 * What each count stood at when it was last told, by series, from the newest blocks of the log. Whoever reads the counts
 * has been told no more than that, so that a count which goes on from there never falls.
 */
export function lastTotals(tail: readonly Block<Reading>[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { entries } of tail.toSorted((a, b) => a.first - b.first)) {
    for (const entry of entries) {
      if (entry.kind === "count" && entry.value !== null) totals.set(seriesOf(entry), entry.value);
    }
  }
  return totals;
}
