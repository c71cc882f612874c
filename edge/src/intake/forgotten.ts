import type { Interval } from "@gengfu/shared/intervals";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import type { EdgeEntry } from "../entry.ts";

/** What was forgotten longer than this before the log's end, devices have sent again since, or gave up. */
const recent_ms = 600_000;

/** Seqs that were given out before a crash and are in no file: the cloud may have readings under them. */
export interface Forgotten {
  /** By the last crash. */
  readonly last: Interval;
  /** By all crashes of late, and what lies between. */
  readonly all: Interval;
}

/** What a log has forgotten that is opened now: `last` is its last position, `tail` its newest blocks, oldest first. */
export function forgottenOf(last: number, tail: readonly Block<EdgeEntry>[]): Forgotten | null {
  const newest = tail.at(-1);
  const durable = newest === undefined ? 0 : newest.first + newest.entries.length - 1;
  const end = newest?.entries.at(-1)?.receivedAt ?? 0;
  const ranges: Interval[] = tail
    .flatMap(({ entries }) => entries)
    .filter(({ kind, detail }) => kind === "gap" && detail?.["reason"] === abandonedReason)
    .filter(({ receivedAt }) => Math.abs(end - receivedAt) <= recent_ms)
    .map(({ detail }) => [Number(detail?.["from"]), Number(detail?.["to"])]);
  if (last > durable) ranges.push([durable + 1, last]);
  const newestRange = ranges.at(-1);
  if (newestRange === undefined) return null;
  return { last: newestRange, all: [Math.min(...ranges.map(([from]) => from)), newestRange[1]] };
}
