import { abandonedReason } from "@gengfu/shared/log/gap-records";
import type { Block } from "@gengfu/shared/log/log";
import type { Reading } from "@gengfu/shared/model/reading";
import { expect, it } from "vitest";
import { readingWith } from "../../testing/reading-with.ts";
import { lastTotals } from "./last-totals.ts";

function block(first: number, ...entries: Partial<Reading>[]): Block<Reading> {
  return { lane: "samples", first, entries: entries.map((entry) => readingWith(entry)) };
}

it("knows what each count stood at last, whatever order the blocks come in", () => {
  const tail = [
    block(10, { device: "gate", kind: "count", value: 7 }, { device: "gate", kind: "count", value: 8 }),
    block(
      1,
      { device: "gate", kind: "count", value: 5 },
      { device: "meter", kind: "count", channel: "hot", value: 900 },
    ),
    block(5, { device: "tank", kind: "level", value: 1.5 }),
  ];
  expect(lastTotals(tail, 11)).toEqual(
    new Map([
      ["gate/count/-", 8],
      ["meter/count/hot", 900],
    ]),
  );
});

it("takes no total for the last that a crash may have outdated", () => {
  const count = { device: "gate", kind: "count" } as const;
  const tail = [block(1, { ...count, value: 7 })];
  expect(lastTotals(tail, 1).get("gate/count/-")).toBe(7);
  expect(lastTotals(tail, 9)).toEqual(new Map());
  tail.push(block(10, { kind: "gap", value: null, detail: { from: 2, to: 9, reason: abandonedReason } }));
  expect(lastTotals(tail, 10)).toEqual(new Map());
  tail.push(block(11, { ...count, value: 1 }));
  expect(lastTotals(tail, 11)).toEqual(new Map([["gate/count/-", 1]]));
});
