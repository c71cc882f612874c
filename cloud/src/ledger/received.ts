import { IntervalSet, type Interval } from "@gengfu/shared/intervals";
import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Reading } from "@gengfu/shared/model/reading";
import type { LedgerView, Missing } from "./ledger-view.ts";
import type { Fork } from "./lineage.ts";

/** Intervals remembered for one numbering; beyond that the older half is forgotten, and would be taken again. */
const intervals_max = 100_000;
/** Gap records remembered for one numbering. */
const gaps_max = 10_000;
/** Intervals that a view shows, the newest. */
const shown_max = 1_000;

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** What was received of one numbering of one gateway: (gateway, epoch). */
export interface Received {
  readonly gateway: string;
  readonly epoch: number;
  seqs: IntervalSet;
  gaps: Gap[];
  /** Below this nothing is remembered any more; 1 unless the bound was reached. */
  floor: number;
  /** Position in the log of the newest entry: the numbering with the highest is the current one. */
  newest: number;
}

/** As it is written down. */
export interface ReceivedRecord {
  readonly intervals: readonly Interval[];
  readonly gaps: readonly Gap[];
  readonly floor: number;
  readonly newest: number;
}

export function nothingReceived(gateway: string, epoch: number): Received {
  return { gateway, epoch, seqs: new IntervalSet(), gaps: [], floor: 1, newest: 0 };
}

export function fromRecord(gateway: string, epoch: number, record: ReceivedRecord): Received {
  const { intervals, gaps, floor, newest } = record;
  return { gateway, epoch, seqs: new IntervalSet(intervals), gaps: [...gaps], floor, newest };
}

export function toRecord({ seqs, gaps, floor, newest }: Received): ReceivedRecord {
  return { intervals: seqs.intervals, gaps, floor, newest };
}

export function addGap(received: Received, gap: Gap): void {
  const last = received.gaps.at(-1);
  if (received.gaps.some(({ from, to }) => from <= gap.from && gap.to <= to)) return;
  if (last !== undefined && last.to + 1 === gap.from && last.reason === gap.reason) {
    received.gaps[received.gaps.length - 1] = { ...last, to: gap.to };
  } else received.gaps.push(gap);
  if (received.gaps.length > gaps_max) received.gaps.splice(0, received.gaps.length - gaps_max);
}

/** Takes down what a gap record tells. */
export function noteGap(received: Received, { detail }: Reading): void {
  const from = detail?.["from"];
  const to = detail?.["to"];
  const reason = detail?.["reason"];
  if (typeof from !== "number" || typeof to !== "number" || !(from <= to)) return;
  addGap(received, { from, to, reason: typeof reason === "string" ? reason : "dropped by the gateway" });
}

/** Keeps within the bound; returns how many intervals it forgot. */
export function forgetOldest(received: Received, max = intervals_max): number {
  const { intervals } = received.seqs;
  if (intervals.length <= max) return 0;
  const kept = intervals.slice(Math.floor(intervals.length / 2));
  const forgotten = intervals.length - kept.length;
  received.seqs = new IntervalSet(kept);
  received.floor = kept[0]?.[0] ?? received.floor;
  return forgotten;
}

/** Puts together what is kept of one log under several epochs, the current one first. */
export function together(
  parts: readonly { readonly received: Received; readonly from: number; readonly to: number }[],
) {
  const [current] = parts;
  if (current === undefined) return undefined;
  const whole = nothingReceived(current.received.gateway, current.received.epoch);
  for (const { received, from, to } of parts) {
    for (const [first, last] of received.seqs.intervals) whole.seqs.add(Math.max(first, from), Math.min(last, to));
    whole.gaps.push(...received.gaps);
    if (received.floor > from) whole.floor = Math.max(whole.floor, Math.min(received.floor, to));
  }
  return whole;
}

export function viewOf(
  gateway: string,
  current: Received | undefined,
  epochs: readonly number[],
  fork: Fork | null,
): LedgerView {
  if (current === undefined) {
    return { gateway, epoch: null, epochs, received: [], missing: [], unused: [], omitted: 0, fork };
  }
  const { intervals } = current.seqs;
  const holes = current.seqs.missing(current.floor, current.seqs.highest ?? 0);
  const explained = explain(holes.slice(-shown_max), current.gaps);
  const isUnused = ({ reason }: Missing): boolean => reason === abandonedReason;
  return {
    gateway,
    epoch: current.epoch,
    epochs,
    received: intervals.slice(-shown_max),
    missing: explained.filter((piece) => !isUnused(piece)),
    unused: explained.filter(isUnused).map(({ from, to }) => [from, to]),
    omitted: Math.max(0, intervals.length - shown_max) + Math.max(0, holes.length - shown_max),
    fork,
  };
}

/** Cuts what is missing where the reasons change. */
export function explain(holes: readonly Interval[], gaps: readonly Gap[]): Missing[] {
  const sorted = gaps.toSorted((a, b) => a.from - b.from);
  return holes.flatMap(([from, to]) => {
    const pieces: Missing[] = [];
    let next = from;
    for (const gap of sorted) {
      if (gap.to < next) continue;
      if (gap.from > to) break;
      if (gap.from > next) pieces.push({ from: next, to: gap.from - 1, reason: unexplained });
      const end = Math.min(gap.to, to);
      pieces.push({ from: Math.max(gap.from, next), to: end, reason: gap.reason });
      next = end + 1;
      if (next > to) break;
    }
    if (next <= to) pieces.push({ from: next, to, reason: unexplained });
    return pieces;
  });
}

export const unexplained = "in transit or lost";
