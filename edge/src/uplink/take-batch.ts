import type { BatchReading } from "@gengfu/shared/codec/batch";
import type { Block, LogRun } from "@gengfu/shared/log/log";
import type { Reading } from "@gengfu/shared/model/reading";
import type { EdgeEntry } from "../entry.ts";

/** What is sent: mostly entries of the edge's log. */
export type Sendable = Reading & Partial<Pick<EdgeEntry, "key" | "mayRepeat" | "mayWait">>;

export interface BatchBounds {
  readonly readings_max: number;
  /** Of texts in details, which no codec makes small for sure. */
  readonly textChars_max: number;
  /** Position behind which nothing is taken. */
  readonly upTo: number;
}

/** What is known of a reading's time when it is sent, which may be more than when it was taken in. */
export type Correct = (reading: Reading) => Reading;

/** The first of some blocks, as many as are of the same run of the log: a batch is of one. */
export function ofOneRun(
  blocks: readonly Block<Reading>[],
  runAt: (position: number) => LogRun | undefined,
): { readonly run: LogRun | undefined; readonly blocks: readonly Block<Reading>[] } {
  const first = blocks[0];
  if (first === undefined) return { run: undefined, blocks };
  const run = runAt(first.first);
  return { run, blocks: blocks.filter((block) => runAt(block.first)?.id === run?.id) };
}

/** The first readings of some blocks, numbered by their position, as many as a batch may hold and at least one. */
export function takeBatch(blocks: readonly Block<Sendable>[], bounds: BatchBounds, correct: Correct): BatchReading[] {
  const batch: BatchReading[] = [];
  let chars = 0;
  for (const { first, entries } of blocks) {
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Sendable;
      const { device, kind, channel, at, receivedAt, clock, sinceBoot, value, detail } = correct(entry);
      const seq = first + index;
      if (seq > bounds.upTo) return batch;
      if (detail !== null) chars += charsOf(detail);
      if (batch.length > 0 && (batch.length >= bounds.readings_max || chars > bounds.textChars_max)) return batch;
      const reading = { device, kind, channel, at, receivedAt, clock, value, detail, seq };
      const dated = sinceBoot === undefined ? reading : { ...reading, sinceBoot };
      batch.push(
        mayBeTwo(entry) ? { ...dated, repeat: { key: entry.key, mayRepeat: entry.mayRepeat ?? null } } : dated,
      );
    }
  }
  return batch;
}

/** Whether the cloud may get a second one of it, which only it will be able to tell by the key. */
function mayBeTwo(entry: Sendable): entry is Sendable & { readonly key: string } {
  return typeof entry.key === "string" && (entry.mayWait === true || entry.mayRepeat !== undefined);
}

function charsOf(detail: NonNullable<Reading["detail"]>): number {
  let chars = 0;
  for (const key in detail) {
    const value = detail[key];
    if (typeof value === "string") chars += value.length;
  }
  return chars;
}
