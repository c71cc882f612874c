import { lanes, type Lane } from "../model/reading.ts";
import type { BlockCodec } from "./log.ts";

/** Entries of one block at most; what arrives together beyond that becomes several blocks. */
export const blockEntries_max = 4_096;

/** Entries that wait for the next commit. */
export interface Pending<Entry> {
  readonly lane: Lane;
  readonly entries: readonly Entry[];
  readonly encoded: Uint8Array | undefined;
  readonly mayWait: boolean;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

export interface NewBlock<Entry> {
  readonly lane: Lane;
  readonly first: number;
  readonly entries: readonly Entry[];
  readonly body: Uint8Array;
}

/** The blocks of a batch, from a position on: events before samples, entries that came singly put together. */
export function arrange<Entry>(
  batch: readonly Pending<Entry>[],
  first: number,
  codec: BlockCodec<Entry>,
): NewBlock<Entry>[] {
  const blocks: NewBlock<Entry>[] = [];
  let next = first;
  const add = (lane: Lane, entries: readonly Entry[], encoded?: Uint8Array): void => {
    for (let start = 0; start < entries.length; start += blockEntries_max) {
      const part = entries.length <= blockEntries_max ? entries : entries.slice(start, start + blockEntries_max);
      const body = part === entries && encoded !== undefined ? encoded : codec.encode(part);
      blocks.push({ lane, first: next, entries: part, body });
      next += part.length;
    }
  };
  for (const lane of lanes) {
    let together: Entry[] = [];
    for (const item of batch) {
      if (item.lane !== lane) continue;
      if (item.encoded === undefined) {
        for (const entry of item.entries) together.push(entry);
        continue;
      }
      add(lane, together);
      together = [];
      add(lane, item.entries, item.encoded);
    }
    add(lane, together);
  }
  return blocks;
}
