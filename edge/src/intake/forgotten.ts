import type { Interval } from "@gengfu/shared/intervals";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import type { EdgeEntry } from "../entry.ts";

/** Seqs that were given out before a crash and are in no file: the cloud may have readings under them. */
export interface Forgotten {
  /** By the last crash. */
  readonly last: Interval;
  /** By all crashes that the tail tells of, and what lies between. */
  readonly all: Interval;
}

/** What a log has forgotten that is opened now: `last` is its last position, `tail` its newest blocks, oldest first. */
export function forgottenOf(last: number, tail: readonly Block<EdgeEntry>[]): Forgotten | null {
  const newest = tail.at(-1);
  const durable = newest === undefined ? 0 : newest.first + newest.entries.length - 1;
  /** Ends by begins: it is told of each lane, and perhaps again. */
  const ranges = new Map<number, number>();
  for (const { kind, detail } of tail.flatMap(({ entries }) => entries)) {
    if (kind !== "gap" || detail?.["reason"] !== abandonedReason) continue;
    ranges.set(Number(detail["from"]), Number(detail["to"]));
  }
  if (last > durable) ranges.set(durable + 1, last);
  const sorted = [...ranges].toSorted(([a], [b]) => a - b);
  const [first, latest] = [sorted[0], sorted.at(-1)];
  return first === undefined || latest === undefined ? null : { last: latest, all: [first[0], latest[1]] };
}
