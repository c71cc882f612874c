import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import { seriesOf, type Reading } from "@gengfu/shared/model/reading";

/**
 * What each count stood at when it was last told, by series, from the newest blocks of the log and its last position. A
 * count may go on from there: it never falls to anything but 0, which those who read counts take for a restart. A crash
 * may have taken readings with it that the cloud has: what was told in them is not known, and such counts begin anew.
 */
export function lastTotals(tail: readonly Block<Reading>[], last: number): Map<string, number> {
  const totals = new Map<string, number>();
  let durable = 0;
  for (const { first, entries } of tail.toSorted((a, b) => a.first - b.first)) {
    for (const entry of entries) {
      if (entry.kind === "gap" && entry.detail?.["reason"] === abandonedReason) totals.clear();
      if (entry.kind === "count" && entry.value !== null) totals.set(seriesOf(entry), entry.value);
    }
    durable = first + entries.length - 1;
  }
  return last > durable ? new Map() : totals;
}
