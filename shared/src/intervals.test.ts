import fc from "fast-check";
import { expect, it } from "vitest";
import { IntervalSet } from "./intervals.ts";

it("agrees with a plain set", () => {
  const interval = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 30 }), (list) => {
      const set = new IntervalSet();
      const model = new Set<number>();
      for (const [from, length] of list) {
        const before = model.size;
        for (let value = from; value <= from + length; value++) model.add(value);
        expect(set.add(from, from + length)).toBe(model.size - before);
      }
      const { intervals } = set;
      intervals.forEach(([from, to], index) => {
        expect(from).toBeLessThanOrEqual(to);
        if (index > 0) expect(from).toBeGreaterThan((intervals[index - 1]?.[1] ?? 0) + 1);
      });
      for (let value = 0; value <= 80; value++) expect(set.has(value)).toBe(model.has(value));
      expect(set.size).toBe(model.size);
      const lacking = set
        .missing(5, 70)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      expect(lacking).toEqual(Array.from({ length: 66 }, (_, i) => i + 5).filter((value) => !model.has(value)));
    }),
  );
});
