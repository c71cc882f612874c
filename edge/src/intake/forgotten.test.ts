import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import { expect, it } from "vitest";
import type { EdgeEntry } from "../entry.ts";
import { readingWith } from "../testing/reading-with.ts";
import { forgottenOf } from "./forgotten.ts";
import { gapEntry } from "./own-entry.ts";

const level: EdgeEntry = { ...readingWith(), key: null };
const gap = (from: number, to: number, at: number, reason = abandonedReason): EdgeEntry =>
  gapEntry("gate", { at, clock: "synchronised" }, { from, to, reason });
const block = (first: number, ...entries: EdgeEntry[]): Block<EdgeEntry> => ({ lane: "events", first, entries });

it("is nothing after a stop in good order", () => {
  expect(forgottenOf(0, [])).toBe(null);
  expect(forgottenOf(2, [block(1, level, level)])).toBe(null);
});

it("is what lies between the last entry in the file and the reserve's end", () => {
  expect(forgottenOf(10_002, [block(1, level, level)])).toEqual({ all: [3, 10_002], recent: [3, 10_002] });
});

it("is also what was forgotten by crashes before, for message ids only just before", () => {
  const tail = [block(1, level), block(102, gap(2, 101, 1_000), gap(2, 101, 1_000))];
  expect(forgottenOf(203, tail)).toEqual({ all: [2, 203], recent: [2, 203] });
  expect(forgottenOf(103, tail)).toEqual({ all: [2, 101], recent: [2, 101] });
  const later = [...tail, block(104, { ...level, receivedAt: 31_001 })];
  expect(forgottenOf(104, later)).toEqual({ all: [2, 101], recent: null });
  expect(forgottenOf(204, later)).toEqual({ all: [2, 204], recent: [105, 204] });
});

it("is not what was dropped at the bound", () => {
  expect(forgottenOf(102, [block(102, gap(1, 1, 1_000, "the log reached its bound"))])).toBe(null);
});
