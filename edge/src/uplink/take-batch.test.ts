import type { Block } from "@gengfu/shared/log/log";
import type { Reading } from "@gengfu/shared/model/reading";
import { expect, it } from "vitest";
import { readingWith } from "../testing/reading-with.ts";
import { ofOneRun, takeBatch } from "./take-batch.ts";

const asItIs = (reading: Reading): Reading => reading;

function block(first: number, count: number, payload?: string): Block<Reading> {
  const reading =
    payload === undefined ? readingWith() : readingWith({ kind: "quarantine", value: null, detail: { payload } });
  return { lane: "samples", first, entries: Array.from({ length: count }, () => reading) };
}

const seqs = (blocks: Block<Reading>[], readings_max: number, textChars_max = 1_000, upTo = Infinity): number[] =>
  takeBatch(blocks, { readings_max, textChars_max, upTo }, asItIs).map(({ seq }) => seq);

it("numbers readings by their position, over gaps between blocks", () => {
  expect(seqs([block(5, 3), block(20, 2)], 10)).toEqual([5, 6, 7, 20, 21]);
  expect(seqs([], 10)).toEqual([]);
});

it("takes no more than one run of the log at a time", () => {
  const runs = [
    { id: "b", first: 7, parent: "a" },
    { id: "c", first: 20, parent: "b" },
  ];
  const runAt = (position: number) => runs.findLast(({ first }) => first <= position);
  const blocks = [block(3, 2), block(5, 2), block(7, 1), block(9, 3), block(20, 2)];
  const firsts = (from: number): unknown[] => {
    const taken = ofOneRun(blocks.slice(from), runAt);
    return [taken.run?.id, ...taken.blocks.map(({ first }) => first)];
  };
  expect(firsts(0)).toEqual([undefined, 3, 5]);
  expect(firsts(2)).toEqual(["b", 7, 9]);
  expect(firsts(4)).toEqual(["c", 20]);
  expect(firsts(5)).toEqual([undefined]);
});

it("stops at either bound, inside a block too, but takes at least one", () => {
  expect(seqs([block(5, 3), block(20, 2)], 4)).toEqual([5, 6, 7, 20]);
  expect(seqs([block(1, 9, "x".repeat(300))], 10)).toEqual([1, 2, 3]);
  expect(seqs([block(1, 2, "x".repeat(5_000))], 10)).toEqual([1]);
});

it("takes nothing from behind its reach, though that leave it empty", () => {
  expect(seqs([block(5, 3), block(20, 2)], 10, 1_000, 20)).toEqual([5, 6, 7, 20]);
  expect(seqs([block(5, 3)], 10, 1_000, 4)).toEqual([]);
});

it("takes nothing over but the reading", () => {
  const entry = { ...(block(1, 1).entries[0] as Reading), key: "1.2" };
  expect(
    takeBatch([{ ...block(1, 0), entries: [entry] }], { readings_max: 1, textChars_max: 1, upTo: 1 }, asItIs)[0],
  ).not.toHaveProperty("key");
});

it("takes readings with what is known of their time by now", () => {
  const sinceBoot = { boot: 7, ms: 5 };
  const unsure = { ...(block(1, 1).entries[0] as Reading), clock: "unsynchronised" as const, sinceBoot };
  const blocks = [{ ...block(1, 0), entries: [unsure] }];
  const bounds = { readings_max: 1, textChars_max: 1, upTo: 1 };
  expect(takeBatch(blocks, bounds, asItIs)).toMatchObject([{ clock: "unsynchronised", sinceBoot }]);
  const [taken] = takeBatch(blocks, bounds, ({ sinceBoot: _sinceBoot, ...sure }) => ({
    ...sure,
    at: 77,
    clock: "corrected",
  }));
  expect(taken).toEqual({ ...block(1, 1).entries[0], at: 77, clock: "corrected", seq: 1 });
});

it("tells by what a repeat would be known, of what may be forgotten or may be a repeat itself", () => {
  const entries = [
    { ...readingWith(), key: "1.1" },
    { ...readingWith(), key: "1.2", mayWait: true as const },
    { ...readingWith(), key: null, mayWait: true as const },
    { ...readingWith(), key: "1.4", mayRepeat: [8, 9] as const },
  ];
  const bounds = { readings_max: 9, textChars_max: 9, upTo: 9 };
  const taken = takeBatch([{ lane: "samples", first: 1, entries }], bounds, asItIs);
  expect(taken.map(({ repeat }) => repeat)).toEqual([
    undefined,
    { key: "1.2", mayRepeat: null },
    undefined,
    { key: "1.4", mayRepeat: [8, 9] },
  ]);
});
