import { lanes, type Lane } from "../model/reading.ts";
import type { Block, Log, LogStats, ReadLimit } from "./log.ts";

/** A log in memory: the port's plainest implementation, for tests of what stands on it. */
export function memoryLog<Entry>(epoch = 1): Log<Entry> {
  const blocks: Block<Entry>[] = [];
  const cursors = new Map<string, number>();
  const listeners = new Set<(lane: Lane, block: Block<Entry>) => void>();
  let last = 0;
  let pending = 0;
  const behind = (lane: Lane, after: number): Block<Entry>[] =>
    blocks
      .filter((block) => block.lane === lane && block.first + block.entries.length - 1 > after)
      .map((block) =>
        block.first > after ? block : { lane, first: after + 1, entries: block.entries.slice(after + 1 - block.first) },
      );
  return {
    epoch,
    async append(lane, entries) {
      pending += entries.length;
      await Promise.resolve();
      pending -= entries.length;
      const first = last + 1;
      last += entries.length;
      const block = { lane, first, entries: [...entries] };
      if (entries.length > 0) {
        blocks.push(block);
        for (const listener of listeners) listener(lane, block);
      }
      return first;
    },
    read(lane: Lane, after: number, limit: ReadLimit) {
      const found: Block<Entry>[] = [];
      let taken = 0;
      for (const block of behind(lane, after)) {
        if (taken > 0 && taken + block.entries.length > limit.entries) break;
        found.push(block);
        taken += block.entries.length;
      }
      return Promise.resolve(found);
    },
    cursor: (consumer, lane) => cursors.get(`${consumer}/${lane}`) ?? 0,
    commit(consumer, lane, position) {
      const key = `${consumer}/${lane}`;
      cursors.set(key, Math.max(position, cursors.get(key) ?? 0));
    },
    get last() {
      return last;
    },
    backlog(consumer) {
      const count = (lane: Lane): number =>
        behind(lane, cursors.get(`${consumer}/${lane}`) ?? 0).reduce((sum, { entries }) => sum + entries.length, 0);
      return Object.fromEntries(lanes.map((lane) => [lane, count(lane)])) as Record<Lane, number>;
    },
    runAt: () => ({ id: "memory", first: 1, parent: null }),
    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get pending() {
      return pending;
    },
    stats: (): LogStats => ({
      entries: last,
      bytes: 0,
      dropped: 0,
      commits: blocks.length,
      waiting: 0,
      written_bytes: 0,
      trouble: null,
    }),
    close: () => Promise.resolve(),
  };
}
