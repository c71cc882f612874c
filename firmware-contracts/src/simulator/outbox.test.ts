import type { DeviceKind } from "@gengfu/shared/model/reading";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

function outboxOf(entries_max: number, kinds: readonly DeviceKind[]): { outbox: Outbox; seqs: () => number[] } {
  const outbox = new Outbox(entries_max);
  for (const [seq, kind] of kinds.entries()) {
    outbox.push({ measurement: { device: "dev-1", kind, fields: {} }, seq, measured_ms: 0 });
  }
  const seqs = (): number[] => {
    const found: number[] = [];
    for (let next = outbox.shift(); next !== undefined; next = outbox.shift()) found.push(next.seq);
    return found;
  };
  return { outbox, seqs };
}

test("first in, first out, up to the bound", () => {
  const { outbox, seqs } = outboxOf(3, ["level", "contact", "level"]);
  expect(outbox).toMatchObject({ length: 3, dropped: 0 });
  expect(seqs()).toEqual([0, 1, 2]);
});

test("at the bound the oldest sample goes, events stay", () => {
  const { outbox, seqs } = outboxOf(3, ["contact", "level", "tap", "level", "contact"]);
  expect(outbox).toMatchObject({ length: 3, dropped: 2 });
  expect(seqs()).toEqual([0, 2, 4]);
});

test("where there are events only, the oldest goes", () => {
  const { outbox, seqs } = outboxOf(2, ["contact", "tap", "contact"]);
  expect(outbox.dropped).toBe(1);
  expect(seqs()).toEqual([1, 2]);
});
