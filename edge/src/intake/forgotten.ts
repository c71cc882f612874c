import type { Interval } from "@gengfu/shared/intervals";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import type { EdgeEntry } from "../entry.ts";

/** Message ids are given again: of crashes longer than this before the log's end they say nothing any more. */
const recent_ms = 30_000;

/** Seqs that were given out before a crash and are in no file: the cloud may have readings under them. */
export interface Forgotten {
  /** By all crashes that the log's tail tells of, and what lies between. */
  readonly all: Interval;
  /** By those just before; null where there was none. */
  readonly recent: Interval | null;
}

/** What a log has forgotten that is opened now: `last` is its last position, `tail` its newest blocks, oldest first. */
export function forgottenOf(last: number, tail: readonly Block<EdgeEntry>[]): Forgotten | null {
  const newest = tail.at(-1);
  const durable = newest === undefined ? 0 : newest.first + newest.entries.length - 1;
  const end = newest?.entries.at(-1)?.receivedAt ?? 0;
  const all: Interval[] = [];
  const recent: Interval[] = [];
  for (const { kind, detail, receivedAt } of tail.flatMap(({ entries }) => entries)) {
    if (kind !== "gap" || detail?.["reason"] !== abandonedReason) continue;
    const range = [Number(detail["from"]), Number(detail["to"])] as const;
    all.push(range);
    if (Math.abs(end - receivedAt) <= recent_ms) recent.push(range);
  }
  if (last > durable) for (const ranges of [all, recent]) ranges.push([durable + 1, last]);
  const whole = spanOf(all);
  return whole === null ? null : { all: whole, recent: spanOf(recent) };
}

function spanOf(ranges: readonly Interval[]): Interval | null {
  if (ranges.length === 0) return null;
  return [Math.min(...ranges.map(([from]) => from)), Math.max(...ranges.map(([, to]) => to))];
}
